"""A step of BERT's pretraining in torch, eager on the CPU, as a careful user writes it: transformers' BertForPreTraining in
train mode with scaled_dot_product_attention, clipping and AdamW (fused). The states at the masked places are gathered before
the head over the vocabulary; transformers' own loss would compute the logits of every token, most of them for nothing. In
float32, or with `dtype` bfloat16 by autocast: float32 weights, the forward pass and the losses under it.

One JSON job as the argument; interleaved as child.mjs describes.
"""

import json
import os
import platform
import resource
import sys
import time

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)

import torch
import torch.nn.functional as F
import transformers
from transformers import BertConfig, BertForPreTraining

from job import rounds


def model_of(shape, dropout):
    config = BertConfig(
        vocab_size=shape["vocabularySize"],
        hidden_size=shape["hiddenSize"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        intermediate_size=shape["intermediateSize"],
        max_position_embeddings=shape["maxPositions"],
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        attn_implementation="sdpa",
    )
    return BertForPreTraining(config).train()


def groups_of(model, decay):
    """Biases and layer norms do not decay."""
    exempt = [name.endswith(".bias") or "LayerNorm" in name for name, _ in model.named_parameters()]
    parameters = list(model.parameters())
    return [
        {"params": [p for p, out in zip(parameters, exempt) if not out], "weight_decay": decay},
        {"params": [p for p, out in zip(parameters, exempt) if out], "weight_decay": 0.0},
    ]


def main() -> None:
    job = json.loads(sys.argv[1])
    torch.set_num_threads(job["threads"])
    torch.manual_seed(1)
    model = model_of(job["config"], job["dropout"])
    optimizer = torch.optim.AdamW(groups_of(model, job["weightDecay"]), lr=job["learningRate"], fused=True)
    batch = {part: torch.tensor(values) for part, values in job["batch"].items()}
    shape = (job["sequences"], job["length"])
    ids, segments = batch["tokenIds"].view(shape), batch["segmentIds"].view(shape)
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=job["dtype"] == "bfloat16")

    def step() -> float:
        with autocast:
            made = model.bert(ids, token_type_ids=segments)
            states = made.last_hidden_state.flatten(0, 1)[batch["maskedPlaces"]]
            words = model.cls.predictions(states)
            follows = model.cls.seq_relationship(made.pooler_output)
            loss = F.cross_entropy(words, batch["maskedWords"]) + F.cross_entropy(follows, batch["nextSentence"])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), job["maxGradientNorm"])
        optimizer.step()
        return loss.item()

    seconds, losses = [], []
    for timed in rounds(job):
        begin = time.perf_counter()
        losses.append(step())
        if timed:
            seconds.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    versions = {"python": platform.python_version(), "torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({"peer": "torch-pretraining", "versions": versions, "seconds": seconds, "loss": losses[0], "peakMemory": peak}))


if __name__ == "__main__":
    main()
