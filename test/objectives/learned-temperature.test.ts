// The learned temperature: its gradient through the parameterisation against differences in float64, for every loss that has
// one; the bound at scale 100, from which there is a way back; and the same gradient with GradCache.
import { afterAll, describe, expect, it } from 'vitest';
import { backward, gradientsOf } from '../../src/autograd/backward.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { watch, withTape } from '../../src/autograd/tape.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { Pooling } from '../../src/nn/encoder/pooling.ts';
import { gradCache } from '../../src/objectives/grad-cache.ts';
import { LearnedTemperature, temperatureParameters } from '../../src/objectives/learned-temperature.ts';
import { onOneTape, type VectorObjective, wholeBatch } from '../../src/objectives/objective.ts';
import { simcseSupervised, simcseUnsupervised } from '../../src/objectives/simcse.ts';
import { suNtxent } from '../../src/objectives/su-ntxent.ts';
import { multiply } from '../../src/ops/plain/elementwise.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { ragged, trainable, training } from '../nn/trainable.ts';

const engine = new Engine({ backend: 'reference', threads: 1 });
const fast = new Engine({ threads: 2 });
afterAll(() => {
  engine.dispose();
  fast.dispose();
});

const objectives: [string, (temperature: LearnedTemperature) => VectorObjective, number, number][] = [
  ['simcse-unsupervised', (temperature) => simcseUnsupervised({ temperature }), 1, 8],
  ['simcse-supervised', (temperature) => simcseSupervised({ temperature, hardNegativeWeight: 1 }), 3, 12],
  ['su-ntxent', (temperature) => suNtxent({ temperature }), 1, 8],
];

const batchOf = (columns: number) => ({ examples: 4, columns, tokens: ragged([3, 6, 5, 4].slice(0, 4)) });

describe('the gradient of log scale equals differences', () => {
  it.each(objectives)('%s', async (_, make, columns, rows) => {
    using store = new ParameterStore(engine, temperatureParameters, 'float64');
    const objective = make(LearnedTemperature.create(store, 0.3));
    const values = Float64Array.from({ length: rows * 5 }, (_unused, index) => Math.sin(index * 2.3));
    const lossAt = () => objective.loss(Tensor.from(engine, values, [rows, 5]), batchOf(columns));
    withTape(() => backward(lossAt()));
    const [got] = await store.parameter('logit_scale').gradient.data();
    const [start] = await store.parameter('logit_scale').read();
    const at = async (h: number) => {
      store.parameter('logit_scale').value.write(Float64Array.of((start as number) + h));
      using loss = scope(lossAt);
      return (await loss.data())[0] as number;
    };
    const h = 1e-4;
    const want = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
    expect(Math.abs(want)).toBeGreaterThan(1e-3);
    expect((got as number) / want).toBeCloseTo(1, 8);
  });

  it('with GradCache, the one of the whole batch', async () => {
    const parts = await trainable(fast);
    using store = new ParameterStore(fast, temperatureParameters);
    const objective = simcseUnsupervised({ temperature: LearnedTemperature.create(store, 0.3) });
    const model = { encoder: parts.encoder, pooling: new Pooling(['cls']) };
    const gradients: number[] = [];
    for (const learn of [onOneTape(wholeBatch(objective)), gradCache(objective, 3)]) {
      for (const each of [store, parts.store]) each.clearGradients();
      const { loss } = await learn(model, batchOf(1), training, 0.5);
      loss.dispose();
      gradients.push((await store.gradients.data())[0] as number);
    }
    expect(gradients[0]).not.toBe(0);
    expect(gradients[1]).toBe(gradients[0]);
    parts.dispose();
  });
});

it('begins at the temperature given, and its scale never exceeds 100', async () => {
  using store = new ParameterStore(engine, temperatureParameters, 'float64');
  for (const [temperature, want] of [
    [0.05, 20],
    [0.01, 100],
  ] as const) {
    const learned = LearnedTemperature.create(store, temperature);
    using scale = learned.scale();
    using value = learned.value();
    expect((await scale.data())[0]).toBeCloseTo(want, 4);
    expect((await value.data())[0]).toBeCloseTo(temperature, 7);
  }
  const beyond = LearnedTemperature.create(store, 0.01);
  store.parameter('logit_scale').load(Float32Array.of(6));
  using scale = beyond.scale();
  expect((await scale.data())[0]).toBe(100);
  expect(() => LearnedTemperature.create(store, 0.009)).toThrow(ArgumentError);
  expect(() => LearnedTemperature.create(store, Number.NaN)).toThrow(
    /expected a temperature of at least 0\.01/,
  );
});

it('at the bound only the way back has a gradient', async () => {
  using store = new ParameterStore(engine, temperatureParameters, 'float64');
  const learned = LearnedTemperature.create(store, 0.01);
  store.parameter('logit_scale').load(Float32Array.of(5));
  const gradient = async (slope: number) => {
    store.clearGradients();
    withTape(() => backward(multiply(learned.scale(), slope)));
    return (await store.gradients.data())[0];
  };
  expect(await gradient(-1)).toBe(-0); // descent would raise the scale
  expect(await gradient(1)).toBe(100);
});

it('is a number again where nothing is learned', async () => {
  const loss = (objective: VectorObjective) =>
    withTape(() => {
      const vectors = watch(
        Tensor.from(
          engine,
          Float64Array.from({ length: 40 }, (_, i) => Math.cos(i)),
          [8, 5],
        ),
      );
      const made = objective.loss(vectors, batchOf(1));
      return gradientsOf(made, [vectors])[0] as Tensor;
    });
  using store = new ParameterStore(engine, temperatureParameters, 'float64');
  using fixed = loss(suNtxent({ temperature: 0.05 }));
  using learned = loss(suNtxent({ temperature: LearnedTemperature.create(store, 0.05) }));
  const [left, right] = [await fixed.data(), await learned.data()];
  for (const [index, value] of left.entries()) expect(right[index]).toBeCloseTo(value, 6);
});
