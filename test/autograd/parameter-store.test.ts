// Parameters in flat memory: alignment, stacks, and gradients that overwrite first and add later.
import { expect, it } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { ArgumentError } from '../../src/errors.ts';
import { linear, packParameter } from '../../src/ops/linear/linear.ts';
import { add, multiply } from '../../src/ops/plain/elementwise.ts';
import { sum } from '../../src/ops/plain/reduce.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { reference as engine } from './gradcheck.ts';

const specs = [
  { names: ['q', 'k', 'v'], shape: [3, 5] },
  { names: ['qb', 'kb', 'vb'], shape: [3] },
  { names: ['other'], shape: [2] },
];
const numbers = async (tensor: Tensor) => [...(await tensor.data())];

it('lays parameters on cache lines, those of a stack end to end', () => {
  using store = new ParameterStore(engine, specs);
  expect(store.parameters.map(({ name, offset, size }) => [name, offset, size])).toEqual([
    ['q', 0, 15],
    ['k', 15, 15],
    ['v', 30, 15],
    ['qb', 48, 3],
    ['kb', 51, 3],
    ['vb', 54, 3],
    ['other', 64, 2],
  ]);
  expect(store.size).toBe(80);
  expect(store.stack(['q', 'k', 'v']).shape).toEqual([9, 5]);
  expect(() => store.stack(['q', 'qb'])).toThrow(ArgumentError);
  expect(() => store.parameter('w')).toThrow(/expected a parameter of this store but received w/);
  expect(() => new ParameterStore(engine, [...specs, { names: ['q'], shape: [1] }])).toThrow(/q came twice/);
});

it('overwrites in the first backward of a step, adds in those after, and zeroes what none reached', async () => {
  using store = new ParameterStore(engine, specs, 'float64');
  const learn = (names: readonly string[], factor: number) =>
    withTape(() => {
      const terms = names.map((name) => sum(multiply(store.parameter(name).value, factor)));
      backward(terms.reduce((left, right) => add(left, right)));
    });
  const gradient = (name: string) => numbers(store.parameter(name).gradient);
  learn(['other', 'qb'], 2);
  learn(['other'], 3);
  expect(await gradient('other')).toEqual([5, 5]);
  expect(await gradient('qb')).toEqual([2, 2, 2]);
  store.clearGradients();
  learn(['other'], 7);
  expect(await gradient('other')).toEqual([7, 7]);
  expect(await gradient('qb')).toEqual([0, 0, 0]);
  expect((await numbers(store.gradients)).reduce((left, right) => left + right)).toBe(14);
});

it('adds the gradient of a stack to that of one of its parts', async () => {
  using store = new ParameterStore(engine, specs, 'float64');
  const stack = store.stack(['qb', 'kb', 'vb']);
  for (const round of [1, 2]) {
    withTape(() => backward(sum(multiply(store.parameter('kb').value, 10 * round))));
    withTape(() => backward(sum(stack.value)));
    expect(await numbers(stack.gradient)).toEqual([
      1,
      1,
      1,
      1 + 10 * round,
      1 + 10 * round,
      1 + 10 * round,
      1,
      1,
      1,
    ]);
    store.clearGradients();
  }
});

it('packs a weight anew once its parameter has changed', async () => {
  using store = new ParameterStore(engine, [{ names: ['w'], shape: [1, 2] }]);
  using weight = packParameter(store.parameter('w'));
  using x = Tensor.from(engine, Float32Array.of(1, 10), [1, 2]);
  const run = async () => {
    using output = linear(x, weight);
    return numbers(output);
  };
  expect(await run()).toEqual([0]);
  store.parameter('w').load(Float32Array.of(2, 3));
  expect(await run()).toEqual([32]);
  store.values.write(new Float32Array(store.size).fill(1));
  expect(await run()).toEqual([32]); // nobody said so
  store.changed();
  expect(await run()).toEqual([11]);
});
