"""The cross-entropy of masked words over a vocabulary in torch, eager on the CPU, forward + backward, as its users write it:
a linear layer with the tied table and a bias, cross entropy of its logits. In float32, or with `dtype` bfloat16 by autocast.

One JSON job as the argument; interleaved as child.mjs describes.
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

from job import rounds
from numbers_of import hashed_numbers

JOB = {"shape": [2048, 30522, 384], "threads": 2, "repeats": 3, "interleaved": False, "dtype": "float32"}


def main() -> None:
    job = JOB | (json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    torch.set_num_threads(job["threads"])
    positions, words, width = job["shape"]
    states = hashed_numbers(positions, width, 0)
    table = hashed_numbers(words, width, positions * width, 0.1)
    bias = torch.zeros(words, requires_grad=True)
    targets = torch.arange(positions) * 7919 % words
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=job["dtype"] == "bfloat16")
    seconds, loss = [], 0.0
    for timed in rounds(job):
        states.grad = table.grad = bias.grad = None
        begin = time.perf_counter()
        with autocast:
            total = F.cross_entropy(F.linear(states, table, bias), targets)
        total.backward()
        loss = total.item()
        if timed:
            seconds.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    print(json.dumps({"peer": "torch-vocabulary", "versions": versions, "seconds": seconds, "loss": loss, "peakMemory": peak}))


if __name__ == "__main__":
    main()
