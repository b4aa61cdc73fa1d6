// Objectives on a small encoder: gradients of whole steps against differences in float64, GradCache against the plain
// gradient, twins that differ by their masks alone, and what is refused.
import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { Pooling } from '../../src/nn/encoder/pooling.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import { cosineRegression } from '../../src/objectives/cosine-regression.ts';
import { gradCache } from '../../src/objectives/grad-cache.ts';
import {
  encodeSequences,
  type LearnBatch,
  type ObjectiveBatch,
  onOneTape,
  type TrainedModel,
  twins,
  type VectorObjective,
  wholeBatch,
} from '../../src/objectives/objective.ts';
import { SIMCSE_POOLERS, simcseSupervised, simcseUnsupervised } from '../../src/objectives/simcse.ts';
import { suNtxent } from '../../src/objectives/su-ntxent.ts';
import { triplet } from '../../src/objectives/triplet.ts';
import { matmul } from '../../src/ops/plain/matmul.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { ragged, smallConfig, type Trainable, trainable, training } from '../nn/trainable.ts';

const reference = new Engine({ backend: 'reference', threads: 1 });
const fast = new Engine({ backend: 'avx2', threads: 2 });
afterAll(() => {
  reference.dispose();
  fast.dispose();
});

const lengths = [3, 1, 5, 4, 2, 6, 3, 2, 4, 1, 5, 2];
const batchOf = (columns: number): ObjectiveBatch => ({
  examples: 4,
  columns,
  tokens: ragged(lengths.slice(0, 4 * columns)),
  scores: Float32Array.of(0.9, -0.2, 0.5, 0.1),
  textIds: Int32Array.from({ length: 4 * columns }, (_, index) => (index === 5 ? 2 : index)),
});

const objectives: [string, VectorObjective, number][] = [
  ['simcse-unsupervised', simcseUnsupervised(), 1],
  ['simcse-supervised, pairs', simcseSupervised(), 2],
  ['simcse-supervised, triplets', simcseSupervised({ hardNegativeWeight: 1 }), 3],
  ['simcse-supervised, equal texts hidden', simcseSupervised({ hideEqualTexts: true }), 2],
  ['su-ntxent', suNtxent(), 1],
  ['triplet', triplet(), 3],
  ['triplet by cosine', triplet({ distance: 'cosine', margin: 0.5 }), 3],
  ['cosine-regression', cosineRegression(), 2],
];

const modelOf = ({ encoder, head }: Trainable, pooler: keyof typeof SIMCSE_POOLERS = 'cls'): TrainedModel => {
  const chosen = SIMCSE_POOLERS[pooler];
  return { encoder, pooling: new Pooling([chosen.pooling]), head: chosen.head ? head : undefined };
};

async function step(
  parts: Trainable,
  learn: LearnBatch,
  batch: ObjectiveBatch,
  context: ForwardContext,
  pooler?: keyof typeof SIMCSE_POOLERS,
) {
  parts.store.clearGradients();
  const { loss } = await learn(modelOf(parts, pooler), batch, context);
  const [value] = await loss.data();
  loss.dispose();
  return {
    loss: value as number,
    gradient: (await parts.store.gradients.data()) as Float32Array | Float64Array,
  };
}

async function expectSlope(
  objective: VectorObjective,
  batch: ObjectiveBatch,
  pooler: keyof typeof SIMCSE_POOLERS,
) {
  const parts = await trainable(reference, smallConfig, 'float64');
  const { gradient } = await step(parts, onOneTape(wholeBatch(objective)), batch, training, pooler);
  const values = (await parts.store.values.data()) as Float64Array;
  const direction = values.map((_, index) => Math.sin(index * 1.7));
  const at = async (h: number) => {
    parts.store.values.write(values.map((value, index) => value + h * (direction[index] as number)));
    parts.store.changed();
    using loss = scope(() => wholeBatch(objective)(modelOf(parts, pooler), batch, training).loss);
    return (await loss.data())[0] as number;
  };
  const h = 2e-5;
  const want = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
  const got = direction.reduce((sum, value, index) => sum + value * (gradient[index] as number), 0);
  expect(Math.abs(got - want) / Math.hypot(...gradient)).toBeLessThan(1e-6);
  parts.dispose();
}

