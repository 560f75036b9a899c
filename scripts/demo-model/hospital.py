"""Emergencies and hospital stays: arrival, work-up, admission, one action per day, discharge or death."""

from random import Random

from catalogue import CODE, NAME, TABLE
from episodes import EMERGENCIES
from patient import Patient
from physiology import begin
from recording import Event, do, perhaps, plan

DRUGS = {NAME[code] for code, table in TABLE.items() if table == "drug_exposure"}


def emergency(p: Patient, rng: Random, name: str) -> None:
    e = EMERGENCIES[name]
    start = [("set", e.state, 1.0)] if e.state else []
    plan(
        p,
        *start,
        ("emit", "visit_er"),
        perhaps(0.8, ("emit", "emergency_high")),
        ("panel", "vitals"),
        *(perhaps(0.7, ("emit", s)) for s in e.symptoms),
        perhaps(0.3, ("emit", "venipuncture")),
        *(do(test) for test in e.work_up),
        ("emit", e.code),
        *(perhaps(share, do(act)) for act, share in e.acts),
        ("admit", name),
    )


def admit(p: Patient, rng: Random, name: str) -> Event | None:
    e = EMERGENCIES[name]
    if rng.random() >= e.admitted:
        plan(p, ("discharge", name))
        return None
    intensive = rng.random() < e.intensive
    start = [("emit", "hospital_initial")]
    if intensive:
        start += [
            ("emit", "intensive_care"),
            perhaps(0.5, ("emit", "critical_care")),
            perhaps(0.35, ("emit", "respiratory_failure")),
            perhaps(0.3, ("emit", "intubation"), ("emit", "propofol"), ("emit", "fentanyl")),
        ]
    plan(p, *start, ("day", name, intensive), ("discharge", name))
    return CODE["visit_erip" if rng.random() < 0.15 else "visit_ip"], None


def day(p: Patient, rng: Random, name: str, intensive: bool) -> None:
    """One day in hospital, then perhaps another: the length of a stay is geometric."""
    e = EMERGENCIES[name]
    wards = [
        ("measure", "sbp"),
        ("measure", "dbp"),
        ("measure", "heart_rate"),
        perhaps(0.6, ("measure", "temperature")),
        perhaps(0.6, ("measure", "spo2")),
    ]
    tests = [perhaps(0.8, ("panel", test)) for test in e.daily]
    acts = [perhaps(0.45 * share, ("emit", act)) for act, share in e.acts if act in DRUGS]
    if intensive:
        tests += [perhaps(0.7, ("panel", "blood_gas")), perhaps(0.5, ("measure", "lactate")), *wards]
        acts.append(perhaps(0.3, ("emit", "critical_care")))
    own = [perhaps(0.35, ("emit", drug)) for drug in p.drugs]
    more = [perhaps(1 - 1 / e.days, ("day", name, intensive and rng.random() < 0.7))]
    plan(
        p,
        ("wait", 1440),
        perhaps(0.5, ("emit", "hospital_subsequent")),
        *wards,
        *tests,
        ("assess",),
        *acts,
        *own,
        perhaps(0.25, ("emit", "saline")),
        *more,
    )


def discharge(p: Patient, rng: Random, name: str) -> None:
    e = EMERGENCIES[name]
    if rng.random() < e.fatality * (0.5 + max(0.0, p.years - 40) / 40):
        plan(p, perhaps(0.3, ("emit", "cardiac_arrest")), ("die",))
        return
    for condition, damage in e.worsens:
        begin(p, condition)
        p.levels[condition] = min(1.0, p.levels[condition] + damage)
    actions = [
        perhaps(0.4, ("emit", "hospital_discharge")),
        ("set", e.leaves, 1.0) if e.leaves else None,
        ("set", e.state, 0.0) if e.state else None,
        ("diagnose", e.reveals) if e.reveals else None,
        perhaps(0.4, ("emit", "medication_reconciliation")),
        ("close",),
    ]
    plan(p, *(a for a in actions if a))


ACTIONS = {"emergency": emergency, "admit": admit, "day": day, "discharge": discharge}
