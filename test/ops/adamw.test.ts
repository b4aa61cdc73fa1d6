// Ten steps of AdamW against PyTorch's and against Google BERT's, on every backend, with and without clipping.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { type AdamWStep, adamW, squaredNorm } from '../../src/ops/optimizer/adamw.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

interface Golden {
  learningRate: number;
  beta1: number;
  beta2: number;
  groups: { elements: number; factor: number; decay: number }[];
  start: number[];
  gradients: number[][]; // [steps][elements]
  cases: { convention: 'pytorch' | 'bert'; maxNorm: number; epsilon: number; values: number[][] }[];
}
const golden = JSON.parse(readFileSync(new URL('../golden/adamw.json', import.meta.url), 'utf8')) as Golden;
const { beta1, beta2, groups, learningRate } = golden;
const backends = loadAddon().description.backends.filter(({ available }) => available);

type Reals = typeof Float32Array | typeof Float64Array;

/** The values after each step. */
function run(engine: Engine, reals: Reals, given: Golden['cases'][number]) {
  return scope(() => {
    const vector = (values: ArrayLike<number>) => Tensor.from(engine, reals.from(values));
    const zeros = () => vector(new Array<number>(golden.start.length).fill(0));
    const targets = { value: vector(golden.start), firstMoment: zeros(), secondMoment: zeros() };
    let end = 0;
    const layout = {
      ends: Tensor.from(
        engine,
        Int32Array.from(groups, ({ elements }) => (end += elements)),
      ),
      settings: vector(groups.flatMap(({ factor, decay }) => [factor, decay])).reshape([groups.length, 2]),
    };
    return golden.gradients.map((numbers, index) => {
      const gradient = vector(numbers);
      const corrected = given.convention === 'pytorch';
      const step: AdamWStep = {
        learningRate,
        beta1,
        beta2,
        epsilon: given.epsilon,
        firstCorrection: corrected ? 1 - beta1 ** (index + 1) : 1,
        secondCorrection: corrected ? 1 - beta2 ** (index + 1) : 1,
        maxNorm: given.maxNorm,
      };
      adamW(targets, gradient, squaredNorm(gradient), layout, step);
      return targets.value.data();
    });
  });
}

describe.each(golden.cases)('$convention, maxNorm $maxNorm', (given) => {
  it.each(backends)('ten steps on $name', async ({ name }) => {
    using engine = new Engine({ backend: name, threads: 2, allowMock: true });
    for (const [reals, tolerance] of [
      [Float32Array, 2e-6],
      [Float64Array, 1e-11],
    ] as const) {
      const steps = await Promise.all(run(engine, reals, given));
      for (const [index, values] of steps.entries()) {
        const expected = given.values[index] as number[];
        expect(values.length).toBe(expected.length);
        for (const [at, value] of expected.entries()) {
          expect(Math.abs((values[at] as number) - value)).toBeLessThanOrEqual(
            tolerance * (1 + Math.abs(value)),
          );
        }
      }
    }
  });
});

it('refuses vectors of another length', () => {
  using engine = new Engine({ threads: 1 });
  scope(() => {
    const [three, one] = [Tensor.from(engine, new Float32Array(3)), Tensor.from(engine, new Float32Array(1))];
    const groups = { ends: Tensor.from(engine, Int32Array.of(3)), settings: one.reshape([1, 1]) };
    const targets = { value: three, firstMoment: three, secondMoment: one };
    expect(() => adamW(targets, three, one, groups, {} as AdamWStep)).toThrow(ShapeError);
  });
});
