"""The health system: what happens at a contact. Each action is one small step; a visit is a stack of actions still to be done.

Chance is drawn when an action is carried out, never when it is planned, so that a Patient copied in the middle of a visit has
an honest distribution of futures. An action returns the event it records, or None.
"""
from random import Random

from catalogue import CODE, LOCAL_CODES, NAME, TABLE, local_code
from conditions import CHEMOTHERAPY, CONDITIONS, DRUG_CLASSES, SWITCHES_CLASS
from episodes import CHILD_VACCINES, CONTRACEPTIVES, EMERGENCIES
from measurements import NUMERIC, ORDERS, ORDINAL, PANELS, TRAITS
from patient import YEAR, Patient, pick
from physiology import DERIVED, begin, evolve, observe

Event = tuple[str, float | str | None]

LOCAL_SHARE = 0.025
"""The share of events that are followed by a rare site-local code."""

VALUE_LOST = 0.01
"""The share of measurements whose value did not reach the record."""

MEASUREMENTS = {*NUMERIC, *DERIVED, *ORDINAL, *TRAITS}
DRUGS = {NAME[code] for code, table in TABLE.items() if table == "drug_exposure"}
LASTING = {drug for c in CONDITIONS.values() for line in c.ladder for drug in line.drugs}

REVEALS: dict[str, list] = {}
for _name, _condition in CONDITIONS.items():
    for _test, _low, _high in _condition.found_by:
        REVEALS.setdefault(_test, []).append((_name, _low, _high))


def plan(p: Patient, *actions) -> None:
    """Puts actions before everything still planned, in the given order."""
    p.agenda.extend(reversed(actions))


def do(name: str):
    """The action that carries out a panel, a measurement, or the recording of a code."""
    return ("panel", name) if name in PANELS else ("measure", name) if name in MEASUREMENTS else ("emit", name)


def perhaps(probability: float, *actions):
    return ("perhaps", probability, actions)


# ---------------------------------------------------------------- basic actions
def emit(p: Patient, rng: Random, name: str) -> Event:
    for condition, _, _ in REVEALS.get(name, ()):
        if condition in p.began and condition not in p.known:
            p.findings.append(condition)
    return CODE[name], None


def local(p: Patient, rng: Random) -> Event:
    return local_code(int(rng.random() * LOCAL_CODES)), None


def measure(p: Patient, rng: Random, name: str) -> Event:
    value = observe(p, name, rng)
    for condition, low, high in REVEALS.get(name, ()):
        if condition in p.began and condition not in p.known and low <= value <= high:
            p.findings.append(condition)
    return CODE[name], None if rng.random() < VALUE_LOST else value


def panel(p: Patient, rng: Random, name: str) -> None:
    tests = [("measure", test) for test in PANELS[name] if rng.random() < 0.96]
    if name in ORDERS and rng.random() < 0.3:
        tests.insert(0, ("emit", ORDERS[name]))
    plan(p, *tests)


def perhaps_do(p: Patient, rng: Random, probability: float, actions) -> None:
    if rng.random() < probability:
        plan(p, *actions)


def wait(p: Patient, rng: Random, minutes: int) -> None:
    p.age += minutes


def set_level(p: Patient, rng: Random, name: str, value: float) -> None:
    if value:
        p.levels[name] = value
    else:
        p.levels.pop(name, None)


def close(p: Patient, rng: Random) -> None:
    """The end of a contact: some never come back."""
    p.findings.clear()
    if rng.random() < p.leaves:
        p.ended = "left"
        p.agenda.clear()


def die(p: Patient, rng: Random) -> Event:
    p.ended = "died"
    p.agenda.clear()
    return CODE["death"], None


# ---------------------------------------------------------------- diagnosis and treatment
def stage(p: Patient, name: str) -> str:
    severity = p.levels[name]
    return [code for start, code in CONDITIONS[name].stages if severity >= start][-1]


def assess(p: Patient, rng: Random) -> None:
    """Clinicians act on most, not all, of what the tests of this contact showed."""
    found = [name for name in dict.fromkeys(p.findings) if name not in p.known]
    p.findings.clear()
    plan(p, *(perhaps(0.75, ("diagnose", name)) for name in found))


