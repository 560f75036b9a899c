"""Who belongs to which part of the data, and their timelines as token ids. All of it is bit-reproducible."""

from functools import partial
from multiprocessing import Pool

import numpy as np

from generator import simulate
from vocabulary import EOS, Tokenizer, build_vocabulary

PARTS = {
    "train": range(24_000),
    "validation": range(30_000, 30_300),
    "test": range(40_000, 41_500),
    "probe_train": range(50_000, 60_000),
    "probe_test": range(60_000, 64_000),
    "demo": range(70_000, 90_000),
}
"""Patient numbers; no two parts share one."""
VOCABULARY_SAMPLE = 5_000


def _steps(number: int):
    return simulate(number)[1]


def training_vocabulary(workers: int) -> dict:
    with Pool(workers) as pool:
        return build_vocabulary(pool.imap(_steps, PARTS["train"][:VOCABULARY_SAMPLE], 50))


def _encode(tokenizer: Tokenizer, number: int) -> np.ndarray:
    """A whole timeline; `[EOS]` closes it unless it was cut for its length."""
    p, steps = simulate(number)
    ids = tokenizer.encode(steps)
    return np.asarray(ids if p.ended == "full" else [*ids, EOS], dtype=np.int16)


def timelines(part: str, tokenizer: Tokenizer, workers: int) -> list[np.ndarray]:
    with Pool(workers) as pool:
        return pool.map(partial(_encode, tokenizer), PARTS[part], 50)


def length_quantiles(lines: list[np.ndarray]) -> dict[str, float]:
    lengths = [int((line != EOS).sum()) for line in lines]
    names = {"p5": 5, "p25": 25, "p50": 50, "p75": 75, "p90": 90, "p95": 95, "p99": 99, "max": 100}
    return {name: float(np.percentile(lengths, q)) for name, q in names.items()} | {"mean": round(float(np.mean(lengths)), 1)}
