"""Held-out numbers: perplexity beside unigram and bigram, and a probe on the vectors beside an event count."""

import math
from pathlib import Path

import numpy as np
import torch
from transformers import LlamaForCausalLM

import probe
from baselines import Bigram, auroc, auroc_interval, logistic_scores
from model import CONTEXT
from vocabulary import EOS, PAD, Tokenizer

STRIDE = 256


def load_model(folder: Path) -> LlamaForCausalLM:
    """The float16 checkpoint, computed in float32."""
    return LlamaForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()


def score_windows(length: int) -> list[tuple[int, int]]:
    """(start of the window, first scored position): every token but the first is scored once, with as much context as fits."""
    result, done = [], 1
    for start in range(0, length, STRIDE):
        if start + CONTEXT > length > CONTEXT:
            start = length - CONTEXT
        result.append((start, done))
        done = start + CONTEXT
        if done >= length:
            break
    return result


@torch.no_grad()
def log_probabilities(model, lines: list[np.ndarray], rows: int = 16) -> np.ndarray:
    """Of every token but the first of each line, in no particular order. No special tokens, nothing truncated."""
    pieces = [
        (line[start : start + CONTEXT], first - start) for line in lines if len(line) > 1 for start, first in score_windows(len(line))
    ]
    pieces.sort(key=lambda piece: len(piece[0]))
    result = []
    for i in range(0, len(pieces), rows):
        batch = pieces[i : i + rows]
        ids = torch.full((len(batch), max(len(ids) for ids, _ in batch)), PAD, dtype=torch.long)
        scored = torch.zeros_like(ids, dtype=torch.bool)
        for row, (piece, first) in enumerate(batch):
            ids[row, : len(piece)] = torch.from_numpy(piece.astype(np.int64))
            scored[row, first : len(piece)] = True
        hidden = model.model(ids[:, :-1]).last_hidden_state
        mask = scored[:, 1:]
        logits = model.lm_head(hidden[mask])
        result.append(-torch.nn.functional.cross_entropy(logits, ids[:, 1:][mask], reduction="none").numpy())
    return np.concatenate(result)


@torch.no_grad()
def last_vectors(model, lines: list[list[int]], rows: int = 16) -> np.ndarray:
    """Hidden state of the last token after the final norm, from the last CONTEXT tokens (the EHRSHOT recipe)."""
    result = np.zeros((len(lines), model.config.hidden_size), dtype=np.float32)
    order = sorted(range(len(lines)), key=lambda i: min(len(lines[i]), CONTEXT))
    for at in range(0, len(order), rows):
        chosen = order[at : at + rows]
        kept = [lines[i][-CONTEXT:] for i in chosen]
        ids = torch.full((len(kept), max(map(len, kept))), PAD, dtype=torch.long)
        for row, line in enumerate(kept):
            ids[row, : len(line)] = torch.tensor(line)
        hidden = model.model(ids).last_hidden_state
        for row, i in enumerate(chosen):
            result[i] = hidden[row, len(kept[row]) - 1].numpy()
    return result


def perplexities(model, train: list[np.ndarray], test: list[np.ndarray]) -> dict:
    lines = [line[line != EOS] for line in test]
    bigram = Bigram([line[line != EOS] for line in train], model.config.vocab_size)
    scores = {
        "model": log_probabilities(model, lines),
        "bigram": np.concatenate([bigram.log_probabilities(line) for line in lines if len(line) > 1]),
        "unigram": np.concatenate([np.log(bigram.unigram[line[1:]]) for line in lines if len(line) > 1]),
    }
    assert len({len(s) for s in scores.values()}) == 1
    return {
        "patients": len(lines),
        "scored_tokens": len(scores["model"]),
        "context": CONTEXT,
        "stride": STRIDE,
        **{name: round(math.exp(-s.mean()), 3) for name, s in scores.items()},
    }


def probes(model, tokenizer: Tokenizer, workers: int) -> dict:
    parts = [probe.examples(part, tokenizer, workers) for part in ("probe_train", "probe_test")]
    vectors = [last_vectors(model, [row[0] for row in rows]) for rows in parts]
    result = {}
    for outcome in probe.OUTCOMES:
        chosen = [np.asarray([outcome in row[3] for row in rows]) for rows in parts]
        labels = [np.asarray([row[3][outcome] for row in rows if outcome in row[3]]) for rows in parts]
        entry = {"patients": len(labels[1]), "positive": int(labels[1].sum())}
        for name, features in (
            ("vectors", vectors),
            ("event_count", [probe.count_features(rows) for rows in parts]),
            ("event_count_age_sex", [probe.demographic_features(rows) for rows in parts]),
        ):
            scores = logistic_scores(features[0][chosen[0]], labels[0], features[1][chosen[1]], ridge=20.0 if name == "vectors" else 1.0)
            entry[name] = {
                "auroc": round(auroc(scores, labels[1]), 4),
                "interval": auroc_interval(scores, labels[1], np.random.default_rng(0)),
            }
        result[outcome] = entry
    return result


def evaluate(folder: Path, train: list[np.ndarray], test: list[np.ndarray], workers: int, threads: int) -> dict:
    torch.set_num_threads(threads)
    tokenizer, model = Tokenizer.load(folder / "tokenizer_config.json"), load_model(folder)
    return {"perplexity": perplexities(model, train, test), "probe": probes(model, tokenizer, workers)}
