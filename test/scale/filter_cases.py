"""Cases of examples/scale/clmbr_filter.py: filter_cases.py CASE [ARGUMENT...]; prints what came out as JSON."""

import json
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "scale"))
from clmbr_filter import EmbedError, embed_lines, parse_row, patient_lines  # noqa: E402

case, *rest = sys.argv[1:]

# Answers each line with more than it took; a pipe holds 64 KiB of either.
ANSWER = """import sys
for line in sys.stdin:
    print('{"patient":' + line.strip() + ',"representation":[' + "0," * 5000 + "0]}")
"""
ECHO = [sys.executable, "-c", ANSWER]


def embed():
    """Rows as Spark has them, from a file, through the command."""
    rows = (tuple(row) for row in json.load(open(rest[0])))
    return list(embed_lines(rest[1:], patient_lines(rows)))


def lines():
    return list(patient_lines((tuple(row) for row in json.loads(rest[0])), skip_unknown="skip" in rest))


def much():
    return [row["patient"] for row in embed_lines(ECHO, map(str, range(2000)))] == list(range(2000))


def slow_reader():
    """How many of the lines were asked for when nobody has read on for a while, and whether the rest is let go."""
    asked = 0

    def source():
        nonlocal asked
        for number in range(100_000):
            asked += 1
            yield f'{number},"x":"{"x" * 5000}"'

    rows = embed_lines(ECHO, source())
    next(rows)
    time.sleep(1)
    held = asked
    rows.close()
    return held


def failing_command():
    script = """import sys
print('{"representation":[]}')
print("{", end="", flush=True)
sys.stdin.readline()
sys.exit("a warning\\nclmbr: what went wrong")"""
    return list(embed_lines([sys.executable, "-c", script], map(str, range(100_000))))


def deaf_command():
    """Ends well without having read everything."""
    return list(embed_lines([sys.executable, "-c", "pass"], map(str, range(100_000))))


def failing_source():
    def source():
        yield from ("1", "2")
        raise KeyError("the table is gone")

    return list(embed_lines(ECHO, source()))


def nothing():
    return list(embed_lines(["no-such-command"], iter(())))


def run():
    return list(embed_lines(rest, ["{}"]))


def numbers():
    return [str(x) for x in parse_row('{"patient":4611686018427387905,"representation":[1,-0,0,-0.5,1e-45]}').values()]


try:
    print(json.dumps({"result": globals()[case]()}))
except (EmbedError, ValueError, KeyError, OSError) as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
