#!/usr/bin/env python3
"""Records whitening.json: covariance, whitening and compact vectors as numpy and sentence-transformers compute them.

    python record_whitening.py

Vectors are seeded float32 with a large common mean and a falling spectrum, as a raw encoder's; everything else is
computed from them in float64. Vectors of a whitening have arbitrary signs, so what is recorded are cosines.

Needs: numpy, sentence-transformers.
"""

import base64
import json
from pathlib import Path

import numpy as np
from sentence_transformers.util import quantize_embeddings

HERE = Path(__file__).resolve().parent
ROWS, DIMENSION = 150, 24


def make_vectors() -> np.ndarray:
    random = np.random.default_rng(7)
    rotation, _ = np.linalg.qr(random.standard_normal((DIMENSION, DIMENSION)))
    mixing = rotation * (0.85 ** np.arange(DIMENSION))[:, None]
    mean = 3 * random.standard_normal(DIMENSION)
    return (random.standard_normal((ROWS, DIMENSION)) @ mixing + mean).astype(np.float32)


def cosines(vectors: np.ndarray) -> list:
    """Of row i with row i + 1."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.round(np.sum(unit[:-1] * unit[1:], axis=1), 12).tolist()


def encode(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


def whitenings(vectors: np.ndarray) -> dict:
    x = vectors.astype(np.float64)
    mean, covariance = x.mean(axis=0), np.cov(x.T)
    u, s, _ = np.linalg.svd(covariance)
    centered = x - mean
    result = {"mean": mean.tolist(), "covariance": covariance.tolist(), "values": s.tolist(), "cosines": {}}
    for k in (DIMENSION, 8):
        result["cosines"][f"whitening {k}"] = cosines(centered @ (u[:, :k] / np.sqrt(s[:k])))
        result["cosines"][f"pca {k}"] = cosines(centered @ u[:, :k])
    result["cosines"][f"zca {DIMENSION}"] = cosines(centered @ (u / np.sqrt(s)) @ u.T)
    result["cosines"]["remove_top 3"] = cosines(centered - centered @ u[:, :3] @ u[:, :3].T)
    result["cosines"]["whitening 8 epsilon 0.5"] = cosines(centered @ (u[:, :8] / np.sqrt(s[:8] + 0.5)))
    return result


def compact(vectors: np.ndarray) -> dict:
    train, test = vectors[:100], vectors[100:]
    ranges = np.vstack([train.min(axis=0), train.max(axis=0)])
    result = {"float16": encode(vectors.astype(np.float16))}
    for precision in ("int8", "uint8"):
        result[precision] = encode(quantize_embeddings(vectors, precision=precision))
        result[f"{precision} calibrated"] = encode(quantize_embeddings(test, precision=precision, ranges=ranges))
    for precision in ("binary", "ubinary"):
        result[precision] = encode(quantize_embeddings(vectors[:, :21] - 1, precision=precision))
    return result


def main() -> None:
    vectors = make_vectors()
    golden = {
        "rows": ROWS,
        "dimension": DIMENSION,
        "vectors": encode(vectors),
        **whitenings(vectors),
        "compact": compact(vectors),
    }
    (HERE / "whitening.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main()
