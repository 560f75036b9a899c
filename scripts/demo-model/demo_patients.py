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
from patient import Patient
from truth import CONTINUATIONS, HORIZONS, OUTCOME_CODES, truth_of
from vocabulary import Tokenizer

PATIENTS = 200
LONG = 6
"""How many of them have more tokens than the context of the model."""


STORY_OVER = {CODE[name] for name in ("ckd_3", "ckd_4", "ckd_5", "insulin_glargine")}
SHOWCASES = range(110_000, 160_000)
"""Numbers tried for the showcase, apart from all other patients."""


def target_length(number: int) -> int:
    """Events after which the record of a demo patient is cut: median 71 as in real records, with fewer very long ones."""
    rng = patient_rng(number, "cut")
    return min(400, max(16, round(71 * exp(rng.gauss(0, 0.65)))))


def _reaches(number: int, length: int) -> bool:
    p, _ = simulate(number, length)
    return not p.ended


def prone_to_diabetes(p: Patient) -> None:
    """The constitution of the showcase: set by hand, because few people come near its story; everything after birth is drawn."""
    p.levels.update(
        liability_sugar=0.95,
        liability_kidney=0.9,
        obesity=0.5,
        smoking=0.0,
        alcohol=0.1,
        unstable_life=0.0,
        liability_heart=0.3,
        liability_mood=0.0,
        liability_immune=0.0,
        liability_cancer=0.0,
    )
    p.bmi, p.entry, p.engagement = 32.0, 46.0, 0.45


def _is_showcase(number: int) -> int:
    """A cut in the record that tells the story of the demo, or 0: metformin, rising HbA1c, early renal decline, 60 to 150 events."""
    steps = simulate(number, 150, prone_to_diabetes)[1]
    hba1c, egfr, codes = [], [], set()
    for i, (_, code, value) in enumerate(steps, 1):
        codes.add(code)
        if value is None or code not in (CODE["hba1c"], CODE["egfr"]):
            continue
        (hba1c if code == CODE["hba1c"] else egfr).append(value)
        rising = len(hba1c) >= 3 and hba1c[-1] >= 7.0 and hba1c[-1] == max(hba1c) >= hba1c[0] + 0.4
        declining = len(egfr) >= 3 and 55 <= egfr[-1] <= 85 and egfr[-1] <= egfr[0] - 6
        if 60 <= i < len(steps) and rising and declining and {CODE["metformin"], CODE["diabetes"]} <= codes and not STORY_OVER & codes:
            return i
    return 0


def _results_in(number: int, cut: int) -> int:
    """The cut moved on until no ordered test is outstanding: then the clinician decides, and the next event is open."""
    p, steps = simulate(number, cut, prone_to_diabetes)
    while p.agenda and p.agenda[-1][0] in ("measure", "local"):
        p, steps = simulate(number, len(steps) + 1, prone_to_diabetes)
    return len(steps)


def _write(tokenizer: Tokenizer, task: tuple[str, int, int]) -> tuple[str, dict, int]:
    name, number, length = task
    state, steps = simulate(number, length, prone_to_diabetes if number in SHOWCASES else None)
    line = json.dumps({"id": name, "events": to_events(number, steps, NAME)}, separators=(",", ":"))
    return line, truth_of(number, state, steps[-1][0], tokenizer), len(tokenizer.encode(steps))


def choose() -> list[tuple[int, int]]:
    """(patient number, events): the showcase first, then patients that are still in the system at their cut."""
    chosen = [next((number, _results_in(number, cut)) for number in SHOWCASES if (cut := _is_showcase(number)))]
    for number in PARTS["demo"]:
        length = 560 + 80 * len(chosen) if len(chosen) <= LONG else target_length(number)
        if _reaches(number, length):
            chosen.append((number, length))
        if len(chosen) == PATIENTS:
            break
    return chosen


def make_patients(out: Path, tokenizer: Tokenizer, workers: int) -> dict:
    tasks = [(f"demo-{i:03d}", number, length) for i, (number, length) in enumerate(choose(), 1)]
    with Pool(workers) as pool:
        results = pool.map(partial(_write, tokenizer), tasks, 2)
    (out / "patients.jsonl").write_text("".join(line + "\n" for line, _, _ in results), encoding="utf-8")
    about = {"showcase": tasks[0][0], "continuations": CONTINUATIONS, "horizons": list(HORIZONS), "outcomes": OUTCOME_CODES}
    truth = {name: truth for (name, _, _), (_, truth, _) in zip(tasks, results, strict=True)}
    (out / "truth.json").write_text(json.dumps(about | {"patients": truth}, separators=(",", ":")) + "\n", encoding="utf-8")
    lengths = [tokens for _, _, tokens in results]
    return {
        "patients": len(tasks),
        "continuations": CONTINUATIONS,
        "tokens": {f"p{q}": float(np.percentile(lengths, q)) for q in (5, 50, 95, 100)},
        "showcase": tasks[0][0],
        "bytes": (out / "patients.jsonl").stat().st_size,
        "truth_bytes": (out / "truth.json").stat().st_size,
    }
