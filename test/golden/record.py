#!/usr/bin/env python3
"""Records the golden files of this folder from independent implementations.

    python record.py                      bert-two-layers/  bert-three-layers-float16/
                                          bert-gelu-tanh-factorised/  attention.json
    python record.py --minilm ../../../shared/models/all-MiniLM-L6-v2 \\
                     --stsb ../../../shared/data/stsb-multi-mt/stsb-en-dev.csv \\
                     --vectors /some/where/else
                                          minilm-edge-texts.json, and in --vectors the full sentence vectors,
                                          which come from published weights and stay out of the repository

Expected numbers of the small models and of attention are computed in float64 from float32 weights and inputs, and
written with nine significant digits, so an exact float32 implementation differs from them by its own rounding only.
Everything is seeded: the same library versions write the same bytes.

Needs: torch, transformers, tokenizers, sentence-transformers, numpy, scipy.
"""

import argparse
import csv
import json
import math
from pathlib import Path

import numpy as np
import tokenizers
import torch
import transformers
from tokenizers import normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece
from transformers import BertConfig, BertModel, ElectraConfig, ElectraModel

HERE = Path(__file__).resolve().parent

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
PIECES = ["##" + piece for piece in "a e i o n s t r l d ing ed er ly".split()]
WORDS = "the cat dog sat on mat run play and red over".split()
VOCABULARY = SPECIAL + LETTERS + PIECES + WORDS + [".", ",", "!", "?"]  # 60 tokens
PAD, CLS, SEP = 0, 2, 3

TEXTS = [
    "",
    "the cat sat on the mat.",
    "The  Dog\tRAN, and  played over",
    "running!",
    "caté naïve",
    "the [MASK] sat [SEP] on",
    "qqq zebra 42 猫",
]


def digits(values, count: int = 9):
    """Nested lists of floats with `count` significant digits; what is not finite becomes null."""
    if isinstance(values, (np.ndarray, torch.Tensor)):
        values = values.tolist()
    if isinstance(values, list):
        return [digits(value, count) for value in values]
    return float(f"{values:.{count}g}") if math.isfinite(values) else None


def write_json(path: Path, value) -> None:
    """One line per entry of the two outer levels: small, and still readable in a diff."""

    def inner(item) -> str:
        return json.dumps(item, separators=(",", ":"))

    lines = []
    for key, item in value.items():
        if isinstance(item, list) and item and isinstance(item[0], dict):
            rows = ",\n".join(
                "{" + ",\n  ".join(f"{inner(k)}: {inner(v)}" for k, v in row.items()) + "}" for row in item
            )
            lines.append(f"{inner(key)}: [\n{rows}\n]")
        else:
            lines.append(f"{inner(key)}: {inner(item)}")
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


# --- small models ------------------------------------------------------------------------------------------------------