def diagnose(p: Patient, rng: Random, name: str) -> None:
    if name in p.known:
        return
    begin(p, name)
    p.known[name] = p.age
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


# ---------------------------------------------------------------- contacts
def enter(p: Patient, rng: Random) -> None:
    """Life before the first contact, which everybody survives: conditions may start, and most old ones are already known elsewhere."""
    evolve(p, p.entry, rng, mortal=False)
    for name, began in list(p.began.items()):
        if rng.random() < 0.6 and p.age - began > YEAR:
            p.known[name] = p.age
    questions = [perhaps(0.6, ("tobacco",))] if p.years > 15 else []
    questions += [perhaps(0.3, ("measure", name)) for name in TRAITS if name != "blood_group" and p.years > 18]
    if p.levels["unstable_life"]:
        questions.append(perhaps(0.4, ("emit", "homeless")))
    problems = []
    for name in p.known:
        problems += [perhaps(0.85, ("mention", name), ("treat", name))]
    plan(p, ("emit", "visit_op"), perhaps(0.6, ("emit", "office_new")), ("routine_vitals",), perhaps(0.5, ("measure", "height")), ("weigh",), *questions, *problems, ("screen",), ("assess",), ("close",))


def routine_start(p: Patient) -> list:
    return [("emit", "visit_op"), ("office",), ("routine_vitals",)]


def office(p: Patient, rng: Random) -> Event | None:
    x = rng.random()
    return (CODE["office_long"], None) if x < 0.25 + 0.05 * min(6, len(p.known)) else (CODE["office_short"], None) if x < 0.85 else None


def routine_vitals(p: Patient, rng: Random) -> None:
    plan(p, *(perhaps(share, ("measure", name)) for name, share in (("sbp", 0.9), ("dbp", 0.9), ("heart_rate", 0.8), ("resp_rate", 0.3), ("temperature", 0.45), ("spo2", 0.35), ("weight", 0.6), ("bmi", 0.4))))


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
            actions.append(("prescribe", 0.5, name, _B12))
    if name == "coronary_disease" and p.levels.get("infarct_history"):
        actions.append(perhaps(0.3, ("emit", "history_mi")))
    if name == "copd" and seen.get("spo2", 99) < 90:
        actions.append(perhaps(0.4, ("emit", "hypoxemia")))
    plan(p, *actions)


class _B12:
    drugs, slows = ("vitamin_b12_drug",), 0.0


def mark(p: Patient, rng: Random, name: str) -> None:
    p.done[name] = p.age


def tobacco(p: Patient, rng: Random) -> Event:
    smoking = p.levels["smoking"]
    if smoking == 1.0:
        plan(p, perhaps(0.35, ("emit", "tobacco_user")), perhaps(0.3, ("emit", "smoking_education")), perhaps(0.08, ("emit", "nicotine")), perhaps(0.05, ("emit", "varenicline")))
    return CODE["tobacco_status"], "Current every day smoker" if smoking == 1.0 else "Former smoker" if smoking else "Never smoker"


def weigh(p: Patient, rng: Random) -> None:
    bmi = p.seen.get("bmi", 0)
    if bmi >= 40:
        plan(p, perhaps(0.5, ("emit", "severe_obesity")))
    elif bmi >= 30:
        plan(p, perhaps(0.35, ("emit", "obesity")))


def due(p: Patient, name: str, years: float) -> bool:
    return name not in p.done or p.age - p.done[name] > years * YEAR


