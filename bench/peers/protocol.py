"""What the programs of the Python peers share: arguments in, sequences of ids, one line of JSON out (see bench/cases/embed.mjs)."""

import argparse
import json
import resource
import time


def arguments(*flags: tuple) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--vectors")
    parser.add_argument("--cold", action="store_true")
    for name, settings in flags:
        parser.add_argument(name, **settings)
    return parser.parse_args()


def sequences(file: str) -> list[list[int]]:
    with open(file) as lines:
        return [[int(id) for id in line.split()] for line in lines if line.strip()]


def sorted_batches(work: list[list[int]], tokens: int) -> list[list[int]]:
    """Indices of the sequences, the longest first, in batches of at most `tokens` tokens with padding. A sequence that would be padded
    by more than a quarter starts a batch of its own, unless all are short: filling those up costs less than another call."""
    batches, batch = [], []
    for index in sorted(range(len(work)), key=lambda i: -len(work[i])):
        longest = len(work[batch[0]]) if batch else 0
        if batch and (longest * (len(batch) + 1) > tokens or (longest > 64 and len(work[index]) < 0.8 * longest)):
            batches.append(batch)
            batch = []
        batch.append(index)
    return batches + [batch] if batch else batches


def measure(options: argparse.Namespace, load, embed) -> None:
    """`load()` gives a model; `embed(model, sequences)` gives one F32 row a sequence."""
    started = time.perf_counter()
    model = load()
    load_seconds = time.perf_counter() - started
    if not options.cold:
        embed(model, [sequences(options.files[0])[0][:32]])
    runs, vectors = [], None
    for file in options.files:
        work, seconds, processor_seconds = sequences(file), [], []
        for _ in range(options.repeats):
            started, used = time.perf_counter(), time.process_time()
            rows = embed(model, work)
            seconds.append(time.perf_counter() - started)
            processor_seconds.append(time.process_time() - used)
            vectors = rows if vectors is None else vectors
        runs.append({"file": file, "seconds": seconds, "processorSeconds": processor_seconds})
    if options.vectors:
        with open(options.vectors, "wb") as target:
            target.write(vectors.astype("<f4").tobytes())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"loadSeconds": load_seconds, "runs": runs, "peakMiB": peak}))
