"""The body: how hidden conditions start and progress with time, and what a measurement reads at a moment."""

from math import exp, log
from random import Random

from conditions import AFTER, CONDITIONS
from measurements import NUMERIC, ORDINAL
from patient import YEAR, Patient

_AGE_FACTOR = {name: [exp(c.slope * (age - 50)) * (c.youngest <= age <= c.oldest) for age in range(131)] for name, c in CONDITIONS.items()}
_MORTALITY = [0.00012 * exp(0.083 * (age - 25)) for age in range(131)]

GLUCOSE_DRUGS = {
    "metformin": 0.8,
    "glipizide": 0.7,
    "glimepiride": 0.7,
    "sitagliptin": 0.6,
    "empagliflozin": 0.7,
    "liraglutide": 1.1,
    "insulin_glargine": 1.6,
    "insulin_lispro": 1.0,
}


def multiplier(levels: dict[str, float], causes: dict[str, float]) -> float:
    product = 1.0
    for cause, factor in causes.items():
        level = levels.get(cause)
        if level:
            product *= 1 + (factor - 1) * level
    return product


def begin(p: Patient, name: str, severity: float | None = None) -> None:
    if name not in p.began:
        p.began[name] = p.age
        p.levels[name] = CONDITIONS[name].start if severity is None else severity


def onset_rate(p: Patient, name: str) -> float:
    """The yearly hazard that a condition starts now."""
    if name in AFTER:
        cause, rate = AFTER[name]
        return rate * p.levels.get(cause, 0.0)
    c = CONDITIONS[name]
    factor = _AGE_FACTOR[name][int(p.age / YEAR)]
    if factor == 0 or (c.sex and c.sex != p.sex):
        return 0.0
    return c.onset * factor * (c.male if p.sex == "M" else 1.0) * multiplier(p.levels, c.causes)


def evolve(p: Patient, years: float, rng: Random) -> bool:
    """Lets time pass: onsets, progress, habits. True when the person died meanwhile."""
    levels = p.levels
    while years > 0:
        dt = min(years, 0.5)
        years -= dt
        p.age += int(dt * YEAR) + 1
        if p.age >= 110 * YEAR:
            return True
        death = _MORTALITY[int(p.age / YEAR)]
        for name, c in CONDITIONS.items():
            severity = levels.get(name)
            if severity is None:
                if rng.random() < onset_rate(p, name) * dt:
                    begin(p, name)
            else:
                if c.progress:
                    change = c.progress * multiplier(levels, c.drivers) * p.slowed.get(name, 1.0) * dt
                    levels[name] = min(1.0, max(0.05, severity + change))
                death += c.deadly * severity * severity
        if levels["smoking"] == 1.0 and rng.random() < 0.025 * dt:
            levels["smoking"] = 0.4
        if rng.random() < death * dt:
            return True
    return False


def growth(p: Patient) -> float:
    """The share of the adult height reached at this age."""
    return min(1.0, 0.3 + 0.7 * (p.years / 17) ** 0.7)


def level(p: Patient, name: str) -> float:
    """What a numeric measurement would read now without noise (on the log scale where its table says so)."""
    m = NUMERIC[name]
    x = m.mean + m.between * p.traits[name] + m.aging * max(0.0, p.years - 40) / 10
    if p.sex == "M":
        x += m.male
    levels = p.levels
    for cause, effect in m.effects.items():
        amount = levels.get(cause)
        if amount:
            x += effect * amount
    return x


def _reading(p: Patient, name: str) -> float:
    """The last reading of a measurement, or its present level if there is none."""
    if name in p.seen:
        return p.seen[name]
    x = DERIVED[name](p) if name in DERIVED else level(p, name)
    return exp(x) if name in NUMERIC and NUMERIC[name].log else x


def true_egfr(p: Patient) -> float:
    get = p.levels.get
    return max(6.0, 108 + 6 * p.traits["egfr"] - 0.75 * max(0.0, p.years - 28) - 88 * get("ckd", 0.0) - 30 * get("kidney_injury", 0.0))


