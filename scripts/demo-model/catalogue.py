"""The catalogue: every code the generator can emit, under a short English name.

All other modules speak of `metformin` or `hba1c`; only this one knows that they are `RxNorm/6809` and `LOINC/4548-4`.
"""

import csv
from pathlib import Path

_ROWS = list(csv.DictReader(Path(__file__).with_name("codes.csv").open(encoding="utf-8")))

CODE = {row["name"]: row["code"] for row in _ROWS}
TABLE = {row["code"]: row["table"] for row in _ROWS}
DESCRIPTION = {row["code"]: row["description"] for row in _ROWS}
NAME = {row["code"]: row["name"] for row in _ROWS}

LOCAL_CODES = 20_000
"""How many different site-local codes exist: each is too rare to enter a vocabulary, as in real hospital data."""


def local_code(number: int) -> str:
    return f"LOCAL/{number:05d}"
