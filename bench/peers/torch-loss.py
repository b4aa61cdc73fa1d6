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

import numpy as np
import torch
import torch.nn.functional as F

JOB = {"shapes": [[4096, 384]], "threads": 2, "repeats": 3, "scale": 20}


def numbers(rows: int, width: int, first: int) -> torch.Tensor:
    """In [-1, 1) from the element's index by an integer hash, the same as in cases/loss.mjs."""
    x = (np.arange(first, first + rows * width, dtype=np.uint64) * 2654435761).astype(np.uint32)
    x = ((x ^ (x >> 16)).astype(np.uint64) * 2246822519).astype(np.uint32)
    x = (x.view(np.int32) ^ (x >> 13).view(np.int32)).astype(np.float64) / 2**31
    return torch.tensor(x.astype(np.float32).reshape(rows, width), requires_grad=True)


def measure(rows: int, width: int, job):
    queries, candidates = numbers(rows, width, 0), numbers(rows, width, rows * width)
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
