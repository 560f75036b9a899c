"""The smallest actions of the health system: recording a code, taking a measurement, chance, waiting, ending a contact.

An action is a tuple (name, arguments...) on the agenda of a Patient; carrying it out returns the event it records, or None. Chance is
drawn when an action is carried out, not when the visit is planned, so that a Patient copied in the middle of a visit has an honest
distribution of futures. What has already been ordered (the tests of a panel) is part of the state.
"""

from random import Random

from catalogue import CODE, LOCAL_CODES, local_code
from conditions import CONDITIONS
from measurements import NUMERIC, ORDERS, ORDINAL, PANELS, TRAITS
from patient import Patient
from physiology import DERIVED, observe

Event = tuple[str, float | str | None]

VALUE_LOST = 0.01
"""The share of measurements whose value did not reach the record."""

MEASUREMENTS = {*NUMERIC, *DERIVED, *ORDINAL, *TRAITS}

REVEALS: dict[str, list] = {}
"""Measurement or procedure -> [(the condition it shows, from this value, up to this value)]."""
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


def mark(p: Patient, rng: Random, name: str) -> None:
    p.done[name] = p.age


ACTIONS = {
    "emit": emit,
    "local": local,
    "measure": measure,
    "panel": panel,
    "perhaps": perhaps_do,
    "wait": wait,
    "set": set_level,
    "mark": mark,
    "close": close,
    "die": die,
}
