"""hf_ehr's evaluation done as well as torch allows: the newest torch, scaled dot product attention, no head, batches of similar length
padded on the right to their longest (nothing looks there, so no mask is needed and the causal kernel is used)."""

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaModel

sys.path.insert(0, str(Path(__file__).parent.parent))
from protocol import arguments, measure, sorted_batches  # noqa: E402

options = arguments(
    ("--dtype", {"default": "float32"}), ("--batch-tokens", {"type": int, "default": 8192})
)
torch.set_num_threads(options.threads)
torch.set_grad_enabled(False)


def load() -> LlamaModel:
    dtype = getattr(torch, options.dtype)
    model = LlamaModel.from_pretrained(options.model, dtype=dtype, attn_implementation="sdpa").eval()
    model.config.use_cache = False
    return model


def embed(model: LlamaModel, work: list[list[int]]) -> np.ndarray:
    rows = np.empty((len(work), model.config.hidden_size), dtype=np.float32)
    for batch in sorted_batches(work, options.batch_tokens):
        longest = len(work[batch[0]])
        ids = torch.tensor([work[i] + [4] * (longest - len(work[i])) for i in batch])
        hidden = model(input_ids=ids, use_cache=False).last_hidden_state
        last = torch.tensor([len(work[i]) - 1 for i in batch])
        rows[batch] = hidden[torch.arange(len(batch)), last].float().numpy()
    return rows


measure(options, load, embed)
