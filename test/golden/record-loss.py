#!/usr/bin/env python3
"""Records cosine-softmax-loss.json: contrastive losses as their authors' code states them, and the gradients by the raw
embeddings, in float64 from inputs that float32 holds exactly.

    python record-loss.py

Princeton's SimCSE, Su's SimCSE and SimBERT are written out after their publications; the directions and partitions are
sentence-transformers' own MultipleNegativesRankingLoss. Everything is seeded. Needs: torch, sentence-transformers, numpy.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from sentence_transformers.losses import MultipleNegativesRankingLoss

HERE = Path(__file__).resolve().parent
ROWS, WIDTH = 6, 7
generator = np.random.default_rng(11)


def embeddings(rows=ROWS):
    """Multiples of 1/64, exact in float32."""
    values = np.round(generator.standard_normal((rows, WIDTH)) * 64) / 64
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def cosines(left, right):
    return F.normalize(left) @ F.normalize(right).T


def princeton(first, second, temperature, negatives=None, weight=0.0):
    """sentence-level contrastive loss of princeton-nlp/SimCSE: rows are first, labels the diagonal, one direction."""
    logits = cosines(first, second) / temperature
    if negatives is not None:
        rows = len(first)
        logits = torch.cat([logits, cosines(first, negatives) / temperature], dim=1)
        logits = logits + torch.cat([torch.zeros(rows, rows), weight * torch.eye(rows)], dim=1)
    return F.cross_entropy(logits, torch.arange(len(first)))


def neighbours(rows, scale):
    """simcse_loss of bojone/SimCSE and the similarity loss of SimBERT: the diagonal masked, target i xor 1."""
    unit = F.normalize(rows)
    logits = (unit @ unit.T - 1e12 * torch.eye(len(rows))) * scale
    return F.cross_entropy(logits, torch.arange(len(rows)) ^ 1)


def without_equals(first, second, scale, ids, other_ids):
    logits = cosines(first, second) * scale
    equal = torch.tensor(ids)[:, None] == torch.tensor(other_ids)[None, :]
    equal.fill_diagonal_(False)
    return F.cross_entropy(logits.masked_fill(equal, -torch.inf), torch.arange(len(first)))


def directed(queries, documents, directions, partition):
    loss = MultipleNegativesRankingLoss(torch.nn.Identity(), scale=20.0, directions=directions, partition_mode=partition)
    return loss.compute_loss_from_embeddings([queries, *documents], None)


def digits(values):
    return [float(f"{value:.10g}") for value in np.asarray(values.detach()).ravel()]


def case(name, form, loss, settings, **matrices):
    loss.backward()
    return {
        "name": name,
        "form": form,
        **settings,
        "inputs": {key: digits(value) for key, value in matrices.items()},
        "loss": float(f"{loss.item():.12g}"),
        "gradients": {key: digits(value.grad) for key, value in matrices.items()},
    }


def cases():
    made = []
    for temperature in (0.05, 1.0):
        q, c = embeddings(), embeddings()
        made.append(case(f"Princeton, temperature {temperature}", "in-batch", princeton(q, c, temperature),
                         {"scale": 1 / temperature}, queries=q, documents=c))  # fmt: skip
    for weight in (0.0, math.log(2.0)):
        q, c, n = embeddings(), embeddings(), embeddings()
        made.append(case(f"Princeton, hard negatives, log-weight {weight:.2f}", "hard-negatives",
                         princeton(q, c, 0.05, n, weight), {"scale": 20.0, "logWeight": weight},
                         queries=q, documents=c, negatives=n))  # fmt: skip
    for name, scale in (("Su", 20.0), ("SimBERT", 30.0)):
        rows = embeddings(2 * ROWS)
        made.append(case(f"{name}, scale {scale:g}", "neighbours", neighbours(rows, scale), {"scale": scale}, queries=rows))
    q, c, scale = embeddings(), embeddings(), torch.tensor([20.0], dtype=torch.float64, requires_grad=True)
    ids, other_ids = [1, 2, 3, 4, 1, 2], [9, 2, 1, 4, 1, 5]
    made.append(case("equal texts", "ids", without_equals(q, c, scale, ids, other_ids),
                     {"ids": ids, "otherIds": other_ids}, queries=q, documents=c, scale=scale))  # fmt: skip
    every = ("query_to_doc", "query_to_query", "doc_to_query", "doc_to_doc")
    for directions in (every[:1], every[:2], ("query_to_doc", "doc_to_query"), ("query_to_doc", "doc_to_doc"),
                       ("query_to_doc", "query_to_query", "doc_to_doc"), every):  # fmt: skip
        for partition in ("joint", "per_direction"):
            if partition == "per_direction" and set(directions) & {"query_to_query", "doc_to_doc"}:
                continue
            for hard in (False, True):
                q, documents = embeddings(), [embeddings() for _ in range(2 if hard else 1)]
                loss = directed(q, documents, directions, partition)
                name = f"{partition}: {', '.join(directions)}{', hard negatives' if hard else ''}"
                matrices = dict(zip(("queries", "documents", "negatives"), [q, *documents]))
                settings = {"scale": 20.0, "directions": directions, "partition": partition}
                made.append(case(name, "directed", loss, settings, **matrices))
    return made


def main():
    about = (
        "Embeddings [rows, width], neighbours' rows twice as many; gradients of the same names; scale where it is learnt. "
        "Made by record-loss.py."
    )
    rows = ",\n".join(json.dumps(one, separators=(",", ":")) for one in cases())
    head = json.dumps({"about": about, "rows": ROWS, "width": WIDTH})[:-1]
    (HERE / "cosine-softmax-loss.json").write_text(f'{head}, "cases": [\n{rows}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