def screen(p: Patient, rng: Random) -> None:
    """The tests that age and sex call for at a check-up."""
    age, female = p.years, p.sex == "F"
    if age < 15:
        vaccines = []
        for start, names in CHILD_VACCINES:
            if start <= age < start + 4 and due(p, f"vaccines {start}", 100):
                vaccines += [("mark", f"vaccines {start}"), *(perhaps(0.9, ("emit", name)) for name in names)]
        plan(p, *vaccines)
        return
    tests = [perhaps(0.3, ("panel", "blood_count"), perhaps(0.3, ("panel", "differential"))), perhaps(0.3, ("panel", "basic"))]
    if age > 35 and due(p, "lipids", 2):
        tests.append(perhaps(0.6, ("panel", "lipids"), ("mark", "lipids")))
    if (age > 42 or p.levels["obesity"] > 0.4) and due(p, "glycemia", 1.5) and "diabetes" not in p.known:
        tests.append(perhaps(0.55, ("panel", "glycemia"), ("mark", "glycemia")))
    if age > 40:
        tests += [perhaps(0.1, ("panel", "thyroid")), perhaps(0.12, ("panel", "liver")), perhaps(0.15, ("panel", "urinalysis"))]
    tests.append(perhaps(0.25, ("emit", "depression_screening"), ("panel", "mood")))
    tests.append(perhaps(0.12, ("measure", "audit_c")))
    if 50 <= age <= 78 and due(p, "colonoscopy", 9):
        tests.append(perhaps(0.35, ("mark", "colonoscopy"), ("emit", "colonoscopy"), ("polyps",)))
    if female and 45 <= age <= 78 and due(p, "mammogram", 1.8):
        tests.append(perhaps(0.6, ("mark", "mammogram"), ("emit", "mammogram")))
    if female and 17 <= age <= 42 and "pregnant" not in p.levels:
        tests.append(perhaps(0.2, ("contraception",)))
    if age > (64 if female else 72) and due(p, "bones", 4):
        tests.append(perhaps(0.4, ("mark", "bones"), ("panel", "bones")))
    if not female and 54 <= age <= 74 and due(p, "prostate", 2):
        tests.append(perhaps(0.45, ("mark", "prostate"), ("panel", "prostate")))
    if age > 72 and due(p, "cognition", 2):
        tests.append(perhaps(0.25, ("mark", "cognition"), ("panel", "cognition"), ("panel", "falls")))
    if due(p, "influenza", 0.8):
        tests.append(perhaps(0.4, ("mark", "influenza"), ("emit", "vaccine_influenza"), perhaps(0.3, ("emit", "immunization"))))
    for name, vaccine, start in (("td", "vaccine_tdap", 19), ("pneumo", "vaccine_pneumo", 65), ("zoster", "vaccine_zoster", 60)):
        if age >= start and due(p, name, 10 if name == "td" else 100):
            tests.append(perhaps(0.3, ("mark", name), ("emit", vaccine), perhaps(0.3, ("emit", "immunization"))))
    plan(p, *tests)


def polyps(p: Patient, rng: Random) -> None:
    if rng.random() < 0.25:
        p.levels["colon_polyp"] = 1.0
        plan(p, ("emit", "colon_polyp"), perhaps(0.8, ("emit", "polypectomy")))


def contraception(p: Patient, rng: Random) -> Event:
    drug = next((d for d in CONTRACEPTIVES if d in p.drugs), None) or CONTRACEPTIVES[int(rng.random() * len(CONTRACEPTIVES))]
    p.drugs[drug] = "contraception"
    p.levels[drug] = 1.0
    return CODE[drug], None


def check_up(p: Patient, rng: Random) -> None:
    if p.years < 15:
        plan(p, ("emit", "visit_op"), ("emit", "well_child"), ("panel", "body"), perhaps(0.7, ("measure", "temperature")), ("screen",), ("close",))
        return
    plan(p, ("emit", "visit_op"), perhaps(0.5, ("emit", "office_preventive")), ("routine_vitals",), ("weigh",), perhaps(0.45, ("tobacco",)), ("screen",), ("assess",), ("others", ""),
         perhaps(0.15, ("emit", "medication_reconciliation")), ("close",))


def complain(p: Patient, rng: Random, name: str) -> None:
    """A visit for the symptoms of a condition nobody knows about yet."""
    c = CONDITIONS[name]
    symptom = c.symptoms[int(rng.random() * len(c.symptoms))]
    plan(p, *routine_start(p), ("emit", symptom), *(do(test) for test in c.work_up), ("assess",), perhaps(0.55, ("diagnose", name)), ("others", name), ("close",))


def minor(p: Patient, rng: Random, complaint) -> None:
    start = [("emit", "visit_er"), perhaps(0.8, ("emit", "emergency_moderate")), ("routine_vitals",)] if rng.random() < complaint.emergency else routine_start(p)
    if complaint.state:
        start.insert(0, ("set", complaint.state, 1.0))
    symptoms = [perhaps(0.5, ("emit", s)) for s in complaint.symptoms]
    acts = [perhaps(share, do(act)) for act, share in (*complaint.tests, *complaint.drugs)]
    end = [("set", complaint.state, 0.0)] if complaint.state else []
    plan(p, *start, *symptoms, ("emit", complaint.code), *acts, ("assess",), *end, perhaps(0.25, ("others", "")), ("close",))


