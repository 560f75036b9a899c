"""The vocabulary (tokenizer_config.json, as llama-base-4096-clmbr has it) and the rule that turns events into token ids.

Ids 0 to 6 are special; entry i of the list has id 7 + i. Entries are in order of their frequency, birth first, so the bins of one code
are not in value order. Bin edges lie half-way between values that laboratories print, so no value of the demo data falls on one
and reading it as float32 or as double gives the same token.
"""

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from catalogue import DESCRIPTION

SPECIALS = ("[BOS]", "[EOS]", "[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]")
BOS, EOS, PAD, CLS = 0, 1, 4, 5
DBL_MAX = 1.7976931348623157e308
BINS = 10
TIMESTAMP = "2024-06-14T00:00:00"
LEAST = 40
"""A code or text answer seen less often than this in the training sample stays out of the vocabulary."""


def edges_of(values: np.ndarray) -> list[float]:
    """Inner edges near the deciles, half-way between neighbouring printed values, as float32 widened to double."""
    distinct = np.unique(values)
    edges = set()
    for q in np.arange(1, BINS) / BINS:
        i = np.searchsorted(distinct, np.quantile(values, q, method="lower"))
        if i + 1 < len(distinct):
            edges.add(float(np.float32((distinct[i] + distinct[i + 1]) / 2)))
    return sorted(edges)


def build_vocabulary(records) -> dict:
    """`records`: lists of (age, code, value) steps of training patients."""
    bare, numbers, texts = Counter(), {}, Counter()
    for steps in records:
        for _, code, value in steps:
            if value is None:
                bare[code] += 1
            elif isinstance(value, str):
                texts[code, value] += 1
            else:
                numbers.setdefault(code, []).append(value)
    entries = [(n, code, "code", {}) for code, n in bare.items() if n >= LEAST or (n and code in numbers)]
    entries += [(n, code, "categorical", {"categories": [value]}) for (code, value), n in texts.items() if n >= LEAST]
    for code, values in numbers.items():
        if len(values) < LEAST:
            continue
        array = np.asarray(values, dtype=np.float64)
        edges = [-DBL_MAX, *edges_of(array), DBL_MAX]
        for start, end in pairwise(edges):
            count = int(((array >= start) & (array <= end)).sum())
            entries.append((count, code, "numerical_range", {"unit": "None", "range_start": start, "range_end": end}))
    entries.sort(key=lambda e: (e[1] != "SNOMED/3950001", -e[0], e[1], json.dumps(e[3])))
    tokens = [
        {"code": code, "type": kind, "description": DESCRIPTION.get(code), "tokenization": tokenization, "stats": []}
        for _, code, kind, tokenization in entries
    ]
    return {"timestamp": TIMESTAMP, "metadata": {}, "tokens": tokens}


class Tokenizer:
    """Event -> token id, by the rules of hf_ehr's CLMBRTokenizer (first fitting range in file order, no fall-back)."""

    def __init__(self, config: dict):
        self.tokens = config["tokens"]
        self.size = len(SPECIALS) + len(self.tokens)
        self.bare, self.ranges, self.texts = {}, {}, {}
        for token_id, token in enumerate(self.tokens, len(SPECIALS)):
            code, how = token["code"], token["tokenization"]
            if token["type"] == "code":
                self.bare[code] = token_id
            elif token["type"] == "categorical":
                for category in how["categories"]:
                    self.texts.setdefault(code, {}).setdefault(category, token_id)
            else:
                self.ranges.setdefault(code, []).append((how["range_start"], how["range_end"], token_id))

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def token_id(self, code: str, value: float | str | None) -> int | None:
        if isinstance(value, int | float) and code in self.ranges:
            return next((i for start, end, i in self.ranges[code] if start <= value <= end), None)
        if isinstance(value, str) and value and code in self.texts:
            return self.texts[code].get(value)
        return self.bare.get(code)

    def encode(self, steps) -> list[int]:
        return [i for _, code, value in steps if (i := self.token_id(code, value)) is not None]

    def text(self, token_id: int) -> str:
        if token_id < len(SPECIALS):
            return SPECIALS[token_id]
        token = self.tokens[token_id - len(SPECIALS)]
        code, how = token["code"], token["tokenization"]
        if token["type"] == "code":
            return code
        if token["type"] == "categorical":
            return f"{code} || {','.join(how['categories'])}"
        return f"{code} || {how['unit']} || {how['range_start']} - {how['range_end']}"

    def code(self, token_id: int) -> str:
        return SPECIALS[token_id] if token_id < len(SPECIALS) else self.tokens[token_id - len(SPECIALS)]["code"]
