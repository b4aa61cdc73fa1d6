"""What the Python programs have in common, as job.mjs has it: rounds, resident size, the quality figure on STS-B."""

import csv
import os
import sys

import numpy as np


def rounds(job):
    """One round to warm up (False), then those to time (True): `repeats`, or with `interleaved` one per line of input,
    each of `calls` calls in a row after `warm` calls that are not timed."""
    yield job["repeats"] == 0
    if not job["interleaved"]:
        yield from [True] * job["repeats"]
        return
    print('{"state":"ready"}', flush=True)
    for _ in sys.stdin:
        yield from [False] * job.get("warm", 0) + [True] * job.get("calls", 1)
        print('{"state":"done"}', flush=True)


def resident_bytes() -> int:
    """Of this process, now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sts_spearman(file, encode) -> float:
    """Of cosine similarity against the gold scores; `encode(texts)` gives [texts, dim] rows."""
    from scipy.stats import spearmanr

    with open(file, newline="", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    vectors = encode([row[0] for row in rows] + [row[1] for row in rows]).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = np.split(vectors, 2)
    return float(spearmanr((first * second).sum(1), [float(row[2]) for row in rows]).statistic)
