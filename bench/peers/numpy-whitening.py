"""numpy's covariance, eigh and SVD, with its OpenBLAS as it comes: OPENBLAS_CORETYPE would halve it and is dropped.

One JSON job as the argument, one JSON line as the result; README.md lists the fields.
"""

import json
import os
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
JOB = {"kind": "covariance", "rows": 100_000, "dims": [768], "threads": 2, "repeats": 3}
JOB |= json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
os.environ["OPENBLAS_NUM_THREADS"] = str(JOB["threads"])

import numpy as np


def best_and_all(run, repeats: int):
    seconds = []
    for repeat in range(repeats + 1):  # one to warm up
        begin = time.perf_counter()
        run()
        if repeat > 0:
            seconds.append(time.perf_counter() - begin)
    return seconds


def covariance(rows: int, dim: int, repeats: int) -> dict:
    vectors = np.random.default_rng(1).standard_normal((rows, dim), dtype=np.float32)
    return {"np.cov": best_and_all(lambda: np.cov(vectors.T), repeats)}


def eigen(dim: int, repeats: int) -> dict:
    vectors = np.random.default_rng(dim).standard_normal((2 * dim, dim))
    matrix = np.cov(vectors.T)
    return {
        "numpy eigh (dsyevd)": best_and_all(lambda: np.linalg.eigh(matrix), repeats),
        "numpy svd (dgesdd)": best_and_all(lambda: np.linalg.svd(matrix), repeats),
    }


def main() -> None:
    results = []
    for dim in JOB["dims"]:
        measured = covariance(JOB["rows"], dim, JOB["repeats"]) if JOB["kind"] == "covariance" else eigen(dim, JOB["repeats"])
        results.append({"dim": dim, "seconds": measured})
    print(json.dumps({"versions": {"numpy": np.__version__}, "results": results}))


if __name__ == "__main__":
    main()
