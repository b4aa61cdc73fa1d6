// AdamW against its formulas in float64, clipping, groups, several stores, steps that are not finite, saved and loaded.

import { expect, test } from 'vitest';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { AdamW, type AdamWOptions } from '../../src/optim/adamw.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { seededRandom } from '../seeded-random.ts';

const specs = [
  { names: ['dense.weight'], shape: [3, 5] },
  { names: ['dense.bias'], shape: [3] },
  { names: ['LayerNorm.weight'], shape: [7] },
];
const engine = Engine.shared();

function makeStore(seed: number): ParameterStore {
  const store = new ParameterStore(engine, specs);
  const random = seededRandom(seed);
  for (const parameter of store.parameters) {
    parameter.load(Float32Array.from({ length: parameter.size }, () => random() - 0.5));
  }
  return store;
}

/** Puts gradients into a store, as a backward would. */
function setGradients(store: ParameterStore, seed: number, scale = 1): void {
  const random = seededRandom(seed);
  store.clearGradients();
  scope(() => {
    for (const parameter of store.parameters) {
      const values = Float32Array.from({ length: parameter.size }, () => scale * (random() - 0.5));
      parameter.markWritten().reshape([parameter.size]).write(values);
    }
  });
}

const valuesOf = async (store: ParameterStore) => [...(await store.values.float32Data())];

async function everything(store: ParameterStore, optimizer: AdamW) {
  const { firstMoments, secondMoments } = await optimizer.state();
  return { values: await valuesOf(store), firstMoments, secondMoments };
}

/** The formulas of src/optim/adamw.ts over numbers. */
function expected(options: AdamWOptions, steps: number): number[][] {
  const {
    convention = 'pytorch',
    beta1 = 0.9,
    beta2 = 0.999,
    weightDecay = 0,
    maxGradientNorm = 0,
  } = options;
  const epsilon = convention === 'bert' ? 1e-6 : 1e-8;
  const start = [3, 4].map((seed) => {
    const random = seededRandom(seed);
    return Array.from({ length: 25 }, () => Math.fround(random() - 0.5));
  });
  const first = start.map((values) => values.map(() => 0));
  const second = start.map((values) => values.map(() => 0));
  for (let step = 1; step <= steps; step++) {
    const gradients = start.map((values, index) => {
      const random = seededRandom(100 * step + index);
      return values.map(() => Math.fround(random() - 0.5));
    });
    const norm = Math.hypot(...gradients.flat());
    const clip = maxGradientNorm > 0 ? Math.min(1, maxGradientNorm / (norm + 1e-6)) : 1;
    const rate = 0.01 * step;
    for (const [index, values] of start.entries()) {
      for (const [at, value] of values.entries()) {
        const gradient = clip * ((gradients[index] as number[])[at] as number);
        const [m, v] = [first[index] as number[], second[index] as number[]];
        m[at] = beta1 * (m[at] as number) + (1 - beta1) * gradient;
        v[at] = beta2 * (v[at] as number) + (1 - beta2) * gradient ** 2;
        const decay = at < 15 ? weightDecay : 0;
        const corrected = convention === 'pytorch';
        const mean = (m[at] as number) / (corrected ? 1 - beta1 ** step : 1);
        const scale = Math.sqrt((v[at] as number) / (corrected ? 1 - beta2 ** step : 1)) + epsilon;
        values[at] = value - rate * decay * value - (rate * mean) / scale;
      }
    }
  }
  return start;
}

test.each<AdamWOptions>([
  {},
  { convention: 'bert', weightDecay: 0.1 },
  { weightDecay: 0.1, maxGradientNorm: 0.5, beta1: 0.8, beta2: 0.98 },
  { weightDecay: 0.1, maxGradientNorm: 100 },
])('ten steps over two stores: %j', async (options) => {
  const stores = [makeStore(3), makeStore(4)];
  using optimizer = new AdamW(stores, options);
  for (let step = 1; step <= 10; step++) {
    for (const [index, store] of stores.entries()) setGradients(store, 100 * step + index);
    optimizer.step(0.01 * step).dispose();
  }
  for (const [index, values] of expected(options, 10).entries()) {
    const store = stores[index] as ParameterStore;
    const found = await Promise.all(store.parameters.map((parameter) => parameter.read()));
    for (const [at, value] of found.flatMap((part) => [...part]).entries()) {
      expect(value).toBeCloseTo(values[at] as number, 5);
    }
    store.dispose();
  }
});

test.each([
  ['a gradient', Number.NaN, 1],
  ['a gradient', Number.POSITIVE_INFINITY, 1],
  ['a loss', 1, Number.NaN],
  ['a loss', 1, Number.NEGATIVE_INFINITY],
])('%s that is not finite changes nothing', async (_, scale, loss) => {
  using store = makeStore(3);
  using optimizer = new AdamW([store], { weightDecay: 0.1 });
  setGradients(store, 1);
  optimizer.step(0.01).dispose();
  const before = await everything(store, optimizer);
  setGradients(store, 2, scale);
  using good = Tensor.from(engine, Float32Array.of(1));
  using bad = Tensor.from(engine, Float32Array.of(loss));
  using norm = optimizer.step(0.01, [good, bad]);
  expect(Number.isFinite((await norm.data())[0])).toBe(false);
  expect(await everything(store, optimizer)).toEqual(before);
  setGradients(store, 3);
  optimizer.step(0.01, [good]).dispose();
  expect((await everything(store, optimizer)).values).not.toEqual(before.values);
});

test('a saved state goes on with the same bits', async () => {
  using whole = makeStore(3);
  using one = new AdamW([whole], { weightDecay: 0.1, maxGradientNorm: 1 });
  using half = makeStore(3);
  using two = new AdamW([half], { weightDecay: 0.1, maxGradientNorm: 1 });
  const run = (store: ParameterStore, optimizer: AdamW, from: number, to: number) => {
    for (let step = from; step < to; step++) {
      setGradients(store, step);
      optimizer.step(0.01).dispose();
    }
  };
  run(whole, one, 0, 8);
  run(half, two, 0, 5);
  const saved = { values: await half.values.float32Data(), state: await two.state() };
  using later = makeStore(9);
  using three = new AdamW([later], { weightDecay: 0.1, maxGradientNorm: 1 });
  later.values.write(saved.values);
  three.load(saved.state);
  run(later, three, 5, 8);
  expect(await valuesOf(later)).toEqual(await valuesOf(whole));
  const other = { ...saved.state, firstMoments: [new Float32Array(3)] };
  expect(() => three.load(other)).toThrow(ShapeError);
});
