"""A step of unsupervised SimCSE in torch, eager on the CPU, as its users write it: transformers' BertModel in train mode,
every text twice in one batch padded to its longest, [CLS] with a dense layer and tanh, cosines over a temperature, AdamW
(fused). In float32, or with `dtype` bfloat16 by autocast: float32 weights, the forward pass and the loss under it.

One JSON job as the argument; interleaved as child.mjs describes.
"""

import json
import os
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import torch
import torch.nn.functional as F
from transformers import BertConfig, BertModel


def main() -> None:
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    torch.manual_seed(1)
    shape = job["config"]
    model = BertModel(
        BertConfig(
            vocab_size=shape["vocabularySize"],
            hidden_size=shape["hiddenSize"],
            num_hidden_layers=shape["layers"],
            num_attention_heads=shape["heads"],
            intermediate_size=shape["intermediateSize"],
            max_position_embeddings=shape["maxPositions"],
            hidden_dropout_prob=job["dropout"],
            attention_probs_dropout_prob=job["dropout"],
        ),
        add_pooling_layer=False,
    ).train()
    head = torch.nn.Linear(shape["hiddenSize"], shape["hiddenSize"])
    parameters = [*model.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=job["learningRate"], weight_decay=0.0, fused=True)

    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=job["dtype"] == "bfloat16")

    def step(texts) -> None:
        longest = max(len(ids) for ids in texts)
        ids = torch.tensor([text + [0] * (longest - len(text)) for text in texts])
        mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
        with autocast:
            hidden = model(ids.repeat(2, 1), attention_mask=mask.repeat(2, 1)).last_hidden_state
            vectors = F.normalize(torch.tanh(head(hidden[:, 0])))
            first, second = vectors.chunk(2)
            loss = F.cross_entropy(first @ second.T / job["temperature"], torch.arange(len(texts)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    corpora = job["corpora"]
    for texts in corpora:
        step(texts)
    seconds = [[] for _ in corpora]
    print(json.dumps({"state": "ready"}), flush=True)
    for _ in sys.stdin:
        for index, texts in enumerate(corpora):
            begin = time.perf_counter()
            for _ in range(2):
                step(texts)
            seconds[index].append((time.perf_counter() - begin) / 2)
        print(json.dumps({"state": "done"}), flush=True)
    print(json.dumps({"peer": "torch-training", "seconds": seconds}))


if __name__ == "__main__":
    main()
