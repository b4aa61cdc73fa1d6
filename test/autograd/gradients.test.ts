// The gradient of every differentiable op against central differences in float64.
import { describe, it } from 'vitest';
import { attention, selfAttention } from '../../src/ops/attention/attention.ts';
import { type Activation, linear, packWeight } from '../../src/ops/linear/linear.ts';
import * as plain from '../../src/ops/plain/elementwise.ts';
import { matmul, transpose } from '../../src/ops/plain/matmul.ts';
import { largest, mean, type Over, sum } from '../../src/ops/plain/reduce.ts';
import {
  concatenateColumns,
  concatenateRows,
  reshape,
  sliceColumns,
  sliceRows,
  splitRows,
} from '../../src/ops/plain/slices.ts';
import { cosineSimilarity, logSoftmax, logSumExp, softmax } from '../../src/ops/plain/softmax.ts';
import { dropout } from '../../src/ops/rows/dropout.ts';
import { embedding } from '../../src/ops/rows/embedding.ts';
import { layerNorm } from '../../src/ops/rows/layer-norm.ts';
import { type PoolMode, pool } from '../../src/ops/rows/pool.ts';
import { l2Normalize, weightedSum } from '../../src/ops/rows/rows.ts';
import { gatherRows } from '../../src/ops/rows/table-rows.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { anywhere, apart, type Body, expectGradients, type Input, positive, reference } from './gradcheck.ts';

const ints = (...values: number[]) => Tensor.from(reference, Int32Array.from(values));
const keys = (rows: number) =>
  Tensor.from(
    reference,
    Int32Array.from({ length: 2 * rows }, (_, index) => (index % 2 ? index >> 1 : 9)),
    [rows, 2],
  );

type Case = [name: string, body: Body, inputs: Input[]];

function check(cases: Case[]): void {
  it.each(cases)('%s', (_, body, inputs) => expectGradients(body, inputs));
}

describe('linear', () => {
  const activations: Activation[] = ['identity', 'gelu_erf', 'gelu_tanh', 'tanh', 'relu'];
  check(
    activations.map((activation): Case => {
      const run: Body = (x, w, bias, residual) => {
        const weight = packWeight(w as Tensor);
        return linear(x as Tensor, weight, { bias, residual, activation });
      };
      return [activation, run, [apart(3, 5), apart(6, 5), apart(6), apart(3, 6)]];
    }),
  );
  check([
    [
      'without bias',
      (x, w) => linear(x as Tensor, packWeight(w as Tensor)),
      [anywhere(2, 3), anywhere(4, 3)],
    ],
    [
      'whose input is used elsewhere too',
      (x, w) => weightedSum(linear(x as Tensor, packWeight(w as Tensor)), x as Tensor, 1, 2),
      [anywhere(2, 3), anywhere(3, 3)],
    ],
    [
      'in a residual connection',
      (x, w) => linear(x as Tensor, packWeight(w as Tensor), { residual: x as Tensor, activation: 'tanh' }),
      [anywhere(2, 3), anywhere(3, 3)],
    ],
  ]);
});

describe('rows', () => {
  const norm =
    (options: object): Body =>
    (x, gamma, beta, residual) =>
      layerNorm(x as Tensor, {
        gamma: gamma as Tensor,
        beta: beta as Tensor,
        residual,
        epsilon: 1e-3,
        ...options,
      });
  const drawn = () => ({ dropout: 0.3, seed: 5, site: 6, rowKeys: keys(3) });
  check([
    ['layerNorm', norm({}), [anywhere(3, 5), anywhere(5), anywhere(5)]],
    ['layerNorm with residual', norm({}), [anywhere(3, 5), anywhere(5), anywhere(5), anywhere(3, 5)]],
    [
      'layerNorm with dropout and residual',
      (...inputs) => norm(drawn())(...inputs),
      [anywhere(3, 5), anywhere(5), anywhere(5), anywhere(3, 5)],
    ],
    [
      'layerNorm of something and itself',
      (x, gamma, beta) => norm({})(x as Tensor, gamma as Tensor, beta as Tensor, x as Tensor),
      [anywhere(3, 5), anywhere(5), anywhere(5)],
    ],
    ['dropout', (x) => dropout(x as Tensor, drawn()), [anywhere(3, 40)]],
    ['l2Normalize', (x) => l2Normalize(x as Tensor), [anywhere(3, 5)]],
    [
      'weightedSum',
      (x, y) => weightedSum(x as Tensor, y as Tensor, 0.5, -2),
      [anywhere(3, 5), anywhere(3, 5)],
    ],
    ['gatherRows', (table) => gatherRows(table as Tensor, ints(2, 0, 2, 3)), [anywhere(4, 3)]],
  ]);
});

