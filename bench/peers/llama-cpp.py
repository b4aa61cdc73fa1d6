"""llama.cpp's embeddings through its Python binding, as its users call it: `Llama.embed` packs texts of any length into
batches of `batchTokens` tokens, with no padding but with attention over the whole batch, masked.

One JSON job as the argument, one JSON line as the result; README.md lists the fields. `batchTokens` and `flashAttention`
may be lists: every combination first runs on a sample of the texts, and the fastest one is measured; with `choose` that
is all it does. Texts are not cut: no batch may be smaller than the longest of them.
"""

import itertools
import json
import os
import platform
import statistics
import sys
import time
from importlib.metadata import version

import numpy as np
from job import resident_bytes, rounds, sts_spearman
from llama_cpp import LLAMA_POOLING_TYPE_MEAN, Llama

JOB = {
    "batchTokens": [256, 512, 1024],
    "flashAttention": [False, True],
    "threads": 2,
    "repeats": 5,
    "interleaved": False,
    "choose": False,
    "sample": 256,
    "trials": 2,
}


def open_model(job, settings):
    batch_tokens = settings["batchTokens"]
    return Llama(
        job["gguf"],
        embedding=True,
        pooling_type=LLAMA_POOLING_TYPE_MEAN,
        n_ctx=batch_tokens,
        n_batch=batch_tokens,
        n_ubatch=batch_tokens,
        n_threads=job["threads"],
        n_threads_batch=job["threads"],
        flash_attn=settings["flashAttention"],
        verbose=False,
    )


def embed(model, texts):
    """[texts, dim] float32, and the number of tokens."""
    vectors, tokens = model.embed(texts, normalize=True, truncate=False, return_count=True)
    return np.array(vectors, np.float32), tokens


def choose(job, texts):
    """The fastest settings on a sample spread over the corpus (one run to warm up, best of `trials`), and all tried."""
    keys = ("batchTokens", "flashAttention")
    lists = [job[key] if isinstance(job[key], list) else [job[key]] for key in keys]
    combinations = [dict(zip(keys, values)) for values in itertools.product(*lists)]
    if len(combinations) == 1:
        return combinations[0], []
    step = max(1, len(texts) // job["sample"])
    sample = texts[::step][: job["sample"]]
    tried = []
    for settings in combinations:
        model = open_model(job, settings)
        seconds = []
        for _ in range(1 + job["trials"]):
            begin = time.perf_counter()
            embed(model, sample)
            seconds.append(time.perf_counter() - begin)
        model.close()
        tried.append({**settings, "seconds": min(seconds[1:])})
    fastest = min(tried, key=lambda entry: entry["seconds"])
    return {key: fastest[key] for key in keys}, tried


def main() -> None:
    job = JOB | json.loads(sys.argv[1])
    with open(job["texts"], encoding="utf-8") as file:
        texts = json.load(file)
    settings, tried = choose(job, texts)
    if job["choose"]:
        print(json.dumps({"settings": settings, "tried": tried}))
        return
    model = open_model(job, settings)
    loaded = resident_bytes()

    seconds, cores, vectors, tokens = [], [], None, 0
    for timed in rounds(job):
        begin, cpu = time.perf_counter(), time.process_time()
        vectors, tokens = embed(model, texts)
        if timed:
            seconds.append(time.perf_counter() - begin)
            cores.append((time.process_time() - cpu) / seconds[-1])
    resident = {"loaded": loaded, "last": resident_bytes()}
    if job.get("vectors"):
        vectors.tofile(job["vectors"])
    quality = {}
    if job.get("stsb"):
        quality["stsSpearman"] = sts_spearman(job["stsb"], lambda sentences: embed(model, sentences)[0])
    result = {
        "peer": "llama.cpp",
        "versions": {"python": platform.python_version(), "llama-cpp-python": version("llama-cpp-python")},
        "gguf": os.path.basename(job["gguf"]),
        **settings,
        "order": "arrival",
        "threads": job["threads"],
        "texts": len(texts),
        "tokens": tokens,  # no padding: all of them are real
        "realTokens": tokens,
        "dim": int(vectors.shape[1]),
        "seconds": seconds,
        "cores": cores,
        "medianSeconds": statistics.median(seconds),
        "resident": resident,
        "quality": quality,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