def true_hba1c(p: Patient) -> float:
    get = p.levels.get
    x = 5.15 + 0.15 * p.traits["hba1c"] + 0.006 * p.years + 0.7 * get("prediabetes", 0.0) + 0.5 * get("prednisone", 0.0)
    diabetes = get("diabetes", 0.0)
    if diabetes:
        relief = sum(effect for drug, effect in GLUCOSE_DRUGS.items() if drug in p.drugs)
        x += max(0.25, 4.6 * diabetes - relief * min(1.0, diabetes / 0.5))
    return x


# name -> (noise-free value from the state and the last readings, noise, decimals)
DERIVED = {
    "egfr": true_egfr,
    "creatinine": lambda p: (
        (0.95 if p.sex == "M" else 0.78)
        * (92 / max(5.0, _reading(p, "egfr") if "egfr" in p.seen and not p.levels.get("kidney_injury") else true_egfr(p))) ** 0.9
    ),
    "hba1c": true_hba1c,
    "glucose": lambda p: 91 + 27 * (true_hba1c(p) - 5.3),
    "cholesterol": lambda p: _reading(p, "ldl") + _reading(p, "hdl") + _reading(p, "triglycerides") / 5,
    "hematocrit": lambda p: 3 * _reading(p, "hemoglobin"),
    "rbc": lambda p: 10 * _reading(p, "hematocrit") / _reading(p, "mcv"),
    "mch": lambda p: _reading(p, "mcv") / 3,
    "neutrophils": lambda p: 0.62 * _reading(p, "wbc"),
    "iron": lambda p: 95 - 62 * p.levels.get("anemia", 0.0) + 25 * p.levels.get("ferrous_sulfate", 0.0),
    "tibc": lambda p: 320 + 120 * p.levels.get("anemia", 0.0),
    "iron_saturation": lambda p: 100 * _reading(p, "iron") / _reading(p, "tibc"),
    "prothrombin_time": lambda p: 11.6 * _reading(p, "inr"),
    "height": lambda p: growth(p) * (163 + 6.5 * p.stature + (13 if p.sex == "M" else 0)),
    "bmi": lambda p: (0.55 + 0.45 * growth(p)) * (p.bmi + 0.04 * min(p.years, 60.0)),
    "weight": lambda p: DERIVED["bmi"](p) * (DERIVED["height"](p) / 100) ** 2,
}
DERIVED_NOISE = {
    "egfr": (3.0, 0),
    "creatinine": (0.03, 2),
    "hba1c": (0.12, 1),
    "glucose": (8.0, 0),
    "cholesterol": (4.0, 0),
    "hematocrit": (0.4, 1),
    "rbc": (0.06, 2),
    "mch": (0.3, 1),
    "neutrophils": (0.25, 1),
    "iron": (10.0, 0),
    "tibc": (14.0, 0),
    "iron_saturation": (1.0, 0),
    "prothrombin_time": (0.3, 1),
    "height": (0.4, 1),
    "bmi": (0.3, 1),
    "weight": (0.7, 1),
}


def observe(p: Patient, name: str, rng: Random) -> float | str:
    """Takes one measurement: a number, rounded as laboratories print it, or a text grade."""
    if name in ORDINAL:
        o = ORDINAL[name]
        x = o.between * p.traits[name] + o.within * rng.gauss(0, 1)
        for cause, effect in o.effects.items():
            x += effect * p.levels.get(cause, 0.0)
        return o.grades[sum(x > cut for cut in o.cuts)]
    if name in p.answers:
        return p.answers[name]
    if name in DERIVED:
        noise, decimals = DERIVED_NOISE[name]
        value = rng.gauss(DERIVED[name](p), noise)
        value = max(value, 4.0 if name == "egfr" else 0.1)
    else:
        m = NUMERIC[name]
        value, decimals = rng.gauss(level(p, name), m.within), m.decimals
        if m.log:
            value = exp(min(value, log(m.high)))
        value = min(m.high, max(m.low, value))
    value = round(value, decimals) if decimals else round(value)
    p.seen[name] = value
    return value
