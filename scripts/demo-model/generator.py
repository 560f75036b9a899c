"""Simulated patients: a Markov jump process over the hidden state of patient.py, one recorded event per step.

Between contacts all possible reasons for the next one compete as clocks with known rates; the contact then unfolds by care.py.
A patient is made by Random("<world seed>/<number>"), which depends on nothing else: patient 7 is the same whether 10 or 10,000 are made.
The calendar plays no part: the date of birth is set afterwards so that the record ends in 2012 to 2024.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import exp
from random import Random

from care import ACTIONS, LOCAL_SHARE
from catalogue import TABLE
from conditions import CONDITIONS
from episodes import COMPLAINTS, EMERGENCIES
from measurements import NUMERIC
from patient import YEAR, Patient, draw_patient, pick
from physiology import DERIVED, evolve, multiplier

WORLD_SEED = 20_240_614
LONGEST = 6_000
"""No record has more events than this."""

Step = tuple[int, str, float | str | None]  # age in minutes, code, value

_COMPLAINT_AGE = {name: [exp(c.slope * (age - 50)) * (age >= c.youngest) for age in range(131)] for name, c in COMPLAINTS.items()}
_EMERGENCY_AGE = {name: [exp(e.slope * (age - 50)) for age in range(131)] for name, e in EMERGENCIES.items()}


def clocks(p: Patient) -> list[tuple[float, tuple]]:
    """(rate per year, action) of everything that can bring this person to the health system next."""
    age, levels, male = int(p.age / YEAR), p.levels, p.sex == "M"
    keen = p.engagement
    result = [(keen * (3.0 if age < 3 else 0.6 if age < 50 else 0.8), ("check_up",))]
    for name in p.began:
        severity = levels[name]
        if name in p.known:
            result.append((keen * CONDITIONS[name].follow_up * (1 + severity), ("follow_up", name)))
        elif CONDITIONS[name].complaint:
            result.append((0.6 * CONDITIONS[name].complaint * severity, ("complain", name)))
    for name, c in COMPLAINTS.items():
        factor = _COMPLAINT_AGE[name][age]
        if factor:
            result.append((keen * c.rate * factor * (c.male if male else 1.0) * multiplier(levels, c.causes), ("minor", c)))
    for name, e in EMERGENCIES.items():
        severity = 1.0
        if e.requires:
            severity = levels.get(e.requires, 0.0) ** 2
            if not severity:
                continue
        result.append(
            (e.rate * severity * _EMERGENCY_AGE[name][age] * (e.male if male else 1.0) * multiplier(levels, e.causes), ("emergency", name))
        )
    if "pregnant" in levels:
        result.append((1000.0, ("childbirth",)) if p.age > p.due else (16.0 * keen, ("prenatal",)))
    elif not male and 18 <= age <= 43:
        result.append((0.07, ("conceive",)))
    for name in p.courses:
        result.append((17.0, ("infuse", name)))
    if levels.get("ckd", 0.0) >= 0.97 and "ckd" in p.known:
        result.append((60.0, ("dialyse",)))
    return result


def next_contact(p: Patient, rng: Random) -> None:
    """Waits for the first clock to ring, in steps short enough that the rates follow the hidden state."""
    while True:
        rates = clocks(p)
        total = sum(rate for rate, _ in rates)
        years = rng.expovariate(total)
        if evolve(p, min(years, 0.5), rng):
            p.agenda.append(("die",))
            return
        if years <= 0.5:
            break
    p.agenda.append(pick(rng, [(action, rate) for rate, action in rates]))


def act(p: Patient, rng: Random) -> Step | None:
    """Carries out the next planned action; the event it records, if any."""
    action = p.agenda.pop()
    event = ACTIONS[action[0]](p, rng, *action[1:])
    if event is None:
        return None
    if p.age > 0:
        p.age += int(rng.random() * 4)
    p.events += 1
    if p.events >= LONGEST and not p.ended:
        p.ended = "full"
        p.agenda.clear()
    elif not p.ended and p.age > 0 and rng.random() < LOCAL_SHARE:
        p.agenda.append(("local",))
    return p.age, *event


def step(p: Patient, rng: Random) -> Step | None:
    """The next recorded event, or None when the record has ended."""
    while not p.ended or p.agenda:
        if not p.agenda:
            next_contact(p, rng)
        event = act(p, rng)
        if event is not None:
            return event
    return None


def finish_contact(p: Patient, rng: Random) -> list[Step]:
    """The rest of the contact that is going on."""
    events = []
    while p.agenda:
        event = act(p, rng)
        if event is not None:
            events.append(event)
    return events


def patient_rng(number: int, stream: str = "life") -> Random:
    return Random(f"{WORLD_SEED}/{number}/{stream}")


def simulate(number: int, until: int | None = None, constitution: Callable[[Patient], None] | None = None) -> tuple[Patient, list[Step]]:
    """Patient `number` with all events, or with the first `until` of them and the exact hidden state after these.

    `constitution` may change what the person was born with; life then takes its course.
    """
    rng = patient_rng(number)
    p = draw_patient(rng)
    if constitution:
        constitution(p)
    steps = []
    while until is None or len(steps) < until:
        event = step(p, rng)
        if event is None:
            break
        steps.append(event)
    return p, steps


def unit_of(name: str) -> str | None:
    if name in NUMERIC:
        return NUMERIC[name].unit
    return DERIVED_UNIT.get(name) if name in DERIVED else None


DERIVED_UNIT = {
    "egfr": "mL/min/{1.73_m2}",
    "creatinine": "mg/dL",
    "hba1c": "%",
    "glucose": "mg/dL",
    "cholesterol": "mg/dL",
    "hematocrit": "%",
    "rbc": "10*6/uL",
    "mch": "pg",
    "neutrophils": "10*3/uL",
    "iron": "ug/dL",
    "tibc": "ug/dL",
    "iron_saturation": "%",
    "prothrombin_time": "s",
    "height": "cm",
    "bmi": "kg/m2",
    "weight": "kg",
}


def birth_date(number: int, last_age: int) -> datetime:
    """A date of birth that lets the record end on some day of 2012 to 2024."""
    end = datetime(2012, 1, 1) + timedelta(days=int(patient_rng(number, "calendar").random() * 4748))
    return datetime.combine((end - timedelta(minutes=last_age)).date(), datetime.min.time())


def to_events(number: int, steps: list[Step], names: dict[str, str]) -> list[dict]:
    """The events as the library reads them."""
    born = birth_date(number, steps[-1][0])
    events = []
    for age, code, value in steps:
        event = {"code": code}
        if value is not None:
            event["value"] = value
            unit = unit_of(names.get(code, "")) if isinstance(value, float | int) else None
            if unit:
                event["unit"] = unit
        event["start"] = (born + timedelta(minutes=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
        event["omopTable"] = TABLE.get(code, "observation")
        events.append(event)
    return events
