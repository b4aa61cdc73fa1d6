#!/usr/bin/env python3
"""Exports the BertModel of a Hugging Face folder to ONNX, so that ONNX Runtime can be timed as a peer.

    python export-onnx.py --model ../../shared/models/all-MiniLM-L6-v2 --output minilm.onnx
    python export-onnx.py --model ... --output minilm.fused.onnx --fuse attention
    python export-onnx.py --model ... --output minilm.fused.int8.onnx --fuse attention --quantize unsigned

Inputs of the graph: input_ids, attention_mask, token_type_ids, all int64 [batch, sequence].
Output: last_hidden_state, float32 [batch, sequence, hidden]. Both dimensions are free.

The export goes through torch.export (`dynamo=True`); the older tracing exporter bakes the traced length into the
graph. `--fuse` then lets ONNX Runtime's own transformer optimizer replace each layer's attention, its
residual + LayerNorm and its bias + GELU by one operator each. Its matcher knows the graphs that earlier exporters wrote,
so the model is exported with an explicit additive mask and two harmless rewrites are made first (see
`make_matchable`). Which variant is faster depends on the machine; a comparison has to time both.

`--quantize` quantises the graph as ONNX Runtime does it dynamically: weights per channel in int8, activations per tensor
in uint8 when they are computed. `signed` weights are what VNNI instructions multiply; without those their products
saturate, and ONNX Runtime's documentation advises `unsigned` ones. The benchmark knows these graphs by `int8` in their
names.

Every graph is compared with torch on real and padded batches before the script reports success: exit status 1 when a
real token's output differs by more than --tolerance, or, in int8, when the mean over a sequence's tokens turns by more
than 30 degrees: a graph that is wrong turns it by 90.

Needs: torch, transformers, onnx, onnxscript, onnxruntime.
"""

import argparse
import collections
import logging
import math
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnx import helper, numpy_helper
from transformers import BertModel

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
LENGTHS = [1, 2, 7, 16, 128, 256, 511]
BATCHES = [1, 2, 5]


