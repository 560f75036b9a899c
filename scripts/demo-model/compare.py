"""How close the model's next-event law comes to the generator's own, for the demo patients.

The generator knows the hidden state, the model only the record, so some distance remains for any model.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch

from baselines import Bigram
from evaluate import load_model
from model import CONTEXT
from vocabulary import EOS, Tokenizer


def by_code(probabilities: np.ndarray, codes: list[str]) -> dict[str, float]:
    result: dict[str, float] = {}
    for code, probability in zip(codes, probabilities, strict=True):
        result[code] = result.get(code, 0.0) + float(probability)
    return result


def distances(true: dict[str, float], guess: dict[str, float]) -> dict[str, float]:
    """Kullback-Leibler divergence in nats, the guess's mass on codes that can come, and whether its first choice can."""
    kl = sum(p * math.log(p / max(guess.get(code, 0.0), 1e-9)) for code, p in true.items() if p > 0)
    return {
        "kl": kl,
        "plausible_mass": sum(guess.get(code, 0.0) for code in true),
        "first_plausible": float(max(guess, key=guess.get) in true),
    }


@torch.no_grad()
def compare(out: Path, train: list[np.ndarray], threads: int) -> dict:
    torch.set_num_threads(threads)
    tokenizer, model = Tokenizer.load(out / "checkpoint" / "tokenizer_config.json"), load_model(out / "checkpoint")
    truth = json.loads((out / "truth.json").read_text(encoding="utf-8"))["patients"]
    bigram = Bigram(train, tokenizer.size)
    codes = [tokenizer.code(i) for i in range(tokenizer.size)]
    rows: dict[str, list[dict[str, float]]] = {"model": [], "bigram": []}
    for text in (out / "patients.jsonl").read_text(encoding="utf-8").splitlines():
        patient = json.loads(text)
        steps = [(0, event["code"], event.get("value")) for event in patient["events"]]
        ids = tokenizer.encode(steps)[-CONTEXT:]
        true = {entry["code"]: entry["probability"] for entry in truth[patient["id"]]["plausibleNext"]}
        logits = model(torch.tensor([ids])).logits[0, -1]
        rows["model"].append(distances(true, by_code(torch.softmax(logits, -1).numpy(), codes)))
        rows["bigram"].append(distances(true, by_code(bigram.next(ids[-1]), codes)))
    assert codes[EOS] == "[EOS]"
    return {name: {key: round(float(np.mean([row[key] for row in values])), 4) for key in values[0]} for name, values in rows.items()}
