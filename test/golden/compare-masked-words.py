#!/usr/bin/env python3
"""Holds `likewise evaluate mlm` against transformers on the same masks:

    likewise evaluate mlm --model MODEL --data TEXT --masks masks.jsonl --json > likewise.json
    python compare-masked-words.py MODEL masks.jsonl likewise.json

Prints loss and accuracy of both and fails where they differ in the fourth decimal. Needs: torch, transformers.
"""

import json
import sys

import torch
import torch.nn.functional as F
from transformers import AutoModelForMaskedLM


def main(folder, masks, figures):
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()
    rows = [json.loads(line) for line in open(masks, encoding="utf-8")]
    rows.sort(key=lambda row: len(row["tokenIds"]))
    loss, right, positions = 0.0, 0, 0
    with torch.inference_mode():
        for start in range(0, len(rows), 32):
            some = rows[start : start + 32]
            longest = max(len(row["tokenIds"]) for row in some)
            ids = torch.zeros(len(some), longest, dtype=torch.long)
            attention = torch.zeros_like(ids)
            own = torch.full_like(ids, -100)
            for index, row in enumerate(some):
                words = torch.tensor(row["tokenIds"])
                places = torch.tensor(row["places"], dtype=torch.long)
                ids[index, : len(words)] = words
                attention[index, : len(words)] = 1
                own[index, places] = words[places]
                ids[index, places] = torch.tensor(row["masked"], dtype=torch.long)
            logits = model(input_ids=ids, attention_mask=attention).logits
            loss += F.cross_entropy(logits.flatten(0, 1), own.flatten(), reduction="sum").item()
            right += (logits.argmax(-1) == own).sum().item()
            positions += (own != -100).sum().item()
    theirs = {"loss": loss / positions, "accuracy": right / positions, "positions": positions}
    ours = json.load(open(figures, encoding="utf-8"))
    for name, value in theirs.items():
        print(f"{name:10}{ours[name]:>14.6f} likewise {value:>14.6f} transformers")
    assert ours["positions"] == positions
    assert abs(ours["loss"] - theirs["loss"]) < 5e-5 and abs(ours["accuracy"] - theirs["accuracy"]) < 5e-5


if __name__ == "__main__":
    main(*sys.argv[1:])
