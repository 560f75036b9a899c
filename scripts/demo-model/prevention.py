"""What a check-up asks and tests whoever comes: habits, weight, screening by age and sex, vaccines, contraception."""

from random import Random

from catalogue import CODE
from episodes import CHILD_VACCINES, CONTRACEPTIVES
from patient import YEAR, Patient
from recording import Event, perhaps, plan


def tobacco(p: Patient, rng: Random) -> Event:
    smoking = p.levels["smoking"]
    if smoking == 1.0:
        plan(
            p,
            perhaps(0.35, ("emit", "tobacco_user")),
            perhaps(0.3, ("emit", "smoking_education")),
            perhaps(0.08, ("emit", "nicotine")),
            perhaps(0.05, ("emit", "varenicline")),
        )
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


ACTIONS = {"tobacco": tobacco, "weigh": weigh, "screen": screen, "polyps": polyps, "contraception": contraception}
