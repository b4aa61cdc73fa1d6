// The kernels that are measured: each gives `queue()`, which queues one call, and what a call does in floating-point
// operations or bytes. All go through the ops that the encoder itself uses.

import { attention, attentionGradient, attentionWithLogSumExp } from '../../dist/ops/attention/attention.js';
import { linear, packArray } from '../../dist/ops/linear/linear.js';
import { packQuantized } from '../../dist/ops/linear/linear-int8.js';
import { quantizeWeight } from '../../dist/ops/linear/quantize-weight.js';
import { layerNorm } from '../../dist/ops/rows/layer-norm.js';
import { weightedSum } from '../../dist/ops/rows/rows.js';
import { keep, scope } from '../../dist/tensor/scope.js';
import { Tensor } from '../../dist/tensor/tensor.js';

/** Rows, outputs and inputs of the linear layers of a MiniLM and a BERT-base at several batch sizes. */
export const gemmShapes = [
  [256, 384, 384],
  [256, 1536, 384],
  [2048, 384, 384],
  [2048, 1536, 384],
  [2048, 384, 1536],
  [2048, 3072, 768],
  [2048, 768, 3072],
  [8192, 3072, 768],
];

/** Sequences, heads, length, head dimension. */
export const attentionShapes = [
  [32, 12, 128, 32],
  [8, 12, 512, 64],
  [8, 12, 512, 32],
  [256, 12, 15, 32],
];

/** The same, forward and backward with dropout 0.1, as in training. */
export const attentionTrainingShapes = [
  [8, 12, 512, 64],
  [8, 12, 512, 32],
  [64, 12, 32, 32],
];

export const normShapes = [
  [8192, 384],
  [8192, 768],
];

/** Values in [-0.5, 0.5) that look random and are the same every time. */
function values(engine, shape) {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 32 - 0.5;
  }
  return Tensor.from(engine, data, shape);
}

function pack(engine, data, outputs, inputs, precision) {
  if (precision !== 'int8')
    return packArray(engine, data, outputs, inputs, { bfloat16: precision === 'bfloat16' });
  const packed = packQuantized(quantizeWeight(Tensor.from(engine, data, [outputs, inputs])));
  keep(packed.scales);
  keep(packed.panels);
  return packed;
}

/** In int8 and bfloat16 with all that the encoder does for it: rows of float32 come in, are rounded, and go out. */
function gemm(engine, [rows, outputs, inputs], precision, activation = 'identity') {
  const input = values(engine, [rows, inputs]);
  const weight = scope(() => pack(engine, values2d(outputs, inputs), outputs, inputs, precision));
  const bias = activation === 'identity' ? undefined : values(engine, [outputs]);
  const output = Tensor.allocate(engine, 'float32', [rows, outputs]);
  return {
    kind: activation === 'identity' ? 'gemm' : `gemm + bias + ${activation}`,
    precision,
    shape: [rows, outputs, inputs],
    flops: 2 * rows * outputs * inputs,
    queue: () => linear(input, weight, { bias, activation, output }),
    output,
    tensors: [input, weight, output, ...(bias ? [bias] : [])],
  };
}

function values2d(rows, columns) {
  return Float32Array.from({ length: rows * columns }, (_, i) => (((i * 7919) % 257) - 128) / 1024);
}

function attend(engine, shape, precision) {
  const [sequences, heads, length, headDim] = shape;
  const [query, key, value] = [0, 1, 2].map(() => values(engine, [sequences * length, heads * headDim]));
  const offsets = Int32Array.from({ length: sequences + 1 }, (_, sequence) => sequence * length);
  const queryOffsets = Tensor.from(engine, offsets);
  return {
    kind: 'attention',
    precision,
    shape,
    flops: 4 * sequences * heads * length * length * headDim,
    queue: () => attention(query, key, value, { heads, queryOffsets, precision }).dispose(),
    output: query,
    tensors: [query, key, value, queryOffsets],
  };
}

/** Counts 2 products of the forward pass and 5 of the backward, one of them the scores made again. */
function attendAndBack(engine, shape, precision) {
  const [sequences, heads, length, headDim] = shape;
  const tokens = sequences * length;
  const [query, key, value, gradient] = [0, 1, 2, 3].map(() => values(engine, [tokens, heads * headDim]));
  const queryOffsets = Tensor.from(
    engine,
    Int32Array.from({ length: sequences + 1 }, (_, i) => i * length),
  );
  const sequenceIds = Tensor.from(
    engine,
    Int32Array.from({ length: sequences }, (_, i) => i),
  );
  const options = { heads, queryOffsets, sequenceIds, dropout: 0.1, seed: 1, site: 1, precision };
  return {
    kind: 'attention, forward + backward, dropout',
    precision,
    shape,
    flops: 14 * sequences * heads * length * length * headDim,
    queue: () =>
      scope(() => {
        const result = attentionWithLogSumExp(query, key, value, options);
        attentionGradient(gradient, query, key, value, result, options);
      }),
    output: query,
    tensors: [query, key, value, gradient, queryOffsets, sequenceIds],
  };
}

/** Layer norm with residual reads two matrices and writes one; so does the weighted sum, which shows what memory gives. */
function norm(engine, shape) {
  const [input, residual] = [0, 1].map(() => values(engine, shape));
  const [gamma, beta] = [0, 1].map(() => values(engine, [shape[1]]));
  const output = Tensor.allocate(engine, 'float32', shape);
  return {
    kind: 'layer norm + residual',
    precision: 'float32',
    shape,
    bytes: 3 * 4 * shape[0] * shape[1],
    queue: () => layerNorm(input, { gamma, beta, residual, epsilon: 1e-12 }).dispose(),
    memory: () => weightedSum(input, residual, 0.5, 0.5, output),
    output,
    tensors: [input, residual, gamma, beta, output],
  };
}

const products = (precision) => [
  ...gemmShapes.map((shape) => (engine) => gemm(engine, shape, precision)),
  (engine) => gemm(engine, [2048, 1536, 384], precision, 'gelu_erf'),
];
const attentions = (precision) => [
  ...attentionShapes.map((shape) => (engine) => attend(engine, shape, precision)),
  ...attentionTrainingShapes.map((shape) => (engine) => attendAndBack(engine, shape, precision)),
];

/**
 * One maker per kernel, so that only one kernel's matrices are in memory at a time. Those in bfloat16 where the engine
 * multiplies in it.
 */
export function kernelsOf(engine) {
  return [
    ...products('float32'),
    ...attentions('float32'),
    ...normShapes.map((shape) => (each) => norm(each, shape)),
    ...products('int8'),
    ...(engine.nativeBFloat16 ? [...products('bfloat16'), ...attentions('bfloat16')] : []),
  ];
}
