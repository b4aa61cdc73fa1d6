#!/usr/bin/env python3
"""Records bert-two-layers/training.json and training.safetensors from PyTorch and transformers, on the model of that
folder in evaluation mode (no dropout):

    python record-training.py

- gradients of every parameter, an MLP head included, for several poolings and losses, in float64, stored in float16
  after division by each gradient's largest magnitude (whose value is in training.json);
- the losses of ten AdamW steps in float32 arithmetic from the same start, in both conventions, with clipping.

Needs: torch, transformers, safetensors, numpy.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from transformers import BertModel

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "bert-two-layers"
LENGTHS = [7, 3, 12, 5, 9, 4, 6, 11, 2, 8, 10, 5]  # texts, positives, hard negatives: four of each
EXAMPLES = 4


def batch():
    generator = np.random.default_rng(23)
    return [[2, *generator.integers(5, 60, length - 2).tolist(), 3] for length in LENGTHS]


def padded(texts):
    longest = max(map(len, texts))
    ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    return ids, mask


def head_parameters():
    generator = torch.Generator().manual_seed(5)
    weight = (0.3 * torch.randn(32, 32, generator=generator)).float()
    bias = (0.1 * torch.randn(32, generator=generator)).float()
    return weight, bias


def vectors(model, head, pooling, texts):
    ids, mask = padded(texts)
    out = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    weights = mask.unsqueeze(-1).to(out.last_hidden_state.dtype)

    def mean(state):
        return (state * weights).sum(1) / weights.sum(1)

    states = out.hidden_states
    if pooling == "cls":
        return torch.tanh(F.linear(states[-1][:, 0], *head))
    if pooling == "pooler":
        return out.pooler_output
    if pooling == "mean":
        return mean(states[-1])
    if pooling == "max":
        return states[-1].masked_fill(mask.unsqueeze(-1) == 0, -1e9).max(1).values
    if pooling == "first_last_layer1":
        return (mean(states[1]) + mean(states[-1])) / 2
    return (mean(states[-2]) + mean(states[-1])) / 2


def cosines(left, right):
    return F.normalize(left) @ F.normalize(right).T


def supervised(z, columns, weight):
    """princeton-nlp/SimCSE, train: z1 against z2, and z3 where there are hard negatives."""
    first, second = z[:EXAMPLES], z[EXAMPLES : 2 * EXAMPLES]
    logits = cosines(first, second) / 0.05
    if columns == 3:
        third = cosines(first, z[2 * EXAMPLES :]) / 0.05
        logits = torch.cat([logits, third + weight * torch.eye(EXAMPLES, dtype=z.dtype)], dim=1)
    return F.cross_entropy(logits, torch.arange(EXAMPLES))


def su(z):
    """bojone/SimCSE: neighbours belong together; the eight texts are taken in the order 0 4 1 5 ..., as if twins."""
    rows = z[[i // 2 + EXAMPLES * (i % 2) for i in range(2 * EXAMPLES)]]
    logits = 20 * cosines(rows, rows) - 1e12 * torch.eye(len(rows), dtype=z.dtype)
    return F.cross_entropy(logits, torch.arange(len(rows)) ^ 1)


def loss_of(name, z):
    if name == "simcse":
        return supervised(z, 2, 0)
    if name == "hard-negatives":
        return supervised(z, 3, 1.0)
    if name == "triplet":
        return F.triplet_margin_loss(z[:EXAMPLES], z[EXAMPLES : 2 * EXAMPLES], z[2 * EXAMPLES :], margin=5.0)
    if name == "regression":
        scores = torch.tensor([0.9, 0.1, 0.5, 0.3], dtype=z.dtype)
        return F.mse_loss(F.cosine_similarity(z[:EXAMPLES], z[EXAMPLES : 2 * EXAMPLES]), scores)
    return su(z)


CASES = [
    ("cls", "simcse"),
    ("mean", "hard-negatives"),
    ("max", "simcse"),
    ("pooler", "su-ntxent"),
    ("first_last_layer1", "triplet"),
    ("last_two", "regression"),
]


def start(dtype):
    model = BertModel.from_pretrained(FOLDER, dtype=torch.float32, attn_implementation="eager").to(dtype).eval()
    head = [parameter.to(dtype).requires_grad_() for parameter in head_parameters()]
    named = dict(model.named_parameters()) | {"mlp.dense.weight": head[0], "mlp.dense.bias": head[1]}
    return model, head, named


def gradients(texts, tensors):
    cases = []
    for pooling, loss_name in CASES:
        model, head, named = start(torch.float64)
        loss = loss_of(loss_name, vectors(model, head, pooling, texts))
        loss.backward()
        scales = {}
        for name, parameter in named.items():
            if parameter.grad is None or not parameter.grad.abs().max() > 1e-9:
                continue
            scale = float(parameter.grad.abs().max())
            scales[name] = float(f"{scale:.9g}")
            tensors[f"{pooling}.{name}"] = (parameter.grad / scale).numpy().astype(np.float16)
        cases.append({"pooling": pooling, "objective": loss_name, "loss": float(f"{loss.item():.9g}"), "scales": scales})
    return cases


def google_step(parameters, moments, rate, decay):
    """AdamWeightDecayOptimizer of google-research/bert."""
    for (name, parameter), state in zip(parameters, moments):
        first, second = state
        first.mul_(0.9).add_(parameter.grad, alpha=0.1)
        second.mul_(0.999).add_(parameter.grad.square(), alpha=0.001)
        update = first / (second.sqrt() + 1e-6)
        if not any(part in name for part in ("LayerNorm", "bias")):
            update = update + decay * parameter
        parameter.sub_(rate * update)


def ten_steps(texts, convention):
    model, head, named = start(torch.float32)
    parameters = list(named.items())
    decayed = [p for n, p in parameters if not any(part in n for part in ("LayerNorm", "bias"))]
    others = [p for n, p in parameters if any(part in n for part in ("LayerNorm", "bias"))]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}])
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for _, p in parameters]
    losses = []
    for step in range(10):
        rate = 1e-3 * (10 - step) / 10
        loss = loss_of("hard-negatives", vectors(model, head, "cls", texts))
        for _, parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in parameters], 1.0)
        with torch.no_grad():
            if convention == "pytorch":
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.step()
            else:
                google_step(parameters, moments, rate, 0.01)
        losses.append(float(f"{loss.item():.9g}"))
    return losses


def main() -> None:
    texts = batch()
    tensors: dict[str, np.ndarray] = {}
    weight, bias = head_parameters()
    tensors["mlp.dense.weight"], tensors["mlp.dense.bias"] = weight.numpy(), bias.numpy()
    value = {
        "about": "Gradients and AdamW losses of transformers' BertModel; made by ../record-training.py.",
        "texts": texts,
        "cases": gradients(texts, tensors),
        "adamw": {convention: ten_steps(texts, convention) for convention in ("pytorch", "bert")},
    }
    save_file(tensors, FOLDER / "training.safetensors")
    lines = [f"{json.dumps(key)}: {json.dumps(item, separators=(',', ':'))}" for key, item in value.items()]
    (FOLDER / "training.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
