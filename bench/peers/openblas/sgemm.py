"""GFLOP/s of OpenBLAS (numpy's) on the products of the model: sgemm.py ROWS,ROWS OUTPUTSxINPUTS,... THREADS. Prints JSON.

`core` is the set of kernels that OpenBLAS chose, or that OPENBLAS_CORETYPE told it to take.
"""

import json
import sys
import time

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

all_rows = [int(n) for n in sys.argv[1].split(",")]
shapes = [tuple(map(int, shape.split("x"))) for shape in sys.argv[2].split(",")]
threads = int(sys.argv[3])
# As bench/native measures: other programs hardly count where one thread works.
clock = time.process_time if threads == 1 else time.perf_counter
random = np.random.default_rng(1)
results = []
with threadpool_limits(threads):
    for rows in all_rows:
        for outputs, inputs in shapes:
            a = random.standard_normal((rows, inputs), dtype=np.float32)
            # As onnxruntime and torch hold it after loading: inputs x outputs, so that nothing is transposed.
            b = random.standard_normal((inputs, outputs), dtype=np.float32)
            c = np.empty((rows, outputs), dtype=np.float32)
            work, best = 2 * rows * outputs * inputs, float("inf")
            deadline = clock() + 0.4
            while clock() < deadline:
                started = clock()
                np.dot(a, b, out=c)
                best = min(best, clock() - started)
            results.append({"rows": rows, "outputs": outputs, "inputs": inputs, "gflops": work / best / 1e9})
library = next(entry for entry in threadpool_info() if entry["internal_api"] == "openblas")
print(json.dumps({"version": library["version"], "core": library["architecture"], "results": results}))