describe('embedding', () => {
  const inputs = [anywhere(6, 4), anywhere(5, 4), anywhere(2, 4), anywhere(4), anywhere(4)];
  const embed =
    (typed: boolean): Body =>
    (word, position, type, gamma, beta) =>
      embedding(
        {
          tokenIds: ints(5, 1, 1, 0),
          positionIds: ints(0, 1, 2, 0),
          ...(typed ? { typeIds: ints(0, 1, 1, 0) } : {}),
        },
        { word: word as Tensor, position, type, gamma: gamma as Tensor, beta: beta as Tensor, epsilon: 1e-3 },
      );
  check([
    ['with type ids', embed(true), inputs],
    ['of the first type', embed(false), inputs],
    [
      'without positions and types',
      (word, gamma, beta) =>
        embedding(
          { tokenIds: ints(5, 1, 1, 0) },
          { word: word as Tensor, gamma: gamma as Tensor, beta: beta as Tensor, epsilon: 1e-3 },
        ),
      [anywhere(6, 4), anywhere(4), anywhere(4)],
    ],
  ]);
});

describe('attention', () => {
  const shared = () => ({ heads: 2, queryOffsets: ints(0, 3, 3, 5) });
  const random = () => ({ dropout: 0.4, seed: 1, site: 2, sequenceIds: ints(7, 8, 9) });
  const cross =
    (options: () => object): Body =>
    (query, key, value) =>
      attention(query as Tensor, key as Tensor, value as Tensor, {
        ...shared(),
        keyOffsets: ints(0, 2, 3, 6),
        ...options(),
      });
  const triple = [anywhere(5, 6), anywhere(6, 6), anywhere(6, 6)];
  check([
    ['of other keys', cross(() => ({})), triple],
    ['of other keys, with dropout', cross(random), triple],
    [
      'with ranks',
      cross(() => ({ queryRank: ints(0, 1, 2, 0, 1), keyRank: ints(0, 2, 0, 1, 0, 1) })),
      triple,
    ],
    ['to itself', (fused) => selfAttention(fused as Tensor, shared()), [anywhere(5, 18)]],
    [
      'to itself, with dropout',
      (fused) => selfAttention(fused as Tensor, { ...shared(), ...random() }),
      [anywhere(5, 18)],
    ],
    [
      'to itself, causal',
      (fused) => selfAttention(fused as Tensor, { ...shared(), queryRank: ints(0, 1, 2, 0, 1) }),
      [anywhere(5, 18)],
    ],
  ]);
});

describe('pool', () => {
  const modes: PoolMode[] = ['cls', 'mean', 'max', 'mean_sqrt_len', 'weighted_mean', 'last_token'];
  check(
    modes.map(
      (mode): Case => [
        mode,
        (x) => pool(x as Tensor, { mode, offsets: ints(0, 3, 3, 4, 8), skip: ints(1, 0, 0, 2) }),
        [anywhere(8, 3)],
      ],
    ),
  );
});