def randomise(model: torch.nn.Module, seed: int) -> None:
    """Weights and biases of std 0.2; LayerNorm gamma 1 ± 0.3 and beta ± 0.2, so that forgetting either shows."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if name.endswith("LayerNorm.weight"):
                parameter.copy_(1.0 + 0.3 * noise)
            else:
                parameter.copy_(0.2 * noise)


def save(model, folder: Path) -> None:
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)


def sequences(lengths, seed: int, pairs):
    """Random ids, [CLS] first and [SEP] last (a sequence of one is [CLS]); those in `pairs` have a second segment."""
    generator = np.random.default_rng(seed)
    result = []
    for index, length in enumerate(lengths):
        ids = generator.integers(len(SPECIAL), len(VOCABULARY), length)
        ids[0] = CLS
        types = np.zeros(length, np.int64)
        if length > 1:
            ids[-1] = SEP
        if index in pairs:
            middle = length // 2
            ids[middle] = SEP
            types[middle + 1 :] = 1
        result.append((ids.tolist(), types.tolist()))
    return result


def run_alone(model, ids, types):
    """hidden states of one sequence: [layers + 1][length, hidden], the embeddings first."""
    with torch.inference_mode():
        output = model(
            input_ids=torch.tensor([ids]),
            attention_mask=torch.ones(1, len(ids), dtype=torch.int64),
            token_type_ids=torch.tensor([types]),
            output_hidden_states=True,
        )
    assert torch.equal(output.hidden_states[-1], output.last_hidden_state)
    return [state[0] for state in output.hidden_states]


def check_padding(model, batch, alone) -> float:
    """Runs all sequences in one padded batch; the real tokens must come out as they did alone."""
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([row + [PAD] * (longest - len(row)) for row, _ in batch])
    types = torch.tensor([row + [0] * (longest - len(row)) for _, row in batch])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row, _ in batch])
    with torch.inference_mode():
        padded = model(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
    worst = max(
        float((padded[row, : len(states[-1])] - states[-1]).abs().max()) for row, states in enumerate(alone)
    )
    assert worst < 1e-12, f"padding changes the result by {worst}"
    return worst


def pooled(states, model):
    """Every pooling of one sequence. Means run over all tokens, [CLS] and [SEP] included."""
    last, length = states[-1], len(states[-1])
    weights = torch.arange(1, length + 1, dtype=last.dtype)[:, None]
    dense = model.pooler.dense(last[0])
    return {
        "cls": last[0],
        "mean": last.mean(0),
        "max": last.max(0).values,
        "mean_sqrt_len_tokens": last.sum(0) / math.sqrt(length),
        "weightedmean": (last * weights).sum(0) / weights.sum(),
        "lasttoken": last[-1],
        "pooler": torch.tanh(dense),
        "pooler-linear": dense,
        "first-last-embeddings": ((states[0] + last) / 2).mean(0),
        "first-last-layer1": ((states[1] + last) / 2).mean(0),
        "last-two": ((states[-2] + last) / 2).mean(0),
    }


def check_poolings(batch, alone, poolings, hidden: int) -> float:
    """The six poolings that sentence-transformers has, by its own module on a padded batch."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    longest = max(len(ids) for ids, _ in batch)
    features = torch.full((len(batch), longest, hidden), 7.0, dtype=torch.float64)  # padding that would show
    mask = torch.zeros(len(batch), longest, dtype=torch.int64)
    for row, states in enumerate(alone):
        features[row, : len(states[-1])] = states[-1]
        mask[row, : len(states[-1])] = 1
    worst = 0.0
    for mode in ["cls", "mean", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]:
        theirs = Pooling(hidden, pooling_mode=mode)(
            {"token_embeddings": features.clone(), "attention_mask": mask, "cls_token_embeddings": features[:, 0]}
        )["sentence_embedding"]
        ours = torch.stack([entry[mode] for entry in poolings])
        worst = max(worst, float((theirs - ours).abs().max()))
    assert worst < 1e-6, f"a pooling differs from sentence-transformers by {worst}"  # its weights are float32 inside
    return worst


def make_tokenizer(folder: Path, longest: int):
    tokenizer = tokenizers.Tokenizer(
        WordPiece({token: index for index, token in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)],
    )
    tokenizer.decoder = tokenizers.decoders.WordPiece(prefix="##")
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": longest,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    loaded = transformers.AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        assert loaded(text)["input_ids"] == tokenizer.encode(text).ids, text
    return tokenizer