def emergency(p: Patient, rng: Random, name: str) -> None:
    e = EMERGENCIES[name]
    start = [("set", e.state, 1.0)] if e.state else []
    plan(p, *start, ("emit", "visit_er"), perhaps(0.8, ("emit", "emergency_high")), ("panel", "vitals"), *(perhaps(0.7, ("emit", s)) for s in e.symptoms), perhaps(0.3, ("emit", "venipuncture")),
         *(do(test) for test in e.work_up), ("emit", e.code), *(perhaps(share, do(act)) for act, share in e.acts), ("admit", name))


def admit(p: Patient, rng: Random, name: str) -> Event | None:
    e = EMERGENCIES[name]
    if rng.random() >= e.admitted:
        plan(p, ("discharge", name))
        return None
    intensive = rng.random() < e.intensive
    start = [("emit", "hospital_initial")]
    if intensive:
        start += [("emit", "intensive_care"), perhaps(0.5, ("emit", "critical_care")), perhaps(0.35, ("emit", "respiratory_failure")), perhaps(0.3, ("emit", "intubation"), ("emit", "propofol"), ("emit", "fentanyl"))]
    plan(p, *start, ("day", name, intensive), ("discharge", name))
    return CODE["visit_erip" if rng.random() < 0.15 else "visit_ip"], None


def day(p: Patient, rng: Random, name: str, intensive: bool) -> None:
    """One day in hospital, then perhaps another: the length of a stay is geometric."""
    e = EMERGENCIES[name]
    wards = [("measure", "sbp"), ("measure", "dbp"), ("measure", "heart_rate"), perhaps(0.6, ("measure", "temperature")), perhaps(0.6, ("measure", "spo2"))]
    tests = [perhaps(0.8, ("panel", test)) for test in e.daily]
    acts = [perhaps(0.45 * share, ("emit", act)) for act, share in e.acts if act in DRUGS]
    if intensive:
        tests += [perhaps(0.7, ("panel", "blood_gas")), perhaps(0.5, ("measure", "lactate")), *wards]
        acts.append(perhaps(0.3, ("emit", "critical_care")))
    own = [perhaps(0.35, ("emit", drug)) for drug in p.drugs]
    more = [perhaps(1 - 1 / e.days, ("day", name, intensive and rng.random() < 0.7))]
    plan(p, ("wait", 1440), perhaps(0.5, ("emit", "hospital_subsequent")), *wards, *tests, ("assess",), *acts, *own, perhaps(0.25, ("emit", "saline")), *more)


def discharge(p: Patient, rng: Random, name: str) -> None:
    e = EMERGENCIES[name]
    if rng.random() < e.fatality * (0.5 + max(0.0, p.years - 40) / 40):
        plan(p, perhaps(0.3, ("emit", "cardiac_arrest")), ("die",))
        return
    for condition, damage in e.worsens:
        begin(p, condition)
        p.levels[condition] = min(1.0, p.levels[condition] + damage)
    actions = [perhaps(0.4, ("emit", "hospital_discharge")), ("set", e.leaves, 1.0) if e.leaves else None, ("set", e.state, 0.0) if e.state else None,
               ("diagnose", e.reveals) if e.reveals else None, perhaps(0.4, ("emit", "medication_reconciliation")), ("close",)]
    plan(p, *(a for a in actions if a))


# ---------------------------------------------------------------- courses and pregnancy
def infuse(p: Patient, rng: Random, name: str) -> None:
    p.courses[name] -= 1
    if p.courses[name] <= 0:
        del p.courses[name]
        if not p.courses:
            p.levels.pop("chemotherapy", None)
    drugs = [("emit", drug) for drug in CHEMOTHERAPY[name]]
    if "doxorubicin" in CHEMOTHERAPY[name]:
        p.levels["doxorubicin"] = 1.0
    plan(p, ("emit", "visit_op"), ("mention", name), ("panel", "blood_count"), perhaps(0.6, ("panel", "differential")), perhaps(0.4, ("panel", "liver")), ("emit", "dexamethasone"), ("emit", "ondansetron"),
         ("emit", "chemotherapy_infusion"), *drugs, perhaps(0.25, ("emit", "filgrastim")), perhaps(0.3, ("emit", "nausea")), ("close",))


