"""The complete hidden state of one simulated person, and how a person is drawn.

Everything the future depends on is in here, the unfinished part of a visit (`agenda`) too: a copy of a Patient can be continued again
and again with fresh randomness, which is how the true probabilities of the demo patients are computed.
"""

from math import exp
from random import Random

from conditions import LIABILITIES
from measurements import NUMERIC, ORDINAL, TRAITS

YEAR = 525_960
"""Minutes in a year: ages are whole minutes."""

RACES = (("race_white", 0.58), ("race_asian", 0.16), ("race_black", 0.13), ("race_native", 0.01), ("race_pacific", 0.01), ("", 0.11))

LOYALTY = (1.53, 2.98)
"""How long people stay: the contacts before leaving are about exp of the first in the median, with the second as spread on the log scale.

This makes the lengths of the timelines."""


class Patient:
    __slots__ = (
        "sex",
        "race",
        "hispanic",
        "entry",
        "age",
        "levels",
        "traits",
        "answers",
        "bmi",
        "stature",
        "engagement",
        "leaves",
        "began",
        "known",
        "drugs",
        "slowed",
        "seen",
        "done",
        "findings",
        "courses",
        "due",
        "agenda",
        "events",
        "ended",
    )

    def clone(self) -> "Patient":
        """A copy that can be continued without changing this one (what never changes is shared)."""
        copy = Patient.__new__(Patient)
        for name in self.__slots__:
            setattr(copy, name, getattr(self, name))
        for name in ("levels", "began", "known", "drugs", "slowed", "seen", "done", "courses"):
            setattr(copy, name, dict(getattr(self, name)))
        copy.findings, copy.agenda = list(self.findings), list(self.agenda)
        return copy

    def become(self, other: "Patient") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    @property
    def years(self) -> float:
        return self.age / YEAR


def pick(rng: Random, weighted):
    """One of the (value, weight) pairs."""
    x = rng.random() * sum(weight for _, weight in weighted)
    for value, weight in weighted:
        x -= weight
        if x < 0:
            return value
    return weighted[-1][0]


def draw_patient(rng: Random) -> Patient:
    p = Patient()
    p.sex = "F" if rng.random() < 0.54 else "M"
    p.race = pick(rng, RACES)
    p.hispanic = rng.random() < 0.17
    p.age = 0
    p.entry = 0.0 if rng.random() < 0.07 else min(88.0, 2 + rng.betavariate(1.9, 1.5) * 86)
    care = rng.gauss(0, 1)  # one latent behind how often someone comes and how long someone stays
    p.engagement = 0.42 * exp(0.55 * care)
    p.leaves = 1 / (1 + exp(LOYALTY[0] + LOYALTY[1] * care))
    p.bmi = min(55.0, max(17.0, 24.5 + rng.gauss(0, 2.2) + rng.expovariate(0.33)))
    p.stature = rng.gauss(0, 1)
    habit = rng.random()
    p.levels = {
        "smoking": 1.0 if habit < 0.19 else 0.4 if habit < 0.42 else 0.0,
        "alcohol": rng.random() ** 3,
        "obesity": min(1.0, max(0.0, (p.bmi - 25) / 14)),
        "unstable_life": 1.0 if rng.random() < 0.07 else 0.0,
    }
    for name in LIABILITIES:
        p.levels[name] = rng.random() ** 2
    p.traits = {name: rng.gauss(0, 1) for name in (*NUMERIC, *ORDINAL, "egfr", "hba1c")}
    p.answers = {name: pick(rng, choices) for name, choices in TRAITS.items()}
    p.began, p.known, p.drugs, p.slowed, p.seen, p.done, p.courses = {}, {}, {}, {}, {}, {}, {}
    p.findings = []
    p.due = None
    p.events = 0
    p.ended = ""
    p.agenda = [("enter",)]
    demographics = ["birth", "male" if p.sex == "M" else "female", "hispanic" if p.hispanic else "not_hispanic", p.race]
    p.agenda += [("emit", name) for name in reversed(demographics) if name]
    return p
