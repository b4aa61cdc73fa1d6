#!/usr/bin/env python3
"""Records adamw.json: ten steps of PyTorch's AdamW with clip_grad_norm_, and ten of Google BERT's AdamWeightDecay.

    python record-adamw.py

BERT's optimizer is written out after google-research/bert's optimization.py. Everything runs in float64 from numbers that
float32 holds exactly, and is seeded. Needs: torch, numpy.
"""

import json
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
STEPS = 10
# Two groups, as flat memory holds them: elements, factor of the learning rate, weight decay.
GROUPS = [(11, 1.0, 0.125), (8, 0.5, 0.0)]
RATE, BETAS = 0.01, (0.9, 0.999)
generator = np.random.default_rng(5)


def exact(*shape):
    """Multiples of 1/64."""
    return np.round(generator.standard_normal(shape) * 64) / 64


ELEMENTS = sum(elements for elements, _, _ in GROUPS)
START = exact(ELEMENTS)
# Every other step's gradient is short enough not to be clipped.
GRADIENTS = [exact(ELEMENTS) * (0.0625 if step % 2 else 1) for step in range(STEPS)]


def parts(flat):
    ends = np.cumsum([elements for elements, _, _ in GROUPS])[:-1]
    return [torch.tensor(part, dtype=torch.float64) for part in np.split(flat, ends)]


def flat(tensors):
    return [float(f"{value:.12g}") for tensor in tensors for value in tensor.tolist()]


def clipped(parameters, gradients, max_norm):
    for parameter, gradient in zip(parameters, gradients):
        parameter.grad = gradient
    if max_norm > 0:
        torch.nn.utils.clip_grad_norm_(parameters, max_norm)


def pytorch(max_norm, epsilon):
    parameters = [torch.nn.Parameter(part) for part in parts(START)]
    groups = [
        {"params": [parameter], "lr": RATE * factor, "weight_decay": decay}
        for parameter, (_, factor, decay) in zip(parameters, GROUPS)
    ]
    optimizer = torch.optim.AdamW(groups, betas=BETAS, eps=epsilon)
    trace = []
    for gradient in GRADIENTS:
        clipped(parameters, parts(gradient), max_norm)
        optimizer.step()
        trace.append(flat(parameter.detach() for parameter in parameters))
    return trace


def bert(max_norm, epsilon):
    parameters = [torch.nn.Parameter(part) for part in parts(START)]
    first = [torch.zeros_like(parameter) for parameter in parameters]
    second = [torch.zeros_like(parameter) for parameter in parameters]
    trace = []
    for gradient in GRADIENTS:
        clipped(parameters, parts(gradient), max_norm)
        with torch.no_grad():
            for parameter, m, v, (_, factor, decay) in zip(parameters, first, second, GROUPS):
                m.mul_(BETAS[0]).add_(parameter.grad * (1 - BETAS[0]))
                v.mul_(BETAS[1]).add_(parameter.grad.square() * (1 - BETAS[1]))
                update = m / (v.sqrt() + epsilon) + decay * parameter
                parameter.sub_(RATE * factor * update)
        trace.append(flat(parameter.detach() for parameter in parameters))
    return trace


def main():
    cases = [
        {"convention": convention.__name__, "maxNorm": max_norm, "epsilon": epsilon, "values": convention(max_norm, epsilon)}
        for convention, epsilon in [(pytorch, 1e-8), (bert, 1e-6)]
        for max_norm in [0, 1]
    ]
    golden = {
        "about": "Values [elements] after each of ten steps. Made by record-adamw.py.",
        "learningRate": RATE,
        "beta1": BETAS[0],
        "beta2": BETAS[1],
        "groups": [{"elements": e, "factor": f, "decay": d} for e, f, d in GROUPS],
        "start": START.tolist(),
        "gradients": [gradient.tolist() for gradient in GRADIENTS],
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in golden.items()]
    rows = ",\n".join(json.dumps(case) for case in cases)
    (HERE / "adamw.json").write_text("{\n" + ",\n".join(lines) + ',\n"cases": [\n' + rows + "\n]\n}\n", encoding="utf-8")


main()
