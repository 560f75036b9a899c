"""Patients through `clmbr embed MODEL - --out -`, which reads and writes JSON Lines. Standard library only, so that it
can be sent to any worker."""

import json
import subprocess
import tempfile
import threading
from itertools import groupby
from operator import itemgetter
from typing import Any, BinaryIO, Iterable, Iterator

# (subject, whether this is a label time, microseconds since 1970 of the label or an event as JSON)
Row = tuple[int, bool, str]


class EmbedError(RuntimeError):
    """`clmbr embed` failed; the message is its own line."""


def patient_lines(rows: Iterable[Row], skip_unknown: bool = False) -> Iterator[str]:
    """One line for each patient, of which one is held at a time. The rows of a subject stand together.

    Raises ValueError where a subject has label times and no events, unless `skip_unknown`.
    """
    for subject, own in groupby(rows, key=itemgetter(0)):
        times: list[str] = []
        events: list[str] = []
        for _, is_label, text in own:
            (times if is_label else events).append(text)
        if events:
            at = f',"at":[{",".join(times)}]' if times else ""
            yield f'{{"id":{int(subject)},"events":[{",".join(events)}]{at}}}'
        elif not skip_unknown:
            raise ValueError(
                "expected events of every subject of the labels, found one without any (--skip-unknown leaves it out)"
            )


def embed_lines(command: list[str], lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows that the command writes, while a thread hands it the lines: neither side can block the other for good,
    and a slow reader slows all before it. Without lines no process is started.

    Raises EmbedError when the command fails, and whatever `lines` raises.
    """
    lines = iter(lines)
    first = next(lines, None)
    if first is None:
        return
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints)
        feeder = Feeder(process, first, lines)
        try:
            for line in process.stdout:
                # The last line of a process that was killed may be half a line.
                if line.endswith(b"\n"):
                    yield parse_row(line)
            code = process.wait()
            feeder.join()
            if feeder.error is not None:
                raise feeder.error
            if code != 0 or not feeder.is_done:
                raise EmbedError(f"{last_line(complaints)} (exit code {code})")
        finally:
            # Also where nobody wants the rest of the rows.
            process.kill()
            process.wait()
            process.stdout.close()


def parse_row(line: str | bytes) -> dict[str, Any]:
    """A row that the command writes, its representation as floats: it may hold `1` and `-0`, integers to Python."""
    row = json.loads(line, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
    row["representation"] = list(map(float, row["representation"]))
    return row


class Feeder(threading.Thread):
    """Writes lines to a process. A daemon: it may be waiting for a line when nobody wants any more."""

    def __init__(self, process: subprocess.Popen, first: str, rest: Iterator[str]):
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self.is_done = False
        self._process = process
        self._first = first
        self._rest = rest
        self.start()

    def run(self) -> None:
        try:
            with self._process.stdin as stdin:
                stdin.write(self._first.encode() + b"\n")
                for line in self._rest:
                    stdin.write(line.encode() + b"\n")
            self.is_done = True
        except BrokenPipeError:
            pass  # The process has ended; its exit code and its message say why.
        except BaseException as error:
            # A part of the patients must not pass for all of them.
            self.error = error
            self._process.kill()


def last_line(complaints: BinaryIO) -> str:
    complaints.seek(0)
    text = complaints.read().decode(errors="replace").strip()
    return text.splitlines()[-1] if text else "clmbr embed ended without a message"
