"""Events per second of transformers' cached generation: generate.py CHECKPOINT HISTORY SAMPLES EVENTS.

The time of the history is taken out by generating one event first. Prints JSON.
"""

import json
import sys
import time

import torch
from transformers import LlamaForCausalLM

folder, history, samples, events = sys.argv[1], *map(int, sys.argv[2:5])
model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
ids = torch.tensor([[7 + (i * 7919) % (model.config.vocab_size - 7) for i in range(history)]])


def seconds(new: int) -> float:
    started = time.perf_counter()
    with torch.no_grad():
        model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, top_k=0, num_return_sequences=samples,
                       max_new_tokens=new, min_new_tokens=new, pad_token_id=4, use_cache=True)  # fmt: skip
    return time.perf_counter() - started


first = seconds(1)
print(json.dumps({"tokensPerSecond": samples * (events - 1) / (seconds(events) - first)}))
