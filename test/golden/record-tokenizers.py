#!/usr/bin/env python3
"""Records tokenizers.json: what transformers makes of a folder's tokenizer files, per class and per setting.

    python record-tokenizers.py

Each kind of folder (a vocabulary in one of its forms) is loaded by AutoTokenizer for a model type and a
`tokenizer_class`, once without settings and once with each of SETTINGS, and tokenizes TEXTS. `table` maps
kind / model type and class / setting to the number of an outcome: the ids of each text, or null where transformers
raises. Ids of the last text are also recorded cut at six tokens.

Needs: transformers, tokenizers.
"""

import json
import os
import tempfile
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import tokenizers
import transformers
from transformers import AutoTokenizer

HERE = Path(__file__).resolve().parent
transformers.logging.set_verbosity_error()

BERT = (
    "[PAD] [UNK] [CLS] [SEP] [MASK] [unused1] [unused2] hello world ##ing walk cafe Café café . , 中 国 中国 a b ##a ##b ##c "
    "1 ##1 ! - é Hello [ ] un ##used1 unused1 <s> </s> x ##ab"
).split()
TEXTS = [
    "",
    "hello world.",
    "Hello WALKING, Café!",
    "cafe\u0301 é 中国",
    "[unused1] hello[unused2]world [NEW] abab",
    "a [MASK] b [SEP] <s> <mask> x",
    "A  [MASK]  b </s>",
    "hello aabb hello world hello",
]


def added(content, token_id, **changes):
    token = {"id": token_id, "content": content, "single_word": False, "lstrip": False, "rstrip": False}
    return {**token, "normalized": False, "special": True, **changes}


def template(cls, sep):
    special = {name: {"id": name, "ids": [token_id], "tokens": [name]} for name, token_id in (cls, sep) if name}
    pieces = [{"Sequence": {"id": "A", "type_id": 0}}]
    if cls[0]:
        pieces.insert(0, {"SpecialToken": {"id": cls[0], "type_id": 0}})
    if sep[0]:
        pieces.append({"SpecialToken": {"id": sep[0], "type_id": 0}})
    pair = [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pair, "special_tokens": special}


def tokenizer_json(model, **parts):
    return {"version": "1.0", "truncation": None, "padding": None, "decoder": None, **parts, "model": model}


def word_piece(**changes):
    vocab = {token: i for i, token in enumerate(BERT)}
    model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##"}
    return {**model, "max_input_chars_per_word": 100, "vocab": vocab, **changes}


def bert_normalizer(lowercase):
    return {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": lowercase,
    }


BERT_ADDED = [added(name, BERT.index(name)) for name in BERT[:5]]
UNCASED = tokenizer_json(
    word_piece(),
    added_tokens=BERT_ADDED,
    normalizer=bert_normalizer(True),
    pre_tokenizer={"type": "BertPreTokenizer"},
    post_processor=template(("[CLS]", 2), ("[SEP]", 3)),
)
ODD = tokenizer_json(
    word_piece(max_input_chars_per_word=3),
    added_tokens=[*BERT_ADDED, added("[NEW]", len(BERT), special=False, normalized=True)],
    normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]},
    pre_tokenizer={"type": "WhitespaceSplit"},
    post_processor=template(("[CLS]", 2), (None, None)),
)

BYTES = list(dict.fromkeys("abcdehilopruwxnustkdCfHALKINGWDM0123.,!-[]<>/éÃ©äĠĊ¸Ń¤å½ĽĠÌģ"))
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ hello", "Ġ a", "a b", "Ġ ["]
BPE = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "[unused1]", *BYTES, *(merge.replace(" ", "") for merge in MERGES)]
BPE_VOCABULARY = {token: i for i, token in enumerate(dict.fromkeys(BPE))}


