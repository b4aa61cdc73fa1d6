#!/usr/bin/env python3
"""Records similarity.json: what sentence-transformers' EmbeddingSimilarityEvaluator and InformationRetrievalEvaluator say of
given vectors for a model that names each of the four measures.

    python record-similarity.py

The vectors are of small integers, so that equal scores are equal in any arithmetic. Everything is seeded. Needs: torch,
sentence-transformers, numpy.
"""

import json
from pathlib import Path

import numpy as np
import torch
from sentence_transformers.sentence_transformer.evaluation import (
    EmbeddingSimilarityEvaluator,
    InformationRetrievalEvaluator,
)
from sentence_transformers.util import SimilarityFunction

HERE = Path(__file__).resolve().parent
MEASURES = ["cosine", "dot", "euclidean", "manhattan"]
PAIRS, QUERIES, DOCUMENTS, WIDTH = 40, 8, 160, 5


class KnownVectors:
    """An encoder whose texts are the ids of their vectors, and which names a measure as a model does."""

    def __init__(self, vectors, measure):
        self.vectors = vectors
        self.similarity_fn_name = measure
        self.similarity = SimilarityFunction.to_similarity_fn(measure)
        self.model_card_data = None

    def encode(self, texts, **_):
        return torch.tensor(np.array([self.vectors[text] for text in texts], np.float32))

    encode_query = encode_document = encode


class Similarity(EmbeddingSimilarityEvaluator):
    def store_metrics_in_model_card_data(self, *_):
        pass


def rounded(value):
    return float(f"{float(value):.12g}")


def main():
    generator = np.random.default_rng(19)
    draw = lambda rows: generator.integers(-9, 10, (rows, WIDTH)).tolist()
    texts = {f"t{index}": row for index, row in enumerate(draw(2 * PAIRS))}
    pairs = [[f"t{2 * index}", f"t{2 * index + 1}", int(generator.integers(0, 6))] for index in range(PAIRS)]
    queries = {f"q{index}": row for index, row in enumerate(draw(QUERIES))}
    corpus = {f"d{index}": row for index, row in enumerate(draw(DOCUMENTS))}
    relevant = {}
    for query in queries:
        relevant[query] = sorted(f"d{number}" for number in generator.choice(DOCUMENTS, size=9, replace=False))
    measured = {}
    for measure in MEASURES:
        of_pairs = Similarity(*zip(*pairs), write_csv=False)(KnownVectors(texts, measure))
        evaluator = InformationRetrievalEvaluator(
            {key: key for key in queries},
            {key: key for key in corpus},
            {key: set(ids) for key, ids in relevant.items()},
            write_csv=False,
        )
        model = KnownVectors(queries | corpus, measure)
        evaluator.score_functions = {measure: model.similarity}
        evaluator.score_function_names = [measure]
        scores = evaluator.compute_all_metrics(model)[measure]
        measured[measure] = {
            "spearman": rounded(of_pairs[f"spearman_{measure}"]),
            "pearson": rounded(of_pairs[f"pearson_{measure}"]),
            "retrieval": {
                f"{name.removesuffix('@k')}@{k}": rounded(value)
                for name, values in scores.items()
                for k, value in values.items()
            },
        }
    made = {
        "about": "sentence-transformers' evaluators on these vectors, by measure. Made by record-similarity.py.",
        "texts": texts,
        "pairs": pairs,
        "queries": queries,
        "corpus": corpus,
        "relevant": relevant,
        "measured": measured,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in made.items()]
    (HERE / "similarity.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
