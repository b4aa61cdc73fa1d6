"""torch's scaled_dot_product_attention on the CPU, in float32 or bfloat16: forward, and forward + backward with and without dropout.

One JSON job as the argument, one JSON line as the result; README.md lists the fields. The floating-point operations
counted are the two products of the forward pass, 4·B·H·S²·D, and 2.5 times as many more for the backward pass.
"""

import json
import os
import platform
import statistics
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import torch
from torch.nn.functional import scaled_dot_product_attention as attend

JOB = {"shapes": [[32, 12, 128, 32], [8, 12, 512, 64]], "passes": ["forward"], "dtype": "float32", "threads": 2, "repeats": 7, "dropout": 0.1}


def measure(shape, kind: str, job):
    batch, heads, length, dim = shape
    generator = torch.Generator().manual_seed(1)
    query, key, value, upstream = (
        torch.randn(shape, generator=generator).to(getattr(torch, job["dtype"])) for _ in range(4)
    )
    backward = kind != "forward"
    for tensor in (query, key, value):
        tensor.requires_grad_(backward)
    dropout = job["dropout"] if kind == "dropout" else 0.0

    def step():
        with torch.set_grad_enabled(backward):
            output = attend(query, key, value, dropout_p=dropout)
        if backward:
            for tensor in (query, key, value):
                tensor.grad = None
            output.backward(upstream)
        return output

    seconds = []
    for repeat in range(job["repeats"] + 2):  # two to warm up
        begin = time.perf_counter()
        output = step()
        if repeat > 1:
            seconds.append(time.perf_counter() - begin)

    flops = 4.0 * batch * heads * length * length * dim * (3.5 if backward else 1.0)
    with torch.no_grad():
        exact = attend(query[:1].double(), key[:1].double(), value[:1].double())
    return {
        "shape": shape,
        "pass": kind,
        "seconds": seconds,
        "medianSeconds": statistics.median(seconds),
        "gflops": flops / statistics.median(seconds) / 1e9,
        "quality": {} if dropout else {"maxError": float((output[:1].double() - exact).abs().max())},
    }


def main() -> None:
    job = JOB | (json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    torch.set_num_threads(job["threads"])
    cases = [measure(shape, kind, job) for shape in job["shapes"] for kind in job["passes"]]
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    print(json.dumps({"peer": "torch-attention", "versions": versions, "threads": job["threads"], "cases": cases}))


if __name__ == "__main__":
    main()
