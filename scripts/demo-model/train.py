"""Trains the demo model on windows of timelines.

A timeline longer than the context gives several windows at random offsets, as a long record is read by the EHRSHOT recipe.
`[EOS]` follows every finished timeline. Half of the windows that start at birth carry `[CLS] [BOS]` in front (the model-card recipe),
the other half do not (the EHRSHOT recipe), so both are in distribution.
"""

import math
import time

import numpy as np
import torch

from model import CONTEXT, new_model
from vocabulary import BOS, CLS, PAD

SEED = 1
TOKENS_PER_STEP = 4096
WINDOWS_PER_LINE = 5
PEAK_RATE, WARM_UP, DECAY = 3e-3, 100, 0.05


def windows(lines: list[np.ndarray], rng: np.random.Generator) -> list[np.ndarray]:
    """One epoch of training windows, at most WINDOWS_PER_LINE of a timeline."""
    result = []
    for line in lines:
        if rng.random() < 0.5:
            line = np.concatenate([np.asarray([CLS, BOS], dtype=line.dtype), line])
        n = len(line)
        if n <= CONTEXT + 1:
            result.append(line)
            continue
        starts = rng.permutation(np.arange(-int(rng.integers(CONTEXT)), n - 1, CONTEXT))[:WINDOWS_PER_LINE]
        for start in starts:
            window = line[max(0, start) : start + CONTEXT + 1]
            if len(window) > 1:
                result.append(window)
    return result


def batches(lines: list[np.ndarray], rng: np.random.Generator) -> list[list[np.ndarray]]:
    """Batches of windows of similar length, each of about TOKENS_PER_STEP tokens, in random order."""
    pool = windows(lines, rng)
    pool.sort(key=len)
    result, batch = [], []
    for window in pool:
        if batch and (len(batch) + 1) * (len(window) - 1) > TOKENS_PER_STEP:
            result.append(batch)
            batch = []
        batch.append(window)
    result.append(batch)
    return [result[i] for i in rng.permutation(len(result))]


def as_tensor(batch: list[np.ndarray]) -> torch.Tensor:
    ids = torch.full((len(batch), max(map(len, batch))), PAD, dtype=torch.long)
    for row, window in enumerate(batch):
        ids[row, : len(window)] = torch.from_numpy(window.astype(np.int64))
    return ids


def loss_of(model, batch: list[np.ndarray]) -> torch.Tensor:
    """Mean loss over the real tokens. Padding is on the right, where causal attention never looks."""
    ids = as_tensor(batch)
    hidden = model.model(ids[:, :-1]).last_hidden_state
    targets = ids[:, 1:]
    real = targets != PAD
    return torch.nn.functional.cross_entropy(model.lm_head(hidden[real]), targets[real])


def rate_at(done: float, step: int) -> float:
    """Warm-up, then a cosine down to a twentieth of the peak."""
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP) * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


@torch.no_grad()
def validation_loss(model, lines: list[np.ndarray]) -> float:
    rng = np.random.default_rng(0)
    losses, weights = [], []
    for batch in batches(lines, rng):
        losses.append(loss_of(model, batch).item())
        weights.append(sum(len(w) - 1 for w in batch))
    return float(np.average(losses, weights=weights))


def train(lines, validation, vocabulary_size: int, steps: int, threads: int, log=print):
    """The trained model and its history. The number of steps, not the clock, ends it: the same run twice gives the same data order."""
    torch.manual_seed(SEED)
    torch.set_num_threads(threads)
    model = new_model(vocabulary_size)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    other = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": other, "weight_decay": 0.0}], lr=PEAK_RATE, betas=(0.9, 0.95)
    )
    rng = np.random.default_rng(SEED)
    queue, seen, history, begun = [], 0, [], time.time()
    for step in range(steps):
        if not queue:
            queue = batches(lines, rng)
        batch = queue.pop()
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step / steps, step)
        loss = loss_of(model, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen += sum(len(w) - 1 for w in batch)
        if (step + 1) % 100 == 0 or step + 1 == steps:
            entry = {"step": step + 1, "tokens": seen, "loss": round(loss.item(), 4), "seconds": round(time.time() - begun)}
            if (step + 1) % 500 == 0 or step + 1 == steps:
                entry["validation"] = round(validation_loss(model, validation), 4)
            history.append(entry)
            log(entry)
    return model, history