describe('gradients equal differences', () => {
  it.each(objectives)('%s', (_, objective, columns) => expectSlope(objective, batchOf(columns), 'cls'));

  it.each(Object.keys(SIMCSE_POOLERS) as (keyof typeof SIMCSE_POOLERS)[])('simcse with pooler %s', (pooler) =>
    expectSlope(simcseUnsupervised(), batchOf(1), pooler),
  );
});

describe('GradCache', () => {
  it.each(objectives)('of %s gives the gradient of the whole batch', async (_, objective, columns) => {
    const parts = await trainable(fast);
    const batch = batchOf(columns);
    const whole = await step(parts, onOneTape(wholeBatch(objective)), batch, training);
    for (const chunk of [1, 3, 100]) {
      const cached = await step(parts, gradCache(objective, chunk), batch, training);
      expect(cached.loss).toBe(whole.loss); // a sequence's vector does not depend on its neighbours
      const size = Math.hypot(...whole.gradient);
      for (const [index, value] of whole.gradient.entries()) {
        expect(Math.abs((cached.gradient[index] as number) - value)).toBeLessThan(1e-5 * size);
      }
    }
    parts.dispose();
  });

  it('gives the same bits every time, and those of a layer recomputed', async () => {
    const parts = await trainable(fast);
    const cached = gradCache(simcseUnsupervised(), 3);
    const once = await step(parts, cached, batchOf(1), training);
    expect(await step(parts, cached, batchOf(1), training)).toEqual(once);
    expect(await step(parts, cached, batchOf(1), { ...training, recompute: true })).toEqual(once);
    parts.dispose();
  });

  it('waits for room: there may be more chunks than the queue takes commands of', async () => {
    const parts = await trainable(reference);
    const batch = { examples: 200, columns: 1, tokens: ragged(Array(200).fill(2)) };
    const before = reference.stats().commandsExecuted;
    using square = Tensor.from(reference, new Float32Array(900 * 900), [900, 900]);
    matmul(square, square).dispose(); // a second of plain loops, in which nothing leaves the queue
    const { loss } = await step(parts, gradCache(simcseUnsupervised(), 1), batch, training);
    expect(reference.stats().commandsExecuted - before).toBeGreaterThan(1.2 * 16384);
    expect(loss).toBe((await step(parts, onOneTape(wholeBatch(simcseUnsupervised())), batch, training)).loss);
    parts.dispose();
  });

  it('refuses a chunk of nothing', () => {
    expect(() => gradCache(simcseUnsupervised(), 0)).toThrow(ArgumentError);
  });
});

describe('twins', () => {
  it('differ by their masks; with the same ids they are the same', async () => {
    const parts = await trainable(fast);
    const { tokens } = batchOf(1);
    const sequences = twins({ examples: 4, columns: 1, tokens });
    expect([...sequences.ids]).toEqual([0, 2, 4, 6, 1, 3, 5, 7]);
    const encode = async (ids: Int32Array) => {
      using vectors = scope(() => encodeSequences(modelOf(parts), { ...sequences, ids }, training));
      const data = await vectors.float32Data();
      return [data.subarray(0, data.length / 2), data.subarray(data.length / 2)] as const;
    };
    const [first, second] = await encode(sequences.ids);
    expect(second).not.toEqual(first);
    const [one, other] = await encode(sequences.ids.map((id) => id >> 1));
    expect(other).toEqual(one);
    parts.dispose();
  });
});

it('refuses batches of another form', async () => {
  const parts = await trainable(fast);
  const run = (objective: VectorObjective, batch: ObjectiveBatch) => () =>
    scope(() => wholeBatch(objective)(modelOf(parts), batch, training));
  expect(run(triplet(), batchOf(2))).toThrow(/\[triplet\] expected three texts per example but received 2/);
  expect(run(simcseSupervised(), batchOf(1))).toThrow(/expected pairs or triplets but received 1 columns/);
  expect(run(cosineRegression(), { ...batchOf(2), scores: undefined })).toThrow(/and no scores/);
  const unnumbered = { ...batchOf(2), textIds: undefined };
  expect(run(simcseSupervised({ hideEqualTexts: true }), unnumbered)).toThrow(/number its texts/);
  parts.dispose();
});
