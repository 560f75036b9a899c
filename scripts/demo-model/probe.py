"""Patients with a label time and a known future.

The history stops at the end of a contact, at a length drawn beforehand. The label comes from
continuing the exact hidden state by one or three years with leaving switched off: a real outcome of the generator, uncensored.
"""

from functools import partial
from math import exp, log
from multiprocessing import Pool

import numpy as np

from catalogue import CODE
from dataset import PARTS
from generator import finish_contact, patient_rng, simulate, step
from patient import YEAR
from vocabulary import Tokenizer

STAYS = {CODE["visit_ip"], CODE["visit_erip"]}
KIDNEY = {CODE[name] for name in ("ckd_3", "ckd_4", "ckd_5", "esrd")}
HEART = {CODE[name] for name in ("heart_failure", "chronic_heart_failure")}

OUTCOMES = {
    "hospital stay within 1 year": (STAYS, 1.0, False),
    "new chronic kidney disease (stage 3 or worse) within 3 years": (KIDNEY, 3.0, True),
    "new heart failure within 3 years": (HEART, 3.0, True),
}
"""name -> (codes, years, only those without such a code before)."""


def _example(tokenizer: Tokenizer, number: int):
    """(token ids, age, is female, {outcome: label}) or None if the record ends before its label time."""
    rng = patient_rng(number, "label")
    length = int(exp(log(20) + rng.random() * (log(1000) - log(20))))
    p, steps = simulate(number, length)
    if p.ended or p.years < 30:
        return None
    steps = steps + finish_contact(p, rng)
    if p.ended:
        return None
    before = {code for _, code, _ in steps}
    now = p.age
    p.leaves = 0.0
    after: list = []
    while (event := step(p, rng)) is not None and event[0] <= now + 3 * YEAR:
        after.append(event)
    labels = {}
    for name, (codes, years, new) in OUTCOMES.items():
        if not (new and codes & before):
            labels[name] = int(any(code in codes and age <= now + years * YEAR for age, code, _ in after))
    return tokenizer.encode(steps), now / YEAR, p.sex == "F", labels


def examples(part: str, tokenizer: Tokenizer, workers: int) -> list:
    with Pool(workers) as pool:
        return [e for e in pool.map(partial(_example, tokenizer), PARTS[part], 50) if e is not None]


def count_features(rows: list) -> np.ndarray:
    return np.asarray([[np.log1p(len(ids))] for ids, *_ in rows])


def demographic_features(rows: list) -> np.ndarray:
    return np.asarray([[np.log1p(len(ids)), age, age * age, female] for ids, age, female, _ in rows])
