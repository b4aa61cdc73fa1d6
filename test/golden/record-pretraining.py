#!/usr/bin/env python3
"""Records bert-pretraining/: a tiny BertForPreTraining with a span boundary head beside it, one masked batch, and for every
objective of pretraining its loss, its accuracy and the gradient of every parameter, without dropout, in float64:

    python record-pretraining.py

- masked words and next sentence: BertForPreTraining of transformers;
- causal: BertLMHeadModel of transformers with the same weights;
- span boundary and permutation: written out here after the papers (Joshi et al., 2020; Yang et al., 2019), the two streams
  of the latter over BertModel's own layers.

Needs: torch, transformers, safetensors, numpy.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from transformers import BertConfig, BertForPreTraining, BertLMHeadModel

FOLDER = Path(__file__).resolve().parent / "bert-pretraining"
CLS, SEP, MASK = 2, 3, 4
SIZES = dict(
    vocab_size=41,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=24,
    max_position_embeddings=24,
    initializer_range=0.4,
)
TARGETS, WIDTH = 4, 200
generator = np.random.default_rng(31)

# Lengths of both segments, [CLS] and [SEP] included, and the masked spans [start, end): touching the first word, touching
# the last one, longer than the table of positions, of one word.
SEQUENCES = [((9, 5), [(1, 3), (5, 6)]), ((4, 3), [(5, 6)]), ((12, 8), [(3, 9), (13, 15)]), ((7, 4), [(2, 4)])]


def batch():
    rows = []
    for number, ((first, second), spans) in enumerate(SEQUENCES):
        words = generator.integers(5, 41, first + second).tolist()
        words[0], words[first - 1], words[-1] = CLS, SEP, SEP
        masked = list(words)
        places = [place for start, end in spans for place in range(start, end) if words[place] != SEP]
        for place in places:
            masked[place] = [MASK, MASK, 7, words[place]][place % 4]
        rows.append(
            dict(words=words, masked=masked, types=[0] * first + [1] * second, places=places, spans=spans, next=number % 2)
        )
    return rows


def padded(rows, key, fill=0):
    longest = max(len(row["words"]) for row in rows)
    return torch.tensor([row[key] + [fill] * (longest - len(row[key])) for row in rows])


def padding(rows):
    longest = max(len(row["words"]) for row in rows)
    return torch.tensor([[1] * len(row["words"]) + [0] * (longest - len(row["words"])) for row in rows])


def labels(rows):
    result = torch.full(padding(rows).shape, -100)
    for index, row in enumerate(rows):
        for place in row["places"]:
            result[index, place] = row["words"][place]
    return result


def accuracy(logits, own):
    counted = own != -100
    return (logits.argmax(-1)[counted] == own[counted]).double().mean().item()


def encode(model, rows):
    return model.bert(
        input_ids=padded(rows, "masked"), attention_mask=padding(rows), token_type_ids=padded(rows, "types")
    )


def masked_words(model, _, rows):
    logits = model.cls.predictions(encode(model, rows).last_hidden_state)
    own = labels(rows)
    return F.cross_entropy(logits.flatten(0, 1), own.flatten()), accuracy(logits, own)


def next_sentence(model, _, rows):
    logits = model.cls.seq_relationship(encode(model, rows).pooler_output)
    own = torch.tensor([row["next"] for row in rows])
    return F.cross_entropy(logits, own), accuracy(logits, own)


def span_boundary(model, head, rows):
    hidden = encode(model, rows).last_hidden_state
    inputs, own = [], []
    for index, row in enumerate(rows):
        for start, end in row["spans"]:
            if start == 1 or end == len(row["words"]) - 1:
                continue
            for offset, place in enumerate(range(start, min(end, start + TARGETS))):
                pair = [hidden[index, start - 1], hidden[index, end], head["position_embeddings.weight"][offset]]
                inputs.append(torch.cat(pair))
                own.append(row["words"][place])
    states = torch.stack(inputs)
    for layer in ("first", "second"):
        states = F.gelu(F.linear(states, head[f"{layer}.dense.weight"], head[f"{layer}.dense.bias"]))
        norm = [head[f"{layer}.LayerNorm.{name}"] for name in ("weight", "bias")]
        states = F.layer_norm(states, (states.shape[-1],), *norm, eps=1e-12)
    logits = F.linear(states, model.bert.embeddings.word_embeddings.weight, head["bias"])
    own = torch.tensor(own)
    return F.cross_entropy(logits, own, reduction="sum") / (len(own) + 1), accuracy(logits, own)


def causal(model, _, rows):
    decoder = BertLMHeadModel(BertConfig(**SIZES, is_decoder=True)).double().eval()
    decoder.bert, decoder.cls.predictions = model.bert, model.cls.predictions
    model.bert.config.is_decoder = True
    words = padded(rows, "words")
    own = words.masked_fill(padding(rows) == 0, -100)
    logits = decoder(input_ids=words, attention_mask=padding(rows), token_type_ids=padded(rows, "types")).logits[:, :-1]
    model.bert.config.is_decoder = False
    own = own[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), own.flatten()), accuracy(logits, own)


def attend(layer, queries, content, sees):
    """One BertLayer whose queries come from one stream and whose keys and values from the content."""
    part = layer.attention.self
    heads, width = part.num_attention_heads, part.attention_head_size

    def split(states):
        return states.view(-1, heads, width).transpose(0, 1)

    query, key, value = split(part.query(queries)), split(part.key(content)), split(part.value(content))
    scores = query @ key.transpose(1, 2) / width**0.5
    weights = scores.masked_fill(~sees, -torch.inf).softmax(-1)
    context = (weights @ value).transpose(0, 1).flatten(1)
    attended = layer.attention.output(context, queries)
    return layer.output(layer.intermediate(attended), attended)


def permutation(model, _, rows):
    losses, right = [], []
    for row in rows:
        ranks, places = torch.tensor(row["ranks"]), torch.tensor(row["places"])
        ids, types = torch.tensor([row["words"]]), torch.tensor([row["types"]])
        content = model.bert.embeddings(input_ids=ids, token_type_ids=types)[0]
        masks = torch.full_like(ids, MASK)
        query = model.bert.embeddings(input_ids=masks, token_type_ids=types)[0][places]
        up_to = ranks[None, :] <= ranks[:, None]
        below = ranks[None, :] < ranks[places][:, None]
        for layer in model.bert.encoder.layer:
            query, content = attend(layer, query, content, below), attend(layer, content, content, up_to)
        logits = model.cls.predictions(query)
        own = torch.tensor(row["words"])[places]
        losses.append(F.cross_entropy(logits, own, reduction="none"))
        right.append(logits.argmax(-1) == own)
    return torch.cat(losses).mean(), torch.cat(right).double().mean().item()


def span_head():
    made = torch.Generator().manual_seed(9)

    def normal(*shape):
        return (0.3 * torch.randn(*shape, generator=made)).float().double()

    head = {"position_embeddings.weight": normal(TARGETS, WIDTH), "bias": normal(41)}
    for layer, inputs in (("first", 2 * 16 + WIDTH), ("second", 16)):
        head[f"{layer}.dense.weight"], head[f"{layer}.dense.bias"] = normal(16, inputs), normal(16)
        head[f"{layer}.LayerNorm.weight"], head[f"{layer}.LayerNorm.bias"] = 1 + normal(16), normal(16)
    return {name: value.requires_grad_() for name, value in head.items()}


def parameters(model, head):
    own = {name: value for name, value in model.named_parameters() if not name.startswith("cls.predictions.decoder")}
    return own | {f"cls.span_boundary.{name}": value for name, value in head.items()}


def main():
    torch.manual_seed(7)
    model = BertForPreTraining(BertConfig(**SIZES, attn_implementation="eager"))
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith("bias") or "LayerNorm" in name:
                value.add_(0.2 * torch.randn(value.shape))
    model = model.eval()
    FOLDER.mkdir(exist_ok=True)
    model.config.save_pretrained(FOLDER)
    model = model.double()
    head, rows = span_head(), batch()
    for row in rows:  # an order of the masked places, by the batch's own numbers
        order = generator.permutation(len(row["places"]))
        row["ranks"] = [0] * len(row["words"])
        for rank, index in enumerate(order):
            row["ranks"][row["places"][index]] = rank + 1
    objectives = [masked_words, next_sentence, span_boundary, causal, permutation]
    optimizer = torch.optim.Adam(parameters(model, head).values(), lr=0.02)
    for _ in range(8):  # until something is predicted right
        optimizer.zero_grad()
        sum(objective(model, head, rows)[0] for objective in objectives).backward()
        optimizer.step()
    with torch.no_grad():
        for value in parameters(model, head).values():
            value.copy_(value.float())
    stored = {name: value.detach().float().contiguous() for name, value in parameters(model, head).items()}
    save_file(stored, FOLDER / "model.safetensors", metadata={"format": "pt"})
    gradients, cases = {}, []
    for objective in objectives:
        for value in parameters(model, head).values():
            value.grad = None
        loss, right = objective(model, head, rows)
        loss.backward()
        cases.append({"objective": objective.__name__, "loss": loss.item(), "accuracy": right})
        for name, value in parameters(model, head).items():
            if value.grad is not None and value.grad.abs().max() > 1e-12:
                gradients[f"{objective.__name__}.{name}"] = value.grad.float().contiguous()
    save_file(gradients, FOLDER / "gradients.safetensors")
    about = "A masked batch, and losses of every objective with accuracies; gradients beside it. Made by record-pretraining.py."
    golden = {"about": about, "targets": TARGETS, "maskToken": MASK, "rows": rows, "cases": cases}
    (FOLDER / "pretraining.json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
