"""About 200 held-out patients, cut at a moment that depends on their past only, with what is true about them."""
import json
from functools import partial
from math import exp
from multiprocessing import Pool
from pathlib import Path

import numpy as np

from catalogue import CODE, NAME
from dataset import PARTS
from generator import patient_rng, simulate, to_events
from truth import CONTINUATIONS, HORIZONS, OUTCOME_CODES, truth_of
from vocabulary import Tokenizer

PATIENTS = 200
LONG = 6
"""How many of them have more tokens than the context of the model."""


def target_length(number: int) -> int:
    """Events after which the record of a demo patient is cut: median 71, like real records, but few very long ones to keep the file small."""
    rng = patient_rng(number, "cut")
    return min(400, max(16, round(71 * exp(rng.gauss(0, 0.65)))))


def _reaches(number: int, length: int) -> bool:
    p, _ = simulate(number, length)
    return not p.ended


def _is_showcase(number: int) -> int:
    """A cut in a diabetic's record that tells the story of the demo, or 0: metformin, rising HbA1c, early renal decline, 60 to 150 events."""
    steps = simulate(number, 150)[1]
    hba1c, egfr, drugs = [], [], set()
    for i, (_, code, value) in enumerate(steps, 1):
        if value is None:
            drugs.add(code)
        elif code == CODE["hba1c"]:
            hba1c.append(value)
        elif code == CODE["egfr"]:
            egfr.append(value)
        rising = len(hba1c) >= 3 and hba1c[-1] >= 7.2 and hba1c[-1] == max(hba1c) and hba1c[-1] >= min(hba1c) + 0.5
        declining = len(egfr) >= 2 and 45 <= egfr[-1] <= 80 and egfr[-1] <= egfr[0] - 5
        if 60 <= i < len(steps) and rising and declining and {CODE["metformin"], CODE["diabetes"]} <= drugs and code == CODE["hba1c"] and CODE["ckd_3"] not in drugs:
            return i
    return 0


def _write(tokenizer: Tokenizer, task: tuple[str, int, int]) -> tuple[str, dict, int]:
    name, number, length = task
    state, steps = simulate(number, length)
    line = json.dumps({"id": name, "events": to_events(number, steps, NAME)}, separators=(",", ":"))
    return line, truth_of(number, state, steps[-1][0], tokenizer), len(tokenizer.encode(steps))


def choose(workers: int) -> list[tuple[int, int]]:
    """(patient number, events): the showcase first, then patients that are still in the system at their cut."""
    numbers = iter(PARTS["demo"])
    with Pool(workers) as pool:
        cuts = pool.imap(_is_showcase, PARTS["demo"], 50)
        showcase = next((number, cut) for number, cut in zip(PARTS["demo"], cuts, strict=True) if cut)
        pool.terminate()
    chosen = [showcase]
    while len(chosen) < PATIENTS:
        number = next(numbers)
        length = 560 + 80 * len(chosen) if len(chosen) <= LONG else target_length(number)
        if number != showcase[0] and _reaches(number, length):
            chosen.append((number, length))
    return chosen


def make_patients(out: Path, tokenizer: Tokenizer, workers: int) -> dict:
    tasks = [(f"demo-{i:03d}", number, length) for i, (number, length) in enumerate(choose(workers), 1)]
    with Pool(workers) as pool:
        results = pool.map(partial(_write, tokenizer), tasks, 2)
    (out / "patients.jsonl").write_text("".join(line + "\n" for line, _, _ in results), encoding="utf-8")
    about = {"showcase": tasks[0][0], "continuations": CONTINUATIONS, "horizons": list(HORIZONS), "outcomes": OUTCOME_CODES}
    truth = {name: truth for (name, _, _), (_, truth, _) in zip(tasks, results, strict=True)}
    (out / "truth.json").write_text(json.dumps(about | {"patients": truth}, separators=(",", ":")) + "\n", encoding="utf-8")
    lengths = [tokens for _, _, tokens in results]
    return {"patients": len(tasks), "continuations": CONTINUATIONS, "tokens": {f"p{q}": float(np.percentile(lengths, q)) for q in (5, 50, 95, 100)}, "showcase": tasks[0][0],
            "bytes": (out / "patients.jsonl").stat().st_size, "truth_bytes": (out / "truth.json").stat().st_size}
