"""How conditions become known and how drugs follow: diagnosis, the treatment ladders of conditions.py, renewals."""

from random import Random

from catalogue import CODE
from conditions import CHEMOTHERAPY, CONDITIONS, DRUG_CLASSES, SWITCHES_CLASS
from patient import Patient
from physiology import begin
from recording import Event, do, perhaps, plan

OUTGROWN = {"prediabetes": "diabetes"}
"""Conditions that nobody speaks of any more once the other one is known."""


def stage(p: Patient, name: str) -> str:
    severity = p.levels[name]
    return [code for start, code in CONDITIONS[name].stages if severity >= start][-1]


def assess(p: Patient, rng: Random) -> None:
    """Clinicians act on most, not all, of what the tests of this contact showed."""
    found = [name for name in dict.fromkeys(p.findings) if name not in p.known and OUTGROWN.get(name) not in p.known]
    p.findings.clear()
    plan(p, *(perhaps(0.75, ("diagnose", name)) for name in found))


def diagnose(p: Patient, rng: Random, name: str) -> None:
    if name in p.known:
        return
    begin(p, name)
    p.known[name] = p.age
    for old, new in OUTGROWN.items():
        if name == new:
            p.known.pop(old, None)
    c = CONDITIONS[name]
    actions = [("mention", name), *(perhaps(0.7, do(act)) for act in c.advice), ("treat", name)]
    if name in CHEMOTHERAPY:
        p.slowed[name] = 0.35  # surgery
        if rng.random() < 0.7:
            p.courses[name] = 6 + int(rng.random() * 7)
            p.levels["chemotherapy"] = 1.0
    plan(p, *actions)


def mention(p: Patient, rng: Random, name: str) -> Event:
    return CODE[stage(p, name)], None


def treat(p: Patient, rng: Random, name: str) -> None:
    """Renews what is taken and, where the last readings call for it, takes the next step of the ladder."""
    actions = []
    for line in CONDITIONS[name].ladder:
        taken = next((drug for drug in line.drugs if drug in p.drugs), None)
        if taken:
            if taken == "metformin" and p.seen.get("egfr", 90) < 30:
                actions.append(("stop", taken))
            elif not any(action[2] == ("emit", taken) for action in actions if action[0] == "renew"):
                actions.append(("renew", 0.6, ("emit", taken)))
            continue
        reading = p.seen.get(line.marker)
        wanted = p.levels[name] >= line.severity and (not line.marker or (reading is not None and line.above <= reading <= line.below))
        if wanted:
            actions.append(("prescribe", 0.75, name, line))
            if line.marker:
                break  # one step up at a time
    plan(p, *actions)


def renew(p: Patient, rng: Random, probability: float, action) -> None:
    if rng.random() < probability:
        plan(p, action)


def stop_drug(p: Patient, rng: Random, drug: str) -> None:
    p.drugs.pop(drug, None)
    p.levels.pop(drug, None)


def prescribe(p: Patient, rng: Random, probability: float, name: str, line) -> Event | None:
    if rng.random() > probability:
        return None
    drug = line.drugs[int(rng.random() * len(line.drugs))]
    if drug == "metformin" and p.seen.get("egfr", 90) < 30:
        return None
    for group in DRUG_CLASSES:
        if drug in group:
            for old in [d for d in p.drugs if d in group]:
                if drug not in SWITCHES_CLASS:
                    drug = old  # already takes one of the class
                else:
                    stop_drug(p, rng, old)
    p.drugs[drug] = name
    p.levels[drug] = 1.0
    if line.slows:
        p.slowed[name] = p.slowed.get(name, 1.0) * (1 - line.slows)
    return CODE[drug], None


ACTIONS = {
    "assess": assess,
    "diagnose": diagnose,
    "mention": mention,
    "treat": treat,
    "renew": renew,
    "stop": stop_drug,
    "prescribe": prescribe,
}
