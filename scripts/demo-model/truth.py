"""What is true about a demo patient: the hidden conditions, and the generator's own probabilities of what comes next.

The exact hidden state after the last recorded event is copied and continued with fresh randomness, thousands of times.
Events outside the vocabulary are skipped, because the model never sees them: "next" and "within N events" count mapped events only.
A record that ends (the person leaves or dies) has no further events; an outcome that has not come by then does not come.
"""

from collections import Counter
from datetime import timedelta

from catalogue import CODE
from generator import birth_date, patient_rng, step
from patient import Patient
from vocabulary import Tokenizer

CONTINUATIONS = 2_000
HORIZONS = (64, 128)

OUTCOMES = {
    "type 2 diabetes": ("diabetes",),
    "chronic kidney disease, stage 3 or worse": ("ckd_3", "ckd_4", "ckd_5", "esrd"),
    "heart failure": ("heart_failure", "chronic_heart_failure"),
    "heart attack or stroke": ("myocardial_infarction", "stroke"),
    "hospital stay": ("visit_ip", "visit_erip"),
    "emergency visit": ("visit_er",),
    "start or renewal of insulin": ("insulin_glargine", "insulin_lispro"),
    "death": ("death",),
}
OUTCOME_CODES = {name: [CODE[key] for key in keys] for name, keys in OUTCOMES.items()}
_OUTCOMES_OF: dict[str, list[str]] = {}
for _name, _codes in OUTCOME_CODES.items():
    for _code in _codes:
        _OUTCOMES_OF.setdefault(_code, []).append(_name)


def continuations(number: int, state: Patient, tokenizer: Tokenizer, count: int) -> tuple[Counter, dict[str, list[int]]]:
    """Codes of the next event (`[EOS]`: the record ends), and for every outcome how many futures have it within each horizon."""
    following, hits = Counter(), {name: [0] * len(HORIZONS) for name in OUTCOMES}
    rng = patient_rng(number, "futures")
    for _ in range(count):
        p, events, met = state.clone(), 0, {}
        while events < HORIZONS[-1]:
            event = step(p, rng)
            if event is None:
                if events == 0:
                    following["[EOS]"] += 1
                break
            _, code, value = event
            if tokenizer.token_id(code, value) is None:
                continue
            if events == 0:
                following[code] += 1
            events += 1
            for name in _OUTCOMES_OF.get(code, ()):
                met.setdefault(name, events)
        for name, at in met.items():
            for i, horizon in enumerate(HORIZONS):
                hits[name][i] += at <= horizon
    return following, hits


def truth_of(number: int, state: Patient, last_age: int, tokenizer: Tokenizer, count: int = CONTINUATIONS) -> dict:
    born = birth_date(number, last_age)

    def date(age: int) -> str:
        return (born + timedelta(minutes=age)).strftime("%Y-%m-%d")

    following, hits = continuations(number, state, tokenizer, count)
    conditions = [
        {
            "name": name.replace("_", " "),
            "onset": date(began),
            "diagnosed": date(state.known[name]) if name in state.known else None,
            "severity": round(state.levels[name], 2),
        }
        for name, began in sorted(state.began.items(), key=lambda item: item[1])
    ]
    return {
        "conditions": conditions,
        "plausibleNext": [{"code": code, "probability": round(n / count, 4)} for code, n in following.most_common(40)],
        "risks": {
            name: {f"within{horizon}": round(n / count, 4) for horizon, n in zip(HORIZONS, counts, strict=True)}
            for name, counts in hits.items()
        },
    }
