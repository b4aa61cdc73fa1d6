"""The symmetric contrastive loss in torch, float32 on the CPU, forward + backward, as its users write it: normalise,
one matrix of logits, cross entropy over its rows and over its columns.

One JSON job as the argument, one JSON line as the result; README.md lists the fields.
"""

import json
import os
import platform
import resource
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import torch
import torch.nn.functional as F

from numbers_of import hashed_numbers

JOB = {"shapes": [[4096, 384]], "threads": 2, "repeats": 3, "scale": 20}


def measure(rows: int, width: int, job):
    queries, candidates = hashed_numbers(rows, width, 0), hashed_numbers(rows, width, rows * width)
    labels = torch.arange(rows)

    def step():
        queries.grad = candidates.grad = None
        logits = F.normalize(queries) @ F.normalize(candidates).T * job["scale"]
        loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2
        loss.backward()
        return loss.item()

    if rows <= 4096:
        step()  # warms up; larger ones take seconds
    seconds = []
    for _ in range(job["repeats"]):
        begin = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"shape": [rows, width], "seconds": sorted(seconds)[len(seconds) // 2], "loss": loss, "peakMemory": peak}


def main() -> None:
    job = JOB | (json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    torch.set_num_threads(job["threads"])
    cases = [measure(rows, width, job) for rows, width in job["shapes"]]
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    print(json.dumps({"peer": "torch-loss", "versions": versions, "threads": job["threads"], "cases": cases}))


if __name__ == "__main__":
    main()
