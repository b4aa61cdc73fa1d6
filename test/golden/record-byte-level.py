# Records what Hugging Face's ByteLevelBPETokenizer learns from a few texts, and the ids it gives others.
# Run with tokenizers 0.22 or newer; writes byte-level.json beside itself.
import json, os
from tokenizers import ByteLevelBPETokenizer, __version__

texts = [
    "The cat sat on the mat, and the cats played with 12 mice in 2024.",
    "don't we'll they've I'd he's 'tis it's   three spaces\tand a tab",
    "lower lowest newer newest wider widest low low low new new",
    "今天天气很好，我们去公园。今天我们很高兴。今天的天气。",
    "naïve café façade — “quotes” … élan ΑΒΓ αβγ Привет мир привет",
    "😀 emoji 😀😀 👩‍👩‍👧 and a zero​width",
    "x = foo(bar[0], baz) # code_with_underscores; if (a<b) { return a; }",
    "aaaaaaaaaa aaaaa aaa aa abababab abab banana bananas ananas",
]
held = ["The lowest newest mat don't", "今天公园 café 😀x", "  two  spaces ", "", "Unseen words, 3.14!"]
here = os.path.dirname(os.path.abspath(__file__))
specials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
runs = []
for size, frequency in [(261, 2), (320, 2), (400, 2), (2000, 2), (2000, 1), (2000, 3)]:
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(texts, vocab_size=size, min_frequency=frequency, special_tokens=specials, show_progress=False)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [m if isinstance(m, list) else m.split(" ") for m in model["merges"]]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    ids = [tokenizer.encode(text).ids for text in held]
    runs.append(dict(size=size, minFrequency=frequency, joined=tokens[261:], first=tokens[:261] if size == 261 else None,
                     merges=[" ".join(m) for m in merges], ids=ids))
json.dump(dict(tokenizers=__version__, texts=texts, held=held, runs=runs), open(os.path.join(here, "byte-level.json"), "w"), ensure_ascii=False)