def dialyse(p: Patient, rng: Random) -> None:
    first = [] if "dialysis" in p.done else [("mark", "dialysis"), ("emit", "esrd"), ("emit", "dialysis_start")]
    plan(p, ("emit", "visit_op"), *first, ("emit", "hemodialysis_session"), ("measure", "sbp"), ("measure", "dbp"), ("measure", "weight"), perhaps(0.25, ("panel", "basic")), perhaps(0.15, ("panel", "kidney")),
         perhaps(0.2, ("measure", "hemoglobin")), perhaps(0.3, ("emit", "epoetin")), perhaps(0.2, ("emit", "heparin")), perhaps(0.1, ("treat", "ckd")), ("close",))


def conceive(p: Patient, rng: Random) -> None:
    for drug in CONTRACEPTIVES:
        stop_drug(p, rng, drug)
    p.levels["pregnant"] = 1.0
    p.due = p.age + int(230 * 1440)
    loss = [("emit", "miscarriage"), ("set", "pregnant", 0.0)]
    plan(p, *routine_start(p), ("emit", "pregnancy_test"), ("emit", "pregnancy"), perhaps(0.5, ("measure", "blood_group")), perhaps(0.4, ("panel", "blood_count")), perhaps(0.5, ("emit", "fetal_ultrasound")),
         perhaps(0.5, ("emit", "folic_acid")), perhaps(0.1, *loss), ("close",))


def prenatal(p: Patient, rng: Random) -> None:
    tests = [perhaps(0.1, ("emit", "glucose_tolerance"), ("sugar",)), perhaps(0.35, ("measure", "urine_protein")), perhaps(0.15, ("emit", "fetal_ultrasound")), perhaps(0.12, ("panel", "blood_count"))]
    plan(p, ("emit", "visit_op"), ("emit", "prenatal_visit"), ("emit", "fetal_heart"), perhaps(0.6, ("emit", "fundal_height")), ("measure", "sbp"), ("measure", "dbp"), ("measure", "weight"), *tests, ("close",))


def sugar(p: Patient, rng: Random) -> Event | None:
    if rng.random() < 0.08 + 0.3 * p.levels["obesity"] * p.levels["liability_sugar"]:
        p.levels["gestational_history"] = 1.0
        plan(p, perhaps(0.6, ("emit", "diet_education")), perhaps(0.6, ("emit", "glucose_monitoring")))
        return CODE["gestational_diabetes"], None
    return None


def childbirth(p: Patient, rng: Random) -> None:
    pressure = [perhaps(0.07 + 0.2 * p.levels.get("hypertension", 0), ("emit", "preeclampsia"))]
    way = pick(rng, (("delivery", 0.7), ("cesarean", 0.3)))
    plan(p, ("emit", "visit_ip"), ("panel", "vitals"), ("panel", "blood_count"), *pressure, perhaps(0.6, ("emit", "epidural")), perhaps(0.5, ("emit", "oxytocin")), ("emit", way), perhaps(0.5, ("emit", "ibuprofen")),
         ("wait", 2880), ("set", "pregnant", 0.0), perhaps(0.4, ("emit", "hospital_discharge")), ("close",))


ACTIONS = {
    "emit": emit, "local": local, "measure": measure, "panel": panel, "perhaps": perhaps_do, "wait": wait, "set": set_level, "close": close, "die": die, "assess": assess, "diagnose": diagnose, "mention": mention,
    "treat": treat, "renew": renew, "stop": stop_drug, "prescribe": prescribe, "enter": enter, "office": office, "routine_vitals": routine_vitals, "others": others, "follow_up": follow_up, "extras": extras, "mark": mark,
    "tobacco": tobacco, "weigh": weigh, "screen": screen, "polyps": polyps, "contraception": contraception, "check_up": check_up, "complain": complain, "minor": minor, "emergency": emergency, "admit": admit, "day": day,
    "discharge": discharge, "infuse": infuse, "dialyse": dialyse, "conceive": conceive, "prenatal": prenatal, "sugar": sugar, "childbirth": childbirth,
}
