// LAMB against a plain implementation in float64 over ten steps, on every backend; what has no ratio; saved and loaded.

import { afterAll, describe, expect, it } from 'vitest';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { ArgumentError, ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { Lamb, type LambOptions } from '../../src/optim/lamb.ts';
import { scope } from '../../src/tensor/scope.ts';
import { seededRandom } from '../seeded-random.ts';

const specs = [
  { names: ['query.weight', 'key.weight'], shape: [6, 5] }, // end to end, and two tensors all the same
  { names: ['dense.weight'], shape: [211, 97] }, // longer than a block of the kernel
  { names: ['dense.bias'], shape: [97] },
  { names: ['LayerNorm.weight'], shape: [7] },
  { names: ['zeros.weight'], shape: [4, 4] }, // no norm yet
];
const backends = loadAddon().description.backends.filter(({ available }) => available);
const rates = [0.01, 0.02, 0.01, 0.005, 0.01, 0.01, 0.03, 0.01, 0.002, 0.01];
const options = {
  weightDecay: 0.125, // settings are kept in float32
  maxGradientNorm: 20,
  beta1: 0.8,
  beta2: 0.99,
  learningRateFactors: { '^key': 0.5 },
};

/** [size of each] of a store's parameters, the same whenever they are asked for. */
function numbers(store: ParameterStore, seed: number): Float32Array[] {
  const random = seededRandom(seed);
  return store.parameters.map(({ name, size }) =>
    Float32Array.from({ length: size }, () => (seed === 0 && name.startsWith('zeros') ? 0 : random() - 0.5)),
  );
}

function makeStore(engine: Engine, dtype: 'float32' | 'float64'): ParameterStore {
  const store = new ParameterStore(engine, specs, dtype);
  for (const [index, values] of numbers(store, 0).entries()) store.parameters[index]?.load(values);
  return store;
}

/** Puts a step's gradients into a store, as a backward would. */
function setGradients(store: ParameterStore, step: number): void {
  const all = numbers(store, 1 + step);
  store.clearGradients();
  scope(() => {
    for (const [index, parameter] of store.parameters.entries()) {
      const values = all[index] as Float32Array;
      const gradient = parameter.markWritten().reshape([parameter.size]);
      gradient.write(store.dtype === 'float32' ? values : Float64Array.from(values));
    }
  });
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** Algorithm 2 of the paper with phi(x) = x, over plain numbers. */
function plainLamb(store: ParameterStore, { corrected = true } = {}): number[][] {
  const { weightDecay, maxGradientNorm, beta1, beta2 } = options;
  const epsilon = corrected ? 1e-8 : 1e-6;
  const values = numbers(store, 0).map((each) => [...each]);
  const [first, second] = [values, values].map((all) => all.map((each) => each.map(() => 0))) as [
    number[][],
    number[][],
  ];
  for (const [index, rate] of rates.entries()) {
    const gradients = numbers(store, 1 + index).map((each) => [...each]);
    const clip = Math.min(1, maxGradientNorm / (norm(gradients.flat()) + 1e-6));
    for (const [at, { name }] of store.parameters.entries()) {
      const [w, m, v] = [values[at], first[at], second[at]] as [number[], number[], number[]];
      const exempt = /bias$|LayerNorm/.test(name);
      const direction = w.map((value, i) => {
        const g = clip * (gradients[at]?.[i] as number);
        m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
        v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
        const [c1, c2] = corrected ? [1 - beta1 ** (index + 1), 1 - beta2 ** (index + 1)] : [1, 1];
        return m[i] / c1 / (Math.sqrt((v[i] as number) / c2) + epsilon) + (exempt ? 0 : weightDecay) * value;
      });
      const ratio = exempt || norm(w) === 0 || norm(direction) === 0 ? 1 : norm(w) / norm(direction);
      const own = rate * (name.startsWith('key') ? 0.5 : 1);
      for (const [i, u] of direction.entries()) w[i] = (w[i] as number) - own * ratio * u;
    }
  }
  return values;
}

async function tenSteps(store: ParameterStore, convention: LambOptions['convention']): Promise<number[][]> {
  using optimizer = new Lamb([store], { ...options, convention });
  for (const [index, rate] of rates.entries()) {
    setGradients(store, index);
    optimizer.step(rate).dispose();
  }
  return Promise.all(store.parameters.map(async (parameter) => [...(await parameter.read())]));
}

function furthest(actual: number[][], expected: number[][]): number {
  return Math.max(
    ...expected.map((values, at) =>
      values.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[at]?.[i] as number))), 0),
    ),
  );
}

describe.each(['pytorch', 'bert'] as const)('ten steps of LAMB, convention %s', (convention) => {
  const corrected = convention === 'pytorch';

  it('equal a plain implementation in float64', async () => {
    using engine = new Engine({ backend: 'reference', threads: 1 });
    using store = makeStore(engine, 'float64');
    const got = await tenSteps(store, convention);
    expect(furthest(got, plainLamb(store, { corrected }))).toBeLessThan(1e-12);
  });

  it.each(backends)(
    'equal it on $name within float32, with the same bits for any number of threads',
    async ({ name }) => {
      const runs: number[][][] = [];
      for (const threads of [1, 2, 7]) {
        using engine = new Engine({ backend: name, threads, allowMock: true });
        using store = makeStore(engine, 'float32');
        runs.push(await tenSteps(store, convention));
        expect(furthest(runs.at(-1) as number[][], plainLamb(store, { corrected }))).toBeLessThan(2e-6);
      }
      expect(runs[1]).toEqual(runs[0]);
      expect(runs[2]).toEqual(runs[0]);
    },
  );
});

describe('a step of LAMB', () => {
  const engine = Engine.shared();
  afterAll(() => engine.dispose());

  it('whose gradient is not finite changes nothing but the count', async () => {
    using store = makeStore(engine, 'float32');
    using optimizer = new Lamb([store]);
    setGradients(store, 0);
    store.parameters[0]?.markWritten().reshape([30]).write(new Float32Array(30).fill(Number.NaN));
    const before = await store.values.float32Data();
    optimizer.step(0.1).dispose();
    expect(await store.values.float32Data()).toEqual(before);
    expect(optimizer.steps).toBe(1);
  });

  it('goes on from a saved state with the same bits, and refuses that of other parameters', async () => {
    const stores = [makeStore(engine, 'float32'), makeStore(engine, 'float32')] as const;
    const optimizers = [new Lamb([stores[0]], options), new Lamb([stores[1]], options)] as const;
    for (const step of [0, 1, 2, 3]) {
      setGradients(stores[0], step);
      optimizers[0].step(0.01).dispose();
      if (step !== 1) continue;
      stores[1].restore(await stores[0].values.float32Data());
      optimizers[1].load(await optimizers[0].state());
    }
    for (const step of [2, 3]) {
      setGradients(stores[1], step);
      optimizers[1].step(0.01).dispose();
    }
    expect(await stores[1].values.float32Data()).toEqual(await stores[0].values.float32Data());
    const wrong = { steps: 1, firstMoments: [new Float32Array(3)], secondMoments: [new Float32Array(3)] };
    expect(() => optimizers[0].load(wrong)).toThrow(ShapeError);
    for (const part of [...optimizers, ...stores]) part.dispose();
  });

  it('refuses unknown options with the nearest name', () => {
    using store = makeStore(engine, 'float32');
    expect(() => new Lamb([store], { weightDecy: 1 } as LambOptions)).toThrow(ArgumentError);
  });
});
