// op-table.ts for attention and its gradient, in float32 and in bfloat16: ragged batches, every kind of mask, dropout.
import {
  type AttentionOptions,
  attentionGradient,
  attentionWithLogSumExp,
} from '../../src/ops/attention/attention.ts';
import type { Maker, OpCase } from './op-table.ts';
import type { Random } from './random.ts';

interface Batch {
  queries: number[];
  keys?: number[];
  heads: number;
  dim: number;
  mask: string;
}

const batches: Batch[] = [
  { queries: [0], heads: 2, dim: 4, mask: 'none' },
  { queries: [1], heads: 1, dim: 1, mask: 'none' },
  { queries: [15, 3, 0, 22], heads: 3, dim: 26, mask: 'none' },
  { queries: [130, 17], heads: 2, dim: 32, mask: 'none' },
  { queries: [5, 1, 9], keys: [40, 300, 0], heads: 2, dim: 13, mask: 'none' },
  { queries: [70, 33], heads: 2, dim: 64, mask: 'causal' },
  { queries: [50, 129], heads: 1, dim: 5, mask: 'unilm' },
  { queries: [31, 64], heads: 2, dim: 32, mask: 'permutation' },
  { queries: [31, 64], heads: 2, dim: 32, mask: 'strict' },
  { queries: [520], heads: 1, dim: 128, mask: 'none' },
];

const sum = (lengths: readonly number[]) => lengths.reduce((a, b) => a + b, 0);

function ranks(mask: string, lengths: readonly number[], random: Random): number[] {
  return lengths.flatMap((length) => {
    const positions = Array.from({ length }, (_, index) => index);
    if (mask === 'causal') return positions;
    if (mask === 'unilm') return positions.map((index) => Math.max(0, index - Math.floor(length / 2)));
    return positions.map(() => random.integer(length));
  });
}

type Precision = NonNullable<AttentionOptions['precision']>;

function makeCall(
  make: Maker,
  { queries, keys = queries, heads, dim, mask }: Batch,
  dropout: number,
  precision: Precision,
) {
  const width = heads * dim;
  const query = make.strided(sum(queries), width);
  const [key, value] = [make.strided(sum(keys), width), make.strided(sum(keys), width)];
  const options: AttentionOptions = {
    heads,
    queryOffsets: make.offsets(queries),
    keyOffsets: make.offsets(keys),
    queryRank: mask === 'none' ? undefined : make.ints(ranks(mask, queries, make.random)),
    strict: mask === 'strict',
    dropout,
    seed: 2 ** 32 - 1,
    site: 5,
    sequenceIds: dropout > 0 ? make.ints(queries.map((_, index) => 40 - index)) : undefined,
    precision,
  };
  return { query, key, value, options };
}

/**
 * What rounding weights to bfloat16 adds. Given factors round alike on every backend; a weight may fall to either side, 2^-7
 * of it apart, where float32 is not exact, or where a later block of keys has a larger score. The weights of an output are
 * 1 together (as dropout scales them 1.1), of values within 5.
 */
const weightRounding = { float32: 0, bfloat16: 2 ** -7 * 1.1 * 5 };

function cases(batch: Batch, dropout: number, precision: Precision): OpCase[] {
  const { queries, keys = queries, heads, dim, mask } = batch;
  const name = `${queries.join('+')} over ${keys.join('+')} heads ${heads} x ${dim} ${mask} dropout ${dropout} ${precision}`;
  return [
    {
      name: `attention ${name}`,
      tolerance: 4e-6 + weightRounding[precision],
      run: (make) => {
        const { query, key, value, options } = makeCall(make, batch, dropout, precision);
        const result = attentionWithLogSumExp(query, key, value, options);
        return [result.output, result.logSumExp];
      },
    },
    {
      name: `attention_gradient ${name}`,
      tolerance: 1e-5 + weightRounding[precision] * Math.sqrt(dim), // of products of output gradients and values
      run: (make) => {
        const { query, key, value, options } = makeCall(make, batch, dropout, precision);
        const result = attentionWithLogSumExp(query, key, value, options);
        const coming = make.normals(sum(queries), heads * dim);
        const gradients = attentionGradient(coming, query, key, value, result, options);
        return [gradients.query, gradients.key, gradients.value];
      },
    },
  ];
}

// In bfloat16 a choice of them: the table in native/test has both precisions at every length.
export const attentionCases: OpCase[] = [
  ...batches.flatMap((batch) => [0, 0.1].flatMap((p) => cases(batch, p, 'float32'))),
  ...batches.filter(({ dim }) => dim <= 64).flatMap((batch) => cases(batch, 0.1, 'bfloat16')),
];
