"""Contacts that come in series: chemotherapy, dialysis, pregnancy."""

from random import Random

from catalogue import CODE
from conditions import CHEMOTHERAPY
from episodes import CONTRACEPTIVES
from patient import Patient, pick
from practice import routine_start
from recording import Event, perhaps, plan
from treatment import stop_drug


def infuse(p: Patient, rng: Random, name: str) -> None:
    p.courses[name] -= 1
    if p.courses[name] <= 0:
        del p.courses[name]
        if not p.courses:
            p.levels.pop("chemotherapy", None)
    drugs = [("emit", drug) for drug in CHEMOTHERAPY[name]]
    if "doxorubicin" in CHEMOTHERAPY[name]:
        p.levels["doxorubicin"] = 1.0
    plan(
        p,
        ("emit", "visit_op"),
        ("mention", name),
        ("panel", "blood_count"),
        perhaps(0.6, ("panel", "differential")),
        perhaps(0.4, ("panel", "liver")),
        ("emit", "dexamethasone"),
        ("emit", "ondansetron"),
        ("emit", "chemotherapy_infusion"),
        *drugs,
        perhaps(0.25, ("emit", "filgrastim")),
        perhaps(0.3, ("emit", "nausea")),
        ("close",),
    )


def dialyse(p: Patient, rng: Random) -> None:
    first = [] if "dialysis" in p.done else [("mark", "dialysis"), ("emit", "esrd"), ("emit", "dialysis_start")]
    plan(
        p,
        ("emit", "visit_op"),
        *first,
        ("emit", "hemodialysis_session"),
        ("measure", "sbp"),
        ("measure", "dbp"),
        ("measure", "weight"),
        perhaps(0.25, ("panel", "basic")),
        perhaps(0.15, ("panel", "kidney")),
        perhaps(0.2, ("measure", "hemoglobin")),
        perhaps(0.3, ("emit", "epoetin")),
        perhaps(0.2, ("emit", "heparin")),
        perhaps(0.1, ("treat", "ckd")),
        ("close",),
    )


def conceive(p: Patient, rng: Random) -> None:
    for drug in CONTRACEPTIVES:
        stop_drug(p, rng, drug)
    p.levels["pregnant"] = 1.0
    p.due = p.age + 230 * 1440
    loss = [("emit", "miscarriage"), ("set", "pregnant", 0.0)]
    plan(
        p,
        *routine_start(p),
        ("emit", "pregnancy_test"),
        ("emit", "pregnancy"),
        perhaps(0.5, ("measure", "blood_group")),
        perhaps(0.4, ("panel", "blood_count")),
        perhaps(0.5, ("emit", "fetal_ultrasound")),
        perhaps(0.5, ("emit", "folic_acid")),
        perhaps(0.1, *loss),
        ("close",),
    )


def prenatal(p: Patient, rng: Random) -> None:
    tests = [
        perhaps(0.1, ("emit", "glucose_tolerance"), ("sugar",)),
        perhaps(0.35, ("measure", "urine_protein")),
        perhaps(0.15, ("emit", "fetal_ultrasound")),
        perhaps(0.12, ("panel", "blood_count")),
    ]
    plan(
        p,
        ("emit", "visit_op"),
        ("emit", "prenatal_visit"),
        ("emit", "fetal_heart"),
        perhaps(0.6, ("emit", "fundal_height")),
        ("measure", "sbp"),
        ("measure", "dbp"),
        ("measure", "weight"),
        *tests,
        ("close",),
    )


def sugar(p: Patient, rng: Random) -> Event | None:
    if rng.random() < 0.08 + 0.3 * p.levels["obesity"] * p.levels["liability_sugar"]:
        p.levels["gestational_history"] = 1.0
        plan(p, perhaps(0.6, ("emit", "diet_education")), perhaps(0.6, ("emit", "glucose_monitoring")))
        return CODE["gestational_diabetes"], None
    return None


def childbirth(p: Patient, rng: Random) -> None:
    pressure = [perhaps(0.07 + 0.2 * p.levels.get("hypertension", 0), ("emit", "preeclampsia"))]
    way = pick(rng, (("delivery", 0.7), ("cesarean", 0.3)))
    plan(
        p,
        ("emit", "visit_ip"),
        ("panel", "vitals"),
        ("panel", "blood_count"),
        *pressure,
        perhaps(0.6, ("emit", "epidural")),
        perhaps(0.5, ("emit", "oxytocin")),
        ("emit", way),
        perhaps(0.5, ("emit", "ibuprofen")),
        ("wait", 2880),
        ("set", "pregnant", 0.0),
        perhaps(0.4, ("emit", "hospital_discharge")),
        ("close",),
    )


ACTIONS = {"infuse": infuse, "dialyse": dialyse, "conceive": conceive, "prenatal": prenatal, "sugar": sugar, "childbirth": childbirth}