describe('plain ops', () => {
  const two = [anywhere(2, 3), anywhere(2, 3)];
  const binary: [string, typeof plain.add][] = [
    ['add', plain.add],
    ['subtract', plain.subtract],
    ['multiply', plain.multiply],
    ['divide', plain.divide],
    ['maximum', plain.maximum],
    ['minimum', plain.minimum],
  ];
  const shapes: [string, Input[]][] = [
    ['of one shape', [apart(2, 3), apart(2, 3)]],
    ['of a row and a column', [apart(1, 3), apart(2, 1)]],
    ['of a vector and a matrix', [apart(3), apart(2, 3)]],
    ['of a matrix and a scalar', [apart(2, 3), apart(1)]],
    ['of vectors', [apart(3), apart(3)]],
  ];
  check(
    binary.flatMap(([name, op]) =>
      shapes.map(
        ([kind, inputs]): Case => [`${name} ${kind}`, (x, y) => op(x as Tensor, y as Tensor), inputs],
      ),
    ),
  );
  const unary: [string, (x: Tensor) => Tensor, Input][] = [
    ['negate', plain.negate, anywhere(2, 3)],
    ['exp', plain.exp, anywhere(2, 3)],
    ['log', plain.log, positive(2, 3)],
    ['sqrt', plain.sqrt, positive(5)],
    ['reciprocal', plain.reciprocal, apart(2, 3)],
    ['square', plain.square, anywhere(2, 3)],
    ['absolute', plain.absolute, apart(2, 3)],
    ['sign', plain.sign, apart(2, 3)],
    ['relu', plain.relu, apart(2, 3)],
    ['tanh', plain.tanh, anywhere(2, 3)],
    ['sigmoid', plain.sigmoid, anywhere(2, 3)],
    ['softplus', plain.softplus, anywhere(2, 3)],
    ['softmax', softmax, anywhere(2, 3)],
    ['logSoftmax', logSoftmax, anywhere(2, 3)],
    ['logSumExp', logSumExp, anywhere(2, 3)],
    ['transpose', transpose, anywhere(2, 3)],
    ['reshape', (x) => reshape(x, [3, 2]), anywhere(2, 3)],
    ['reshape of columns', (x) => reshape(transpose(x), [6]), anywhere(2, 3)],
    ['sliceRows', (x) => plain.exp(sliceRows(x, 1, 3)), anywhere(4, 3)],
    ['sliceRows of a vector', (x) => plain.exp(sliceRows(x, 1, 3)), anywhere(4)],
    ['splitRows', (x) => plain.exp(splitRows(x, [1, 2, 1])[1] as Tensor), anywhere(4, 3)],
    [
      'splitRows, several used',
      (x) => plain.multiply(...(splitRows(x, [2, 2]) as [Tensor, Tensor])),
      anywhere(4, 3),
    ],
    ['sliceColumns', (x) => plain.exp(sliceColumns(x, 1, 3)), anywhere(4, 3)],
    ['2.5 - x', (x) => plain.subtract(2.5, x), anywhere(2, 3)],
  ];
  check(unary.map(([name, op, input]): Case => [name, (x) => op(x as Tensor), [input]]));
  const overs: (Over | undefined)[] = [undefined, 'rows', 'columns'];
  check(
    overs.flatMap((over): Case[] => [
      [`sum over ${over}`, (x) => sum(x as Tensor, over), [anywhere(2, 3)]],
      [`mean over ${over}`, (x) => mean(x as Tensor, over), [anywhere(2, 3)]],
      [`largest over ${over}`, (x) => largest(x as Tensor, over), [anywhere(2, 3)]],
    ]),
  );
  check([
    ['sum of a vector', (x) => sum(x as Tensor), [anywhere(4)]],
    ['cosineSimilarity', (x, y) => cosineSimilarity(x as Tensor, y as Tensor), two],
    ['concatenateRows', (x, y) => concatenateRows([x, y, x] as Tensor[]), [anywhere(2, 3), anywhere(1, 3)]],
    [
      'concatenateColumns',
      (x, y) => concatenateColumns([x, y, x] as Tensor[]),
      [anywhere(2, 3), anywhere(2, 1)],
    ],
  ]);
  for (const transposeLeft of [false, true]) {
    for (const transposeRight of [false, true]) {
      check([
        [
          `matmul ${transposeLeft} ${transposeRight}`,
          (x, y) => matmul(x as Tensor, y as Tensor, { transposeLeft, transposeRight }),
          [transposeLeft ? anywhere(4, 2) : anywhere(2, 4), transposeRight ? anywhere(3, 4) : anywhere(4, 3)],
        ],
      ]);
    }
  }
});