class LastHiddenState(torch.nn.Module):
    """BertModel with three positional inputs and one output.

    With `additive_mask` the [batch, 1, 1, sequence] mask of 0 and the lowest float is computed here, in the form that
    ONNX Runtime's optimizer recognises, instead of by transformers' own mask functions.
    """

    def __init__(self, bert: BertModel, additive_mask: bool):
        super().__init__()
        self.bert = bert
        self.additive_mask = additive_mask

    def forward(self, input_ids, attention_mask, token_type_ids):
        if self.additive_mask:
            lowest = torch.finfo(torch.float32).min
            attention_mask = (1.0 - attention_mask[:, None, None, :].float()) * lowest
        return self.bert(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state


def sample_batch(vocabulary: int, batch: int, length: int, seed: int):
    """Random ids with sequences of unequal length: row r of every batch is cut by r/8 of the longest."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, vocabulary, (batch, length), generator=generator)
    mask = torch.ones(batch, length, dtype=torch.int64)
    for row in range(batch):
        mask[row, max(1, length - length * row // 8) :] = 0
    return ids, mask, torch.zeros_like(ids)


def export(folder: str, attention: str, opset: int, additive_mask: bool, path: str) -> None:
    bert = BertModel.from_pretrained(folder, attn_implementation=attention, add_pooling_layer=False)
    bert = bert.eval().float()
    arguments = sample_batch(bert.config.vocab_size, 3, 19, seed=0)
    program = torch.onnx.export(
        LastHiddenState(bert, additive_mask),
        arguments,
        dynamo=True,
        opset_version=opset,
        input_names=INPUTS,
        output_names=["last_hidden_state"],
        dynamic_shapes=[{0: "batch", 1: "sequence"}] * 3,
        verbose=False,
    )
    program.save(path, external_data=False)


def make_matchable(path: str, head_dim: int) -> None:
    """Rewrites two spellings, without changing a value, to those the optimizer looks for.

    Unsqueeze of two axes at once becomes two nodes; the scores' `Mul(1/sqrt(d))` becomes `Div(sqrt(d))`.
    """
    model = onnx.load(path)
    graph = model.graph
    constants = {tensor.name: tensor for tensor in graph.initializer}
    producer = {name: node for node in graph.node for name in node.output}

    def constant(name: str, array: np.ndarray) -> str:
        graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    root = constant("sqrt_head_dim", np.array(math.sqrt(head_dim), np.float32))
    nodes = []
    for node in graph.node:
        if node.op_type == "Unsqueeze" and node.input[0] == "attention_mask":
            axes = [constant(f"mask_axis_{axis}", np.array([axis], np.int64)) for axis in (1, 2)]
            nodes.append(helper.make_node("Unsqueeze", ["attention_mask", axes[0]], ["mask_3d"]))
            nodes.append(helper.make_node("Unsqueeze", ["mask_3d", axes[1]], [node.output[0]]))
            continue
        scores = producer.get(node.input[0]) if node.input else None
        if node.op_type == "Mul" and scores is not None and scores.op_type == "MatMul" and node.input[1] in constants:
            node.op_type = "Div"
            node.input[1] = root
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.save(model, path)


def fuse(source: str, target: str, heads: int, hidden: int, kind: str) -> None:
    """kind `attention`: com.microsoft.Attention (projections inside); `multihead`: MultiHeadAttention after MatMuls."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    options.use_multi_head_attention = kind == "multihead"
    fused = optimizer.optimize_model(
        source,
        model_type="bert",
        num_heads=heads,
        hidden_size=hidden,
        opt_level=0,  # only the Python fusions: the session's own optimisations run again at load time
        optimization_options=options,
    )
    fused.save_model_to_file(target)


def quantize(source: str, target: str, weights: str) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    weight_type = QuantType.QInt8 if weights == "signed" else QuantType.QUInt8
    quantize_dynamic(source, target, per_channel=True, weight_type=weight_type)


def angle(got: np.ndarray, want: np.ndarray, real: np.ndarray) -> float:
    """Largest angle, in degrees, between the means over the real tokens of each sequence."""
    a, b = ((rows * real[:, :, None]).sum(axis=1) for rows in (got, want))
    cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    least = min(1.0, cosines.min())
    return float(np.degrees(np.arccos(least))) if np.isfinite(least) else 180.0


def check(folder: str, path: str, tolerance: float) -> tuple[float, float]:
    """Largest absolute difference to torch over the real tokens of every batch size and length, and largest angle."""
    bert = BertModel.from_pretrained(folder, add_pooling_layer=False).eval().float()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    largest = widest = 0.0
    for length in LENGTHS:
        if length > bert.config.max_position_embeddings:
            continue
        differences = []
        for batch in BATCHES:
            ids, mask, types = sample_batch(bert.config.vocab_size, batch, length, seed=length * 100 + batch)
            with torch.inference_mode():
                want = bert(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state.numpy()
            feeds = dict(zip(INPUTS, (ids.numpy(), mask.numpy(), types.numpy())))
            (got,) = session.run(None, feeds)
            if got.shape != want.shape:
                raise SystemExit(f"[{batch}, {length}] gave shape {got.shape}, torch gives {want.shape}")
            real = mask.numpy().astype(bool)
            differences.append(float(np.abs(got - want)[real].max()))
            widest = max(widest, angle(got, want, real))
        figures = "  ".join(f"batch {b}: {d:.2e}" for b, d in zip(BATCHES, differences))
        print(f"length {length:4d}  {figures}")
        largest = max(largest, *differences) if not any(map(math.isnan, differences)) else math.nan
    print(f"largest absolute difference {largest:.2e} (tolerance {tolerance:g}), largest angle {widest:.2f} degrees")
    return largest, widest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="Hugging Face folder: config.json and model.safetensors")
    parser.add_argument("--output", required=True, help="the .onnx file to write")
    parser.add_argument("--fuse", choices=["attention", "multihead"], help="fuse with ONNX Runtime's optimizer")
    parser.add_argument("--quantize", choices=["signed", "unsigned"], help="int8, with weights of this kind")
    parser.add_argument("--attention", choices=["eager", "sdpa"], default="sdpa", help="ignored with --fuse")
    parser.add_argument("--opset", type=int, default=23, help="23 has Attention and Gelu operators; --fuse uses 18")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    options = parser.parse_args()

    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    print(
        f"torch {torch.__version__}, transformers {transformers.__version__}, onnx {onnx.__version__}, "
        f"onnxruntime {onnxruntime.__version__}"
    )

    Path(options.output).parent.mkdir(parents=True, exist_ok=True)
    config = transformers.AutoConfig.from_pretrained(options.model)
    with tempfile.TemporaryDirectory() as scratch:
        plain, exact = str(Path(scratch) / "plain.onnx"), str(Path(scratch) / "exact.onnx")
        graph = exact if options.quantize else options.output
        if options.fuse:
            heads, hidden = config.num_attention_heads, config.hidden_size
            export(options.model, "eager", 18, True, plain)
            make_matchable(plain, hidden // heads)
            fuse(plain, graph, heads, hidden, options.fuse)
        else:
            export(options.model, options.attention, options.opset, False, graph)
        if options.quantize:
            quantize(graph, options.output, options.quantize)

    counts = collections.Counter(node.op_type for node in onnx.load(options.output).graph.node)
    print("operators: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()))
    if options.fuse:
        wanted = "Attention" if options.fuse == "attention" else "MultiHeadAttention"
        wanted = "QAttention" if options.quantize and wanted == "Attention" else wanted
        if counts[wanted] != config.num_hidden_layers:
            print(f"the optimizer fused {counts[wanted]} of {config.num_hidden_layers} attentions", file=sys.stderr)
            return 1
    largest, widest = check(options.model, options.output, options.tolerance)
    if options.quantize:
        return 0 if widest <= 30 else 1
    return 0 if largest <= options.tolerance else 1  # a NaN fails too


if __name__ == "__main__":
    sys.exit(main())
