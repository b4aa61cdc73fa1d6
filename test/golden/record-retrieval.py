#!/usr/bin/env python3
"""Records retrieval.json: what sentence-transformers' InformationRetrievalEvaluator says of given vectors, with equal
cosines, queries without judgements and judgements of documents that are not there.

    python record-retrieval.py

Everything is seeded. Needs: torch, sentence-transformers, numpy.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
from sentence_transformers.util import cos_sim

HERE = Path(__file__).resolve().parent
QUERIES, DOCUMENTS = 9, 150


class KnownVectors:
    """An encoder whose texts are the ids of their vectors."""

    def __init__(self, vectors):
        self.vectors = vectors
        self.similarity_fn_name = "cosine"
        self.similarity = cos_sim

    def encode(self, texts, **_):
        return torch.tensor(np.array([self.vectors[text] for text in texts], np.float32))

    encode_query = encode_document = encode


def main():
    generator = np.random.default_rng(5)

    # Documents of one direction are one vector and queries lie on an axis: equal cosines are equal in any arithmetic.
    axes = [[1, 0], [0, 1], [-1, 0], [0, -1]]
    queries = {f"q{index}": axes[index % 4] for index in range(QUERIES)}
    rows = generator.integers(-5, 6, (DOCUMENTS, 2)).tolist()
    corpus = {f"d{index}": [x // max(1, math.gcd(x, y)), y // max(1, math.gcd(x, y))] for index, (x, y) in enumerate(rows)}
    relevant = {}
    for index in range(QUERIES - 2):
        chosen = generator.choice(DOCUMENTS, size=[1, 2, 5, 12, 110, 3, 1][index], replace=False)
        relevant[f"q{index}"] = sorted(f"d{number}" for number in chosen)
    relevant["q0"].append("not in the corpus")
    relevant[f"q{QUERIES - 2}"] = []
    evaluator = InformationRetrievalEvaluator(
        {key: key for key in queries},
        {key: key for key in corpus},
        {key: set(ids) for key, ids in relevant.items()},
        score_functions={"cosine": cos_sim},
        write_csv=False,
    )
    scores = evaluator.compute_all_metrics(KnownVectors(queries | corpus))["cosine"]
    metrics = {
        f"{name.removesuffix('@k')}@{k}": float(f"{value:.12g}")
        for name, values in scores.items()
        for k, value in values.items()
    }
    made = {
        "about": "InformationRetrievalEvaluator on these vectors. Made by record-retrieval.py.",
        "queries": queries,
        "corpus": corpus,
        "relevant": relevant,
        "metrics": metrics,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in made.items()]
    (HERE / "retrieval.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