def record_bert(name: str, about: str, lengths, pairs, seed: int, dtype=torch.float32, texts=(), **shape) -> None:
    """A BertModel folder with expected.json: all hidden states and all poolings of some sequences."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    config = BertConfig(vocab_size=len(VOCABULARY), type_vocab_size=2, pad_token_id=PAD, **shape)
    model = BertModel(config)
    model.set_attn_implementation("eager")
    randomise(model, seed)
    model = model.to(dtype)
    save(model, folder)
    tokenizer = make_tokenizer(folder, config.max_position_embeddings) if texts else None

    exact = model.double().eval()  # of the stored weights, float16 ones included
    batch = sequences(lengths, seed + 1, pairs)
    with torch.inference_mode():
        alone = [run_alone(exact, ids, types) for ids, types in batch]
        poolings = [pooled(states, exact) for states in alone]
    padding = check_padding(exact, batch, alone)
    difference = check_poolings(batch, alone, poolings, config.hidden_size)
    print(f"{name}: padded against alone {padding:.1e}, poolings against sentence-transformers {difference:.1e}")

    expected = {"about": about}
    if tokenizer:
        expected["texts"] = [{"text": text, "ids": tokenizer.encode(text).ids} for text in texts]
    expected["sequences"] = [
        {
            "inputIds": ids,
            "tokenTypeIds": types,
            "hiddenStates": [digits(state) for state in states],
            "pooled": {mode: digits(vector) for mode, vector in pools.items()},
        }
        for (ids, types), states, pools in zip(batch, alone, poolings)
    ]
    write_json(folder / "expected.json", expected)


def two_layers() -> None:
    record_bert(
        "bert-two-layers",
        "float64 results of a transformers BertModel; hiddenStates: embeddings, layer 1, layer 2 (the last hidden "
        "state), each [length][32]; pooled: each [32]. Made by ../record.py.",
        lengths=[1, 2, 5, 13, 40, 17],
        pairs={3, 5},
        seed=20,
        texts=TEXTS,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=40,
    )


def three_layers() -> None:
    """With two layers `first-last-layer1` and `last-two` are the same average; this model tells them apart."""
    record_bert(
        "bert-three-layers-float16",
        "float64 results of a transformers BertModel with float16 weights; hiddenStates: embeddings, layers 1 to 3, "
        "each [length][12]; pooled: each [12]. Made by ../record.py.",
        lengths=[1, 4, 9],
        pairs={2},
        seed=50,
        dtype=torch.float16,
        hidden_size=12,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=20,
        max_position_embeddings=16,
    )


def factorised() -> None:
    """Embeddings of 16 dimensions, LayerNorm there, then a Linear to 39; three heads of 13; tanh-approximated GELU."""
    folder = HERE / "bert-gelu-tanh-factorised"
    folder.mkdir(exist_ok=True)
    config = ElectraConfig(
        vocab_size=len(VOCABULARY), embedding_size=16, hidden_size=39, num_hidden_layers=1, num_attention_heads=3,
        intermediate_size=30, max_position_embeddings=24, type_vocab_size=2, hidden_act="gelu_new", pad_token_id=PAD,
    )  # fmt: skip
    model = ElectraModel(config)
    model.set_attn_implementation("eager")
    randomise(model, seed=30)
    save(model, folder)

    exact = model.double().eval()
    batch = sequences([1, 4, 24, 11], seed=31, pairs={1, 3})
    alone = [run_alone(exact, ids, types) for ids, types in batch]
    padding = check_padding(exact, batch, alone)
    print(f"bert-gelu-tanh-factorised: padded against alone {padding:.1e}")
    write_json(
        folder / "expected.json",
        {
            "about": "float64 results of a transformers ElectraModel; lastHiddenState [length][39]. "
            "Made by ../record.py.",
            "sequences": [
                {"inputIds": ids, "tokenTypeIds": types, "lastHiddenState": digits(states[-1])}
                for (ids, types), states in zip(batch, alone)
            ],
        },
    )


# --- attention ---------------------------------------------------------------------------------------------------------


def attend(case):
    """softmax(scale · q kᵀ) v per sequence and head, in float64; a row that sees no key gives 0 and -inf."""
    heads, dim = case["heads"], case["headDim"]
    q, k, v = (np.array(case[name], np.float64).reshape(-1, heads, dim) for name in "qkv")
    output = np.zeros_like(q)  # [queryTokens, heads, headDim]
    logs = np.full(q.shape[:2], -np.inf)  # [queryTokens, heads]
    starts = zip(case["cuSeqlensQ"], case["cuSeqlensQ"][1:], case["cuSeqlensK"], case["cuSeqlensK"][1:])
    for q0, q1, k0, k1 in starts:
        for i in range(q0, q1):
            seen = list(range(k0, k1))
            if case["rankQ"] is not None:
                limit = case["rankQ"][i]
                ranks = case["rankK"]
                seen = [j for j in seen if (ranks[j] < limit if case["strict"] else ranks[j] <= limit)]
            if not seen:
                continue
            for head in range(heads):
                scores = case["scale"] * (k[seen, head] @ q[i, head])
                peak = scores.max()
                weights = np.exp(scores - peak)
                total = weights.sum()
                output[i, head] = weights @ v[seen, head] / total
                logs[i, head] = peak + math.log(total)
    return output, logs


def attention_cases():
    generator = np.random.default_rng(40)

    def random(count: int):
        """Multiples of 1/32 in [-2, 2]: exact in float32 and in bfloat16, and short in the file."""
        return (np.clip(np.round(generator.standard_normal(count) * 32), -64, 64) / 32).tolist()

    def case(name, heads, dim, queries, keys=None, rank_q=None, rank_k=None, strict=False, scale=None):
        keys = queries if keys is None else keys
        made = {
            "name": name,
            "heads": heads,
            "headDim": dim,
            "scale": float(np.float32(1 / math.sqrt(dim) if scale is None else scale)),
            "cuSeqlensQ": [0, *np.cumsum(queries).tolist()],
            "cuSeqlensK": [0, *np.cumsum(keys).tolist()],
            "rankQ": rank_q,
            "rankK": rank_q if rank_k is None else rank_k,
            "strict": strict,
            "q": random(sum(queries) * heads * dim),
            "k": random(sum(keys) * heads * dim),
            "v": random(sum(keys) * heads * dim),
        }
        output, logs = attend(made)
        made["output"] = digits(output.ravel())
        made["logSumExp"] = digits(logs.ravel())
        return made

    def positions(lengths):
        return [position for length in lengths for position in range(length)]

    def prefix(*parts):
        """UniLM: rank 0 over the source, then 1, 2, 3 … over the target."""
        return [rank for source, target in parts for rank in [0] * source + list(range(1, target + 1))]

    def order(lengths):
        return [rank for length in lengths for rank in generator.permutation(length).tolist()]

    shuffled = order([6, 1, 3])
    return [
        case("bidirectional, head of 5", 2, 5, [3, 1, 4]),
        case("bidirectional, head of 13", 3, 13, [2, 4]),
        case("bidirectional, head of 26", 1, 26, [5, 1]),
        case("bidirectional, head of 32", 1, 32, [7, 2]),
        case("queries and keys of different lengths, some empty", 2, 5, [2, 0, 3, 1], [4, 3, 0, 2]),
        case("no token at all", 2, 5, [0, 0], [0, 0]),
        case("causal, head of 13", 1, 13, [5, 1, 3], rank_q=positions([5, 1, 3])),
        case("causal, twelve tokens, head of 5", 2, 5, [12], rank_q=positions([12])),
        case("causal with a cache: the last queries of longer keys", 1, 26, [1, 2], [6, 4],
             rank_q=[5, 2, 3], rank_k=positions([6, 4])),
        case("prefix (UniLM): 4 + 3 and 1 + 5 tokens", 1, 13, [7, 6], rank_q=prefix((4, 3), (1, 5))),
        case("permutation", 2, 5, [6, 1, 3], rank_q=shuffled),
        case("permutation, strict: the first of each order sees nothing", 2, 5, [6, 1, 3], rank_q=shuffled, strict=True),
        case("large scores, whose exponentials overflow float32", 1, 32, [4], scale=16.0),
    ]  # fmt: skip


def attention() -> None:
    cases = attention_cases()
    write_json(
        HERE / "attention.json",
        {
            "about": "q, output [queryTokens, heads, headDim]; k, v [keyTokens, heads, headDim]; logSumExp "
            "[queryTokens, heads], null for -infinity. Query i sees key j of its sequence when rankK[j] <= rankQ[i], "
            "or < if strict; ranks null: all. float64 results. Made by record.py.",
            "cases": cases,
        },
    )
    print(f"attention.json: {len(cases)} cases")


# --- real weights ------------------------------------------------------------------------------------------------------

PASSAGE = (
    "The harbour was quiet when the ferry came in, and the three of us stood at the rail counting the lights along "
    "the shore as if their number could tell us whether anyone was waiting. "
)

EDGE_TEXTS = {
    "plain": "A man is playing a guitar on the stage.",
    "question": "How many programmers does it take to change a light bulb?",
    "empty": "",
    "spaces only": "     ",
    "no-break and other spaces only": "\u00a0\u2003\u3000\u2009",
    "one letter": "a",
    "one full stop": ".",
    "one emoji": "🙂",
    "upper case": "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG",
    "mixed case and digits": "ISO 9001:2015 was Released in v2.0.1-rc3",
    "longer than the model": PASSAGE * 12,
    "exactly at the limit": "word " * 254,
    "one over the limit": "word " * 255,
    "5,000 letters without a space": "abcde" * 1000,
    "100 letters in one word": "a" * 100,
    "101 letters in one word": "a" * 101,
    "400 Chinese characters": "春眠不觉晓处处闻啼鸟" * 40,
    "Chinese": "今天天气很好，我们去公园散步吧。",
    "Chinese and English": "我用Node.js写了一个sentence encoder。",
    "Japanese": "私は昨日、東京で寿司を食べました。ｶﾀｶﾅ",
    "Korean": "안녕하세요, 만나서 반갑습니다.",
    "Arabic, right to left": "مرحبا بالعالم، كيف حالك؟",
    "Hebrew with points": "שָׁלוֹם עוֹלָם",
    "right-to-left override": "abc \u202edef\u202c ghi",
    "Thai": "สวัสดีชาวโลก",
    "Hindi": "नमस्ते दुनिया",
    "Russian": "Ещё один день, и всё будет хорошо",
    "Greek final sigma": "ΟΔΥΣΣΕΥΣ και Οδυσσεύς",
    "Turkish dotted I": "İstanbul ISPARTA ıslak",
    "German sharp s": "STRASSE Straße ẞ",
    "accents, composed": "café naïve Ångström façade",
    "accents, combining": "cafe\u0301 nai\u0308ve A\u030angstro\u0308m fac\u0327ade",
    "many combining marks": "z\u0351\u0343\u0346a\u0310\u0352\u0357l\u0305\u030dg\u0334\u0335o\u0321\u0322",
    "zero-width characters": "zero\u200bwidth\u200djoin\u2060er\ufeff",
    "soft hyphen": "co\u00adoperate with\u00adout",
    "emoji with modifiers": "👩\u200d👩\u200d👧\u200d👦 and 👍🏽 and 🇫🇷",
    "control characters": "a\u0000b\u0001c\u007fd\u0085e\u001bf",
    "tab, line feed, carriage return": "first\tsecond\nthird\r\nfourth\u2028fifth",
    "special tokens in the text": "[CLS] the [MASK] sat [SEP] on [PAD] the [UNK] mat",
    "almost special tokens": "[cls] [ MASK ] [SEP",
    "replacement and private use": "\ufffd \ue000 \U000f0000 x",
    "ligatures and full-width": "ﬁne ﬂow Ｆｕｌｌ ｗｉｄｔｈ １２３ ²³ ½",
    "quotes and dashes": "“Well”—she said—‘it’s… fine’ – no?",
    "symbols": "€100 ≈ £85; x² ≤ √y ∑∞ → © ™ #hash @user $HOME",
    "word pieces": "unbelievably antidisestablishmentarianism supercalifragilistic",
    "address": "https://example.org/a/b?c=d&e=%20f#g user.name+tag@example.co.uk",
    "punctuation only": "!!! ... ??? --- ***",
    "source code": "const x = await f({ a: [1, 2] }); // done\n\treturn x ?? null;",
}


def projection(size: int):
    """Fixed pseudo-random vector in [-1, 1): x ← (1664525 x + 1013904223) mod 2³² from 1, component x / 2³¹ − 1."""
    state, values = 1, []
    for _ in range(size):
        state = (1664525 * state + 1013904223) % 2**32
        values.append(state / 2**31 - 1)
    return np.array(values)


def minilm(folder: str, stsb: str, vectors: str | None) -> None:
    import scipy.stats
    import sentence_transformers

    torch.set_num_threads(2)
    model = sentence_transformers.SentenceTransformer(folder, device="cpu")
    texts = list(EDGE_TEXTS.values())
    # One text at a time: in a padded batch the last float32 bits depend on the neighbours.
    edge = np.stack([model.encode(text, batch_size=1, show_progress_bar=False) for text in texts])
    counts = [int(model.preprocess([text])["attention_mask"].sum()) for text in texts]

    with open(stsb, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    both = [row[0] for row in rows] + [row[1] for row in rows]
    gold = np.array([float(row[2]) for row in rows])
    stsb_vectors = model.encode(both, batch_size=32, show_progress_bar=False)
    first, second = np.split(stsb_vectors.astype(np.float64), 2)
    cosine = (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    spearman = scipy.stats.spearmanr(cosine, gold).statistic
    pearson = scipy.stats.pearsonr(cosine, gold).statistic
    tokens = sum(int(model.preprocess([text])["attention_mask"].sum()) for text in both)
    print(f"STS-B dev: Spearman {spearman:.6f}, Pearson {pearson:.6f}, {len(both)} texts, {tokens} tokens")

    direction = projection(edge.shape[1])
    write_json(
        HERE / "minilm-edge-texts.json",
        {
            "about": "What sentence-transformers gives for all-MiniLM-L6-v2 (float32, one text at a time): number of "
            "tokens after truncation at 256 with [CLS] and [SEP], the first 8 of 384 components, and the dot product "
            "with the vector of x = (1664525 x + 1013904223) mod 2^32 from x = 1, component x / 2^31 - 1. "
            "Derived figures only. Made by record.py.",
            "versions": {
                "sentence-transformers": sentence_transformers.__version__,
                "transformers": transformers.__version__,
                "tokenizers": tokenizers.__version__,
                "torch": torch.__version__.split("+")[0],
            },
            "projectionStart": digits(direction[:3], 17),
            "stsbDev": {
                "pairs": len(rows),
                "tokens": tokens,
                "spearman": round(float(spearman), 6),
                "pearson": round(float(pearson), 6),
            },
            "texts": [
                {
                    "name": name,
                    "text": text,
                    "tokens": count,
                    "first8": digits(vector[:8].astype(np.float64), 8),
                    "projected": digits(float(vector.astype(np.float64) @ direction), 8),
                }
                for (name, text), count, vector in zip(EDGE_TEXTS.items(), counts, edge)
            ],
        },
    )
    if vectors:
        target = Path(vectors)
        target.mkdir(parents=True, exist_ok=True)
        np.save(target / "stsb-dev.npy", stsb_vectors)
        np.save(target / "edge-texts.npy", edge)
        write_json(
            target / "edge-texts.json",
            {"texts": [{"name": n, "text": t, "tokens": c} for (n, t), c in zip(EDGE_TEXTS.items(), counts)]},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", help="folder of all-MiniLM-L6-v2: record its figures instead of the small models")
    parser.add_argument("--stsb", help="stsb-en-dev.csv")
    parser.add_argument("--vectors", help="folder, outside of the repository, for the full vectors")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if options.minilm:
        if not options.stsb:
            parser.error("--minilm needs --stsb")
        minilm(options.minilm, options.stsb, options.vectors)
        return
    two_layers()
    three_layers()
    factorised()
    attention()


if __name__ == "__main__":
    main()
