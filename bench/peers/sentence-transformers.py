"""sentence-transformers on the CPU, as its users call it: `encode`, which sorts all texts by length by itself.

One JSON job as the argument, one JSON line as the result; README.md lists the fields. With order "arrival" each batch
of consecutive texts is a call of its own, as in a server that answers requests as they come.
"""

import json
import os
import platform
import statistics
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # left over from other work, they would slow numpy down
    os.environ.pop(name, None)

import numpy as np
import sentence_transformers
import tokenizers
import torch
import transformers
from job import resident_bytes, rounds, sts_spearman
from sentence_transformers import SentenceTransformer

JOB = {
    "batchSize": 32,
    "order": "sorted",
    "threads": 2,
    "repeats": 5,
    "interleaved": False,
    "maxLength": 256,
    "dtype": "float32",
}


def padded_tokens(lengths, texts, job) -> int:
    """Tokens that are computed, padding included: encode() sorts by characters, longest first, then cuts batches."""
    order = list(range(len(texts)))
    size = job["batchSize"]
    if job["order"] == "sorted":
        order.sort(key=lambda index: -len(texts[index]))
    batches = [order[start : start + size] for start in range(0, len(order), size)]
    return sum(len(batch) * max(lengths[index] for index in batch) for batch in batches)


def main() -> None:
    job = JOB | json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with open(job["texts"], encoding="utf-8") as file:
        texts = json.load(file)
    model = SentenceTransformer(job["model"], device="cpu", model_kwargs={"dtype": getattr(torch, job["dtype"])})
    model.max_seq_length = job["maxLength"]

    def encode_sorted(sentences):
        return model.encode(sentences, batch_size=job["batchSize"], show_progress_bar=False)

    def encode():
        if job["order"] == "sorted":
            return encode_sorted(texts)
        starts = range(0, len(texts), job["batchSize"])
        return np.concatenate([encode_sorted(texts[start : start + job["batchSize"]]) for start in starts])

    loaded = resident_bytes()
    seconds, cores, vectors = [], [], None
    for timed in rounds(job):
        begin, cpu = time.perf_counter(), time.process_time()
        vectors = encode()
        if timed:
            seconds.append(time.perf_counter() - begin)
            cores.append((time.process_time() - cpu) / seconds[-1])

    resident = {"loaded": loaded, "last": resident_bytes()}
    lengths = [len(row) for row in model.tokenizer(texts, truncation=True, max_length=job["maxLength"])["input_ids"]]
    if job.get("vectors"):
        vectors.astype(np.float32).tofile(job["vectors"])
    result = {
        "peer": "sentence-transformers",
        "versions": {
            "python": platform.python_version(),
            "sentence-transformers": sentence_transformers.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "torch": torch.__version__,
        },
        "dtype": job["dtype"],
        "order": job["order"],
        "batchSize": job["batchSize"],
        "threads": torch.get_num_threads(),
        "texts": len(texts),
        "tokens": padded_tokens(lengths, texts, job),
        "realTokens": sum(lengths),
        "dim": int(vectors.shape[1]),
        "seconds": seconds,
        "cores": cores,
        "medianSeconds": statistics.median(seconds),
        "resident": resident,
        "quality": {"stsSpearman": sts_spearman(job["stsb"], encode_sorted)} if job.get("stsb") else {},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
