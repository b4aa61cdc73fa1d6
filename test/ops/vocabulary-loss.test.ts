// The vocabulary's cross-entropy as a recorded op: against the plain ops that it stands for, and its gradients against
// difference quotients, also where they go straight into parameters.
import { afterAll, describe, expect, it } from 'vitest';
import { backward, gradientsOf } from '../../src/autograd/backward.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { watch, withTape } from '../../src/autograd/tape.ts';
import { ExecutionError, ShapeError } from '../../src/errors.ts';
import { vocabularyLoss } from '../../src/ops/loss/vocabulary-loss.ts';
import { add, multiply } from '../../src/ops/plain/elementwise.ts';
import { matmul } from '../../src/ops/plain/matmul.ts';
import { mean } from '../../src/ops/plain/reduce.ts';
import { logSoftmax } from '../../src/ops/plain/softmax.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { anywhere, expectGradients, reference } from '../autograd/gradcheck.ts';

const words = [4, 0, 6, 4];
const ids = () => Tensor.from(reference, Int32Array.from(words));
const numbers = (count: number, by: number) =>
  Float64Array.from({ length: count }, (_, i) => Math.sin(by * i));

afterAll(() => reference.dispose());

describe('vocabularyLoss', () => {
  it('is minus the logarithm of the softmax, and hits say where the target is the likeliest word', async () => {
    const [states, table, bias] = [numbers(12, 1), numbers(21, 2), numbers(7, 3)];
    const results = scope(() => {
      const [x, w] = [Tensor.from(reference, states, [4, 3]), Tensor.from(reference, table, [7, 3])];
      const b = Tensor.from(reference, bias);
      const { losses, hits } = vocabularyLoss(x, w, ids(), { bias: b });
      return [losses, hits, logSoftmax(add(matmul(x, w, { transposeRight: true }), b))] as const;
    });
    const [losses, hits, all] = await Promise.all(results.map((tensor) => tensor.data()));
    for (const tensor of results) tensor.dispose();
    for (const [row, word] of words.entries()) {
      const logits = [...(all as Float64Array).subarray(7 * row, 7 * row + 7)];
      expect(losses?.[row]).toBeCloseTo(-(logits[word] as number), 12);
      expect(hits?.[row]).toBe(logits[word] === Math.max(...logits) ? 1 : 0);
    }
  });

  it('has the gradients of differences, whatever comes in for each position', async () => {
    const specs = [anywhere(4, 3), anywhere(7, 3), anywhere(7)];
    await expectGradients(
      (x, w, b) => vocabularyLoss(x as Tensor, w as Tensor, ids(), { bias: b }).losses,
      specs,
    );
    await expectGradients(
      (x, w) => vocabularyLoss(x as Tensor, w as Tensor, ids()).losses,
      specs.slice(0, 2),
    );
    await expectGradients(
      (x) => {
        const w = Tensor.from(reference, numbers(21, 2), [7, 3]);
        return vocabularyLoss(x as Tensor, w, ids()).losses;
      },
      specs.slice(0, 1),
    );
  });

  it('adds to the gradients of a table and of biases where they lie, twice in one tape and over several', async () => {
    const specs = [
      { names: ['table'], shape: [7, 3] },
      { names: ['first', 'second'], shape: [7] },
    ];
    using store = new ParameterStore(reference, specs, 'float64');
    store.values.write(numbers(store.size, 2));
    const states = numbers(12, 1);
    const pass = (weights: [first: number, second: number]) =>
      withTape(() => {
        const x = Tensor.from(reference, states, [4, 3]);
        const value = (name: string) => store.parameter(name).view();
        const loss = (bias: string, weight: number) =>
          multiply(mean(vocabularyLoss(x, value('table'), ids(), { bias: value(bias) }).losses), weight);
        backward(add(loss('first', weights[0]), loss('second', weights[1])));
      });
    const gradients = async (...passes: [number, number][]) => {
      store.clearGradients();
      for (const weights of passes) pass(weights);
      return [...((await store.gradients.data()) as Float64Array)];
    };
    const [first, second] = [await gradients([1, 0]), await gradients([0, 1])];
    const expected = first.map((value, index) => 0.5 * value + 3 * (second[index] as number));
    expect(Math.max(...first.map(Math.abs))).toBeGreaterThan(0.01);
    for (const passes of [
      [[0.5, 3]],
      [
        [0.25, 1],
        [0.25, 2],
      ],
    ] as [number, number][][]) {
      for (const [index, value] of (await gradients(...passes)).entries()) {
        expect(value).toBeCloseTo(expected[index] as number, 12);
      }
    }
  });

  it('rounds to bfloat16 forward and backward where it is asked to, by no more than that', async () => {
    const results = await Promise.all(
      [false, true].map(async (bfloat16) => {
        const tensors = withTape(() => {
          const [x, w] = [
            watch(Tensor.from(reference, Float32Array.from(numbers(12, 1)), [4, 3])),
            watch(Tensor.from(reference, Float32Array.from(numbers(21, 2)), [7, 3])),
          ];
          const { losses, hits } = vocabularyLoss(x, w, ids(), { bfloat16 });
          hits.dispose();
          return [losses, ...gradientsOf(mean(losses), [x, w])];
        });
        const data = await Promise.all(tensors.map((tensor) => tensor.float32Data()));
        for (const tensor of tensors) tensor.dispose();
        return data;
      }),
    );
    const [exact, rounded] = results as [Float32Array[], Float32Array[]];
    for (const [index, values] of exact.entries()) {
      const other = rounded[index] as Float32Array;
      expect(other).not.toEqual(values);
      for (const [i, value] of values.entries())
        expect(Math.abs(value - (other[i] as number))).toBeLessThan(0.02);
    }
  });

  it('refuses other shapes at once, and targets that are no word on the next wait', async () => {
    using x = Tensor.from(reference, numbers(12, 1), [4, 3]);
    using w = Tensor.from(reference, numbers(21, 2), [7, 3]);
    using few = Tensor.from(reference, Int32Array.of(1, 2));
    using wild = Tensor.from(reference, Int32Array.of(1, 7, 0, 0));
    expect(() => vocabularyLoss(x, w, few)).toThrow(
      new ShapeError('[vocabularyLoss] expected targets of shape [4] but received [2]'),
    );
    expect(() => vocabularyLoss(x, w, wild, { bias: few })).toThrow(ShapeError);
    const { losses, hits } = vocabularyLoss(x, w, wild);
    await expect(losses.data()).rejects.toThrow(ExecutionError);
    await expect(losses.data()).rejects.toThrow(
      'expected targets[1] to be a row of table, which has 7, but received 7',
    );
    for (const tensor of [losses, hits]) tensor.dispose();
  });
});
