"""Vectors by onnxruntime, in batches of similar length padded on the right to their longest. `--model` is what export.py wrote."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).parent.parent))
from protocol import arguments, measure, sorted_batches  # noqa: E402

options = arguments(("--batch-tokens", {"type": int, "default": 8192}))


def load() -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(options.model, settings, providers=["CPUExecutionProvider"])


def embed(session: onnxruntime.InferenceSession, work: list[list[int]]) -> np.ndarray:
    rows = None
    for batch in sorted_batches(work, options.batch_tokens):
        longest = len(work[batch[0]])
        ids = np.full((len(batch), longest), 4, dtype=np.int64)
        for row, index in enumerate(batch):
            ids[row, : len(work[index])] = work[index]
        lengths = np.array([len(work[i]) for i in batch], dtype=np.int32)
        (vectors,) = session.run(None, {"ids": ids, "lengths": lengths})
        rows = np.empty((len(work), vectors.shape[1]), dtype=np.float32) if rows is None else rows
        rows[batch] = vectors
    return rows


measure(options, load, embed)
