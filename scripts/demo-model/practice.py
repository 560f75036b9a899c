"""Contacts in the practice: the first one, check-ups, follow-up of known conditions, symptoms of unknown ones, minor complaints."""

from random import Random

from catalogue import CODE
from conditions import CONDITIONS, Line
from measurements import TRAITS
from patient import YEAR, Patient
from physiology import evolve
from recording import Event, do, perhaps, plan
from treatment import OUTGROWN


def enter(p: Patient, rng: Random) -> None:
    """Life before the first contact: conditions may start, and most old ones are already known elsewhere.

    Only who survives has a first contact, so a life that ends too early is drawn again.
    """
    newborn = p.clone()
    while evolve(p, p.entry, rng):
        p.become(newborn.clone())
    for name, began in list(p.began.items()):
        if rng.random() < 0.6 and p.age - began > YEAR:
            p.known[name] = p.age
    for old, new in OUTGROWN.items():
        if new in p.known:
            p.known.pop(old, None)
    questions = [perhaps(0.6, ("tobacco",))] if p.years > 15 else []
    questions += [perhaps(0.3, ("measure", name)) for name in TRAITS if name != "blood_group" and p.years > 18]
    if p.levels["unstable_life"]:
        questions.append(perhaps(0.4, ("emit", "homeless")))
    problems = []
    for name in p.known:
        problems += [perhaps(0.85, ("mention", name), ("treat", name))]
    plan(
        p,
        ("emit", "visit_op"),
        perhaps(0.6, ("emit", "office_new")),
        ("routine_vitals",),
        perhaps(0.5, ("measure", "height")),
        ("weigh",),
        *questions,
        *problems,
        ("screen",),
        ("assess",),
        ("close",),
    )


def routine_start(p: Patient) -> list:
    return [("emit", "visit_op"), ("office",), ("routine_vitals",)]


def office(p: Patient, rng: Random) -> Event | None:
    x = rng.random()
    return (CODE["office_long"], None) if x < 0.25 + 0.05 * min(6, len(p.known)) else (CODE["office_short"], None) if x < 0.85 else None


def routine_vitals(p: Patient, rng: Random) -> None:
    plan(
        p,
        *(
            perhaps(share, ("measure", name))
            for name, share in (
                ("sbp", 0.9),
                ("dbp", 0.9),
                ("heart_rate", 0.8),
                ("resp_rate", 0.3),
                ("temperature", 0.45),
                ("spo2", 0.35),
                ("weight", 0.6),
                ("bmi", 0.4),
            )
        ),
    )


def others(p: Patient, rng: Random, but: str) -> None:
    """A visit for one thing touches on the other known conditions."""
    plan(p, *(perhaps(0.28, ("mention", name), ("treat", name)) for name in p.known if name != but))


def follow_up(p: Patient, rng: Random, name: str) -> None:
    c = CONDITIONS[name]
    tests = [perhaps(share, do(test)) for test, share in c.panels]
    plan(p, *routine_start(p), ("mention", name), *tests, ("assess",), ("treat", name), ("extras", name), ("others", name), ("close",))


def extras(p: Patient, rng: Random, name: str) -> None:
    """Consequences that a ladder of drugs does not describe."""
    severity, seen = p.levels[name], p.seen
    actions = []
    if name == "osteoarthritis" and severity > 0.7 and "knee" not in p.done:
        actions.append(perhaps(0.12, ("emit", "knee_replacement"), ("mark", "knee"), ("emit", "physical_therapy")))
    if name == "atrial_fibrillation" and severity > 0.4:
        actions += [perhaps(0.05, ("emit", "cardioversion")), perhaps(0.02, ("emit", "ablation"))]
    if name == "diabetes":
        if seen.get("hba1c", 0) > 8.8:
            actions.append(perhaps(0.4, ("emit", "hyperglycemia")))
        if seen.get("acr", 0) > 100:
            actions.append(perhaps(0.4, ("emit", "proteinuria")))
        if "ckd" in p.known:
            actions.append(perhaps(0.3, ("emit", "diabetic_nephropathy")))
        if seen.get("vitamin_b12", 999) < 320:
            actions.append(("prescribe", 0.5, name, Line(("vitamin_b12_drug",))))
    if name == "coronary_disease" and p.levels.get("infarct_history"):
        actions.append(perhaps(0.3, ("emit", "history_mi")))
    if name == "copd" and seen.get("spo2", 99) < 90:
        actions.append(perhaps(0.4, ("emit", "hypoxemia")))
    plan(p, *actions)


def check_up(p: Patient, rng: Random) -> None:
    if p.years < 15:
        plan(
            p,
            ("emit", "visit_op"),
            ("emit", "well_child"),
            ("panel", "body"),
            perhaps(0.7, ("measure", "temperature")),
            ("screen",),
            ("close",),
        )
        return
    plan(
        p,
        ("emit", "visit_op"),
        perhaps(0.5, ("emit", "office_preventive")),
        ("routine_vitals",),
        ("weigh",),
        perhaps(0.45, ("tobacco",)),
        ("screen",),
        ("assess",),
        ("others", ""),
        perhaps(0.15, ("emit", "medication_reconciliation")),
        ("close",),
    )


def complain(p: Patient, rng: Random, name: str) -> None:
    """A visit for the symptoms of a condition nobody knows about yet."""
    c = CONDITIONS[name]
    symptom = c.symptoms[int(rng.random() * len(c.symptoms))]
    plan(
        p,
        *routine_start(p),
        ("emit", symptom),
        *(do(test) for test in c.work_up),
        ("assess",),
        perhaps(0.55, ("diagnose", name)),
        ("others", name),
        ("close",),
    )


def minor(p: Patient, rng: Random, complaint) -> None:
    start = (
        [("emit", "visit_er"), perhaps(0.8, ("emit", "emergency_moderate")), ("routine_vitals",)]
        if rng.random() < complaint.emergency
        else routine_start(p)
    )
    if complaint.state:
        start.insert(0, ("set", complaint.state, 1.0))
    symptoms = [perhaps(0.5, ("emit", s)) for s in complaint.symptoms]
    acts = [perhaps(share, do(act)) for act, share in (*complaint.tests, *complaint.drugs)]
    end = [("set", complaint.state, 0.0)] if complaint.state else []
    plan(p, *start, *symptoms, ("emit", complaint.code), *acts, ("assess",), *end, perhaps(0.25, ("others", "")), ("close",))


ACTIONS = {
    "enter": enter,
    "office": office,
    "routine_vitals": routine_vitals,
    "others": others,
    "follow_up": follow_up,
    "extras": extras,
    "check_up": check_up,
    "complain": complain,
    "minor": minor,
}
