"""hf_ehr 0.1.4's evaluation as published (hf_ehr/eval/ehrshot.py, compute_feature_matrix): every timeline padded on the left to 4,096
tokens, logits of all positions, all hidden states. `--batch` is 16 there; a batch of 16 needs some 20 GB, so fewer may be asked for."""

import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parent.parent))
from protocol import arguments, measure  # noqa: E402

options = arguments(("--batch", {"type": int, "default": 16}))
torch.set_num_threads(options.threads)
PAD, CONTEXT = 4, 4096


def load() -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(options.model, torch_dtype=torch.float32).eval()


def embed(model: torch.nn.Module, work: list[list[int]]) -> np.ndarray:
    rows = []
    with torch.no_grad():
        for start in range(0, len(work), options.batch):
            timelines = [[PAD] * (CONTEXT - len(ids)) + ids for ids in work[start : start + options.batch]]
            input_ids = torch.stack([torch.tensor(ids) for ids in timelines])
            attention_mask = (input_ids != PAD).int()
            results = model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            hidden_states = results.hidden_states[-1]
            assert torch.isnan(hidden_states).sum() == 0
            rows.extend(hidden_states[i, -1, :].numpy().copy() for i in range(len(timelines)))
            del results, hidden_states
    return np.stack(rows)


measure(options, load, embed)