def byte_level(prefix):
    level = {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": True}
    roberta = {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "fuse_unk": False}
    model |= {"end_of_word_suffix": "", "byte_fallback": False, "vocab": BPE_VOCABULARY, "merges": MERGES}
    special = [added(name, i) for i, name in enumerate(BPE[:4])]
    return tokenizer_json(
        model,
        added_tokens=[*special, added("<mask>", 4, lstrip=True)],
        normalizer=None,
        pre_tokenizer=level,
        post_processor={**roberta, "trim_offsets": True, "add_prefix_space": prefix},
    )


PIECES = "▁ a ▁a b ab 中 国 . , ! é ▁hello hello ▁world h e l o w r d A H C f c 1 [ ] u n s k i g - W L K I N G x".split()
UNIGRAM_VOCABULARY = [[name, 0.0] for name in ("<s>", "<pad>", "</s>", "<unk>")]
UNIGRAM_VOCABULARY += [[piece, -2.0 - i / 100] for i, piece in enumerate(PIECES)] + [["<mask>", 0.0]]
UNIGRAM = tokenizer_json(
    {"type": "Unigram", "unk_id": 3, "byte_fallback": False, "vocab": UNIGRAM_VOCABULARY},
    added_tokens=[
        *(added(name, i) for i, name in enumerate(["<s>", "<pad>", "</s>", "<unk>"])),
        added("<mask>", len(UNIGRAM_VOCABULARY) - 1, lstrip=True),
    ],
    normalizer={
        "type": "Sequence",
        "normalizers": [{"type": "Lowercase"}, {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}],
    },
    pre_tokenizer={
        "type": "Sequence",
        "pretokenizers": [
            {"type": "WhitespaceSplit"},
            {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        ],
    },
    post_processor=template(("<s>", 0), ("</s>", 2)),
)

VOCAB_TXT = "\n".join(BERT) + "\n"
CASED = {**UNCASED, "normalizer": bert_normalizer(False)}
BERT_CLASSES = [
    ("bert", None),
    ("bert", "BertTokenizer"),
    ("bert", "BertTokenizerFast"),
    ("bert", "DistilBertTokenizer"),
    ("bert", "DistilBertTokenizerFast"),
    ("bert", "ElectraTokenizer"),
    ("bert", "ElectraTokenizerFast"),
    ("bert", "MobileBertTokenizer"),
    ("bert", "PreTrainedTokenizer"),
    ("bert", "PreTrainedTokenizerFast"),
    ("bert", "TokenizersBackend"),
    ("bert", "TokenizerOfOurOwn"),
    ("electra", None),
    ("electra", "ElectraTokenizer"),
    ("electra", "BertTokenizer"),
    ("roberta", "BertTokenizer"),
    ("roberta", "PreTrainedTokenizerFast"),
]
ROBERTA_CLASSES = [
    ("roberta", None),
    ("roberta", "RobertaTokenizer"),
    ("roberta", "RobertaTokenizerFast"),
    ("roberta", "PreTrainedTokenizer"),
    ("roberta", "PreTrainedTokenizerFast"),
    ("roberta", "TokenizersBackend"),
    ("bert", "RobertaTokenizer"),
]
UNIGRAM_CLASSES = [
    ("xlm-roberta", None),
    ("xlm-roberta", "XLMRobertaTokenizer"),
    ("xlm-roberta", "XLMRobertaTokenizerFast"),
    ("xlm-roberta", "PreTrainedTokenizer"),
    ("xlm-roberta", "PreTrainedTokenizerFast"),
    ("xlm-roberta", "TokenizersBackend"),
]
KINDS = {
    "vocab.txt": ({"vocab.txt": VOCAB_TXT}, BERT_CLASSES),
    "uncased tokenizer.json": ({"tokenizer.json": UNCASED}, BERT_CLASSES),
    "cased tokenizer.json": ({"tokenizer.json": CASED}, BERT_CLASSES),
    "odd tokenizer.json": ({"tokenizer.json": ODD}, BERT_CLASSES),
    "vocab.json": (
        {"vocab.json": BPE_VOCABULARY, "merges.txt": "#version: 0.2\n" + "\n".join(MERGES) + "\n"},
        ROBERTA_CLASSES,
    ),
    "byte-level tokenizer.json": ({"tokenizer.json": byte_level(False)}, ROBERTA_CLASSES),
    "byte-level tokenizer.json with a space before": ({"tokenizer.json": byte_level(True)}, ROBERTA_CLASSES),
    "unigram tokenizer.json": ({"tokenizer.json": UNIGRAM}, UNIGRAM_CLASSES),
}

UNUSED = ["[unused1]", "[unused2]"]
TOKEN_OBJECT = {"content": "[unused1]", "lstrip": True, "rstrip": True, "normalized": False, "single_word": False}


def config(**changes):
    return {"tokenizer_config.json": changes}


def special_map(**changes):
    return {"special_tokens_map.json": changes}


def decoder(*tokens):
    entries = {str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in tokens}
    return config(added_tokens_decoder=entries)


NEW = len(BERT)
# What a folder may say besides its vocabulary; the name is how a test speaks of it.
SETTINGS = {
    "nothing": {},
    "do_lower_case false": config(do_lower_case=False),
    "do_lower_case true": config(do_lower_case=True),
    "strip_accents false": config(strip_accents=False),
    "strip_accents true, do_lower_case false": config(strip_accents=True, do_lower_case=False),
    "tokenize_chinese_chars false": config(tokenize_chinese_chars=False),
    "do_basic_tokenize false": config(do_basic_tokenize=False),
    "never_split": config(never_split=["hello"]),
    "clean_text false": config(clean_text=False),
    "wordpieces_prefix": config(wordpieces_prefix="@@"),
    "add_prefix_space true": config(add_prefix_space=True),
    "add_prefix_space false": config(add_prefix_space=False),
    "trim_offsets false": config(trim_offsets=False),
    "unk_token": config(unk_token="x"),
    "cls_token": config(cls_token="[unused1]"),
    "sep_token": config(sep_token="x"),
    "pad_token": config(pad_token="[unused1]"),
    "mask_token": config(mask_token="[unused1]"),
    "mask_token object": config(mask_token={"__type": "AddedToken", **TOKEN_OBJECT, "special": True}),
    "bos_token and eos_token": config(bos_token="x", eos_token="[unused1]"),
    "a token of a name of its own": config(image_token="[unused1]"),
    "additional_special_tokens": config(additional_special_tokens=UNUSED),
    "extra_special_tokens": config(extra_special_tokens=UNUSED),
    "extra_special_tokens by name": config(extra_special_tokens={"boi_token": "[unused1]"}),
    "additional_special_tokens and extra_special_tokens": config(
        additional_special_tokens=["[unused1]"], extra_special_tokens=["[unused2]"]
    ),
    "additional_special_tokens that are new": config(additional_special_tokens=["[NEW]"]),
    "added_tokens_decoder": decoder(added("[unused1]", 5), added("[unused2]", 6, special=False)),
    "added_tokens_decoder with a new token": decoder(added("[NEW]", NEW)),
    "added_tokens_decoder with another id": decoder(added("[NEW]", NEW + 7)),
    "added_tokens_decoder, normalized": decoder(added("hello", 7, special=False, normalized=True)),
    "added_tokens_decoder and special_tokens_map": {
        **decoder(added("[unused1]", 5)),
        **special_map(additional_special_tokens=["[unused2]"]),
    },
    "split_special_tokens": config(split_special_tokens=True),
    "add_bos_token and add_eos_token": config(add_bos_token=True, add_eos_token=True, bos_token="x", eos_token="a"),
    "model_max_length": config(model_max_length=4),
    "padding_side left": config(padding_side="left"),
    "truncation_side left": config(truncation_side="left"),
    "clean_up_tokenization_spaces": config(clean_up_tokenization_spaces=True),
    "special_tokens_map: additional_special_tokens": special_map(additional_special_tokens=UNUSED),
    "special_tokens_map: extra_special_tokens": special_map(extra_special_tokens=UNUSED),
    "special_tokens_map: extra_special_tokens as objects": special_map(extra_special_tokens=[TOKEN_OBJECT]),
    "special_tokens_map: mask_token": special_map(mask_token="[unused1]"),
    "special_tokens_map: mask_token object": special_map(mask_token=TOKEN_OBJECT),
    "special_tokens_map against tokenizer_config": {**config(cls_token="a"), **special_map(cls_token="b")},
    "special_tokens_map: a token of a name of its own": special_map(image_token="[unused1]"),
    "both with additional tokens": {
        **config(additional_special_tokens=["[unused1]"]),
        **special_map(additional_special_tokens=["[unused2]"]),
    },
    "added_tokens.json": {"added_tokens.json": {"[NEW]": NEW}},
    "added_tokens.json of known tokens": {"added_tokens.json": {"[unused1]": 5, "[unused2]": 6}},
    "added_tokens.json of a special token": {
        "added_tokens.json": {"[unused1]": 5},
        **special_map(additional_special_tokens=["[unused1]"]),
    },
}


def outcome(files, model_type, class_name, settings):
    with tempfile.TemporaryDirectory() as folder:
        merged = {**files, **settings}
        if class_name is not None:
            merged["tokenizer_config.json"] = {
                "tokenizer_class": class_name,
                **merged.get("tokenizer_config.json", {}),
            }
        merged["config.json"] = {"model_type": model_type}
        for name, content in merged.items():
            text = content if isinstance(content, str) else json.dumps(content)
            Path(folder, name).write_text(text, encoding="utf8")
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            ids = [tokenizer(text)["input_ids"] for text in TEXTS]
            cut = tokenizer(TEXTS[-1], truncation=True, max_length=6)["input_ids"]
            return {"ids": ids, "cut": cut}
        except Exception as error:  # whatever it is: transformers does not load such a folder
            return {"error": f"{type(error).__name__}: {str(error).splitlines()[0][:60]}"}


def families():
    """For each class that transformers knows: which of ours builds as it does, `file`, or `own`."""
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES, tokenizer_class_from_name

    older = "Electra LayoutLM Lxmert MobileBert SqueezeBert Bart LED Longformer Mvp".split()
    helpers = {"AutoTokenizer", "BasicTokenizer", "CharacterTokenizer", "MecabTokenizer", "WordpieceTokenizer"}
    names = {name for name in dir(transformers) if name.endswith("Tokenizer")} - helpers
    names |= {name for name in TOKENIZER_MAPPING_NAMES.values() if name and name.endswith("Tokenizer")}
    names |= {f"{name}Tokenizer" for name in older} | {"PreTrainedTokenizerFast", "TokenizersBackend"}
    names |= {"BertTokenizerFast", "RobertaTokenizerFast", "XLMRobertaTokenizerFast", "TokenizerOfOurOwn"}
    ours = {"BertTokenizer": "bert", "DistilBertTokenizer": "bert", "RobertaTokenizer": "roberta"}
    ours |= {"XLMRobertaTokenizer": "xlm-roberta", "TokenizersBackend": "file", "PythonBackend": "file", "": "file"}
    found = {}
    for name in sorted(names):
        found[name] = ours.get(getattr(tokenizer_class_from_name(name), "__name__", ""), "own")
    return found


def main():
    outcomes, table = [], {}
    for kind, (files, classes) in KINDS.items():
        table[kind] = {}
        for model_type, class_name in classes:
            row = table[kind][f"{model_type}, {class_name or 'no class'}"] = {}
            for name, settings in SETTINGS.items():
                found = outcome(files, model_type, class_name, settings)
                if found not in outcomes:
                    outcomes.append(found)
                row[name] = outcomes.index(found)
    result = {
        "versions": {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__},
        "texts": TEXTS,
        "kinds": {kind: files for kind, (files, _) in KINDS.items()},
        "settings": SETTINGS,
        "families": families(),
        "outcomes": outcomes,
        "table": table,
    }
    lines = [f"{json.dumps(key)}: {encode(key, value)}" for key, value in result.items()]
    (HERE / "tokenizers.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf8")
    print(len(outcomes), "outcomes of", sum(len(row) for kind in table.values() for row in kind.values()), "folders")


def encode(key, value):
    if key == "outcomes":
        return "[\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in value) + "\n]"
    if key == "table":
        kinds = [
            json.dumps(kind) + ": {\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in rows.items()) + "\n}"
            for kind, rows in value.items()
        ]
        return "{\n" + ",\n".join(kinds) + "\n}"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
