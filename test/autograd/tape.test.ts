// The tape's own behaviour: who owns what, what is refused, what is freed, and that gradients of shared and reused tensors
// add up without one being changed under another.
import { expect, it } from 'vitest';
import { backward, backwardFrom, gradientsOf } from '../../src/autograd/backward.ts';
import { differentiable } from '../../src/autograd/differentiable.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { recompute } from '../../src/autograd/recompute.ts';
import { detach, noGrad, watch, withTape } from '../../src/autograd/tape.ts';
import { ArgumentError, DTypeError, ExecutionError, GradientError, ShapeError } from '../../src/errors.ts';
import { linear, packParameter, packWeight } from '../../src/ops/linear/linear.ts';
import { add, exp, multiply, square } from '../../src/ops/plain/elementwise.ts';
import { sum } from '../../src/ops/plain/reduce.ts';
import { sliceRows } from '../../src/ops/plain/slices.ts';
import { weightedSum } from '../../src/ops/rows/rows.ts';
import { gatherRows } from '../../src/ops/rows/table-rows.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { anywhere, reference as engine, expectGradients } from './gradcheck.ts';

const vector = (...values: number[]) => Tensor.from(engine, Float64Array.from(values));
const matrix = (...rows: number[][]) =>
  Tensor.from(engine, Float64Array.from(rows.flat()), [rows.length, rows[0]?.length ?? 0]);
const live = () => engine.stats().liveTensors;

/** The gradient of `sum(body(x))`. */
async function gradientAt(x: () => Tensor, body: (x: Tensor) => Tensor): Promise<number[]> {
  const before = live();
  const [gradient] = withTape(() => {
    const input = watch(x());
    return gradientsOf(sum(body(input)), [input]);
  }) as [Tensor];
  const data = await gradient.data();
  gradient.dispose();
  expect(live()).toBe(before);
  return [...data];
}

it('adds the gradients of every use, however the terms share memory', async () => {
  const x = () => matrix([1, 2], [3, 4]);
  expect(await gradientAt(x, (t) => weightedSum(t, t, 1, 1))).toEqual([2, 2, 2, 2]);
  // both sides of a sum get one gradient between them; a later use of one must not change the other's
  const twice = (t: Tensor) => {
    const [left, right] = [multiply(t, 3), multiply(t, 5)];
    return weightedSum(weightedSum(left, right, 1, 1), left, 1, 1);
  };
  expect(await gradientAt(x, twice)).toEqual([11, 11, 11, 11]);
  const reused = (t: Tensor) => add(add(t, t), add(square(t), t));
  expect(await gradientAt(x, reused)).toEqual([5, 7, 9, 11]);
});

it('updates a gradient in place only when nobody else refers to it', async () => {
  const store = new ParameterStore(engine, [{ names: ['w'], shape: [2, 2] }], 'float64');
  store.parameter('w').load(Float32Array.from([1, 2, 3, 4]));
  const weight = packParameter(store.parameter('w'));
  const before = live();
  // h = x + W x, y = h + W h, and h itself: the residual's gradient is the very tensor that came in
  const [gradient, kept] = withTape(() => {
    const x = watch(matrix([1, 1]));
    const h = linear(x, weight, { residual: x });
    const y = linear(h, weight, { residual: h });
    return backwardFrom([y], [matrix([1, 0])], [x, h]);
  }) as [Tensor, Tensor];
  expect([...(await kept.data())]).toEqual([2, 2]); // (I + W)^T e1
  expect([...(await gradient.data())]).toEqual([10, 14]); // ((I + W)^T)^2 e1
  for (const tensor of [gradient, kept]) tensor.dispose();
  weight.dispose();
  store.dispose();
  expect(live()).toBeLessThanOrEqual(before);
});

it('leaves a gradient that was handed in as it was', async () => {
  const [seed, gradient] = withTape(() => {
    const x = watch(matrix([1, 2]));
    const h = multiply(x, 1);
    const y = linear(h, packWeight(watch(matrix([1, 0], [0, 1]))));
    const given = matrix([5, 6]);
    // h's gradient is `given` until that of y is added to it
    return [given, ...backwardFrom([h, y], [given, matrix([1, 1])], [x])];
  }) as [Tensor, Tensor];
  expect([...(await gradient.data())]).toEqual([6, 7]);
  expect([...(await seed.data())]).toEqual([5, 6]);
  for (const tensor of [seed, gradient]) tensor.dispose();
});

it('gives zeros for what the loss does not depend on', async () => {
  const [gradient] = withTape(() => {
    const [x, y] = [watch(vector(1)), watch(vector(1, 2))];
    return gradientsOf(exp(x), [y]);
  }) as [Tensor];
  expect([...(await gradient.data())]).toEqual([0, 0]);
  gradient.dispose();
});

it('refuses a second backward, a loss that is no scalar, an untracked one, and no tape', () => {
  const twice = () =>
    withTape(() => {
      const loss = square(watch(vector(1)));
      backward(loss);
      backward(loss);
    });
  expect(twice).toThrow(GradientError);
  expect(twice).toThrow(/one backward per tape but it was called twice/);
  const wide = () => withTape(() => backward(square(watch(vector(1, 2)))));
  expect(wide).toThrow(ShapeError);
  expect(wide).toThrow(/loss of one element but received shape \[2\]/);
  const untracked = () => withTape(() => backward(square(vector(1))));
  expect(untracked).toThrow(/expected a tensor with a recorded history.*shape \[1\] has none/);
  const hidden = () => withTape(() => backward(noGrad(() => square(watch(vector(1))))));
  expect(hidden).toThrow(GradientError);
  expect(() => scope(() => backward(square(vector(1))))).toThrow(/expected an open tape/);
});

it('records no more once backward has run', () => {
  const before = live();
  withTape(() => {
    const x = watch(matrix([1, 2]));
    const loss = sum(square(x));
    backward(loss);
    const middle = live();
    scope(() => void square(x.rows(0, 1)));
    expect(live()).toBe(middle);
  });
  expect(live()).toBe(before);
});

it('refuses a view that would lose its gradient, and takes a slice or a detached one', async () => {
  const cut = () =>
    withTape(() => {
      const x = multiply(watch(matrix([1, 2], [3, 4])), 2);
      return square(x.rows(0, 1));
    });
  expect(cut).toThrow(GradientError);
  expect(cut).toThrow(/\[square\].*view of shape \[1, 2\].*sliceRows/);
  const x = () => matrix([1, 2], [3, 4]);
  expect(await gradientAt(x, (t) => square(sliceRows(t, 0, 1)))).toEqual([2, 4, 0, 0]);
  expect(await gradientAt(x, (t) => multiply(t, detach(t)))).toEqual([1, 2, 3, 4]);
});

it('checks the shape, dtype and number of gradients that a custom function gives', () => {
  const wrong = (made: () => Tensor | undefined, count = 1) =>
    differentiable({
      name: 'mine',
      forward: (x: Tensor) => square(x),
      backward: () => Array.from({ length: count }, made),
    });
  const run = (body: (x: Tensor) => Tensor) => () =>
    withTape(() => {
      const x = watch(vector(1, 2));
      backward(sum(body(x)));
    });
  expect(run(wrong(() => vector(1)))).toThrow(
    /\[mine\] expected a gradient of shape \[2\] but its backward gave \[1\]/,
  );
  expect(run(wrong(() => Tensor.from(engine, Float32Array.of(1, 2))))).toThrow(DTypeError);
  expect(run(wrong(() => undefined, 2))).toThrow(/\[mine\] expected 1 gradients, one for each input/);
});

it('runs custom functions, with the gradient of their own', async () => {
  const cube = differentiable({
    name: 'cube',
    forward: (x: Tensor) => multiply(square(x), x),
    backward: (gradient, [x]) => [multiply(gradient, multiply(square(x), 3))],
  });
  await expectGradients((x) => cube(exp(x as Tensor)), [anywhere(2, 3)]);
});

it('recomputes to the same gradients, and keeps nothing but the inputs', async () => {
  const body = (x: Tensor) => square(exp(multiply(x, 0.5)));
  const plain = await gradientAt(
    () => vector(0.3, -1),
    (x) => multiply(body(x), body(x)),
  );
  const again = await gradientAt(
    () => vector(0.3, -1),
    (x) => multiply(recompute(body, x), body(x)),
  );
  expect(again).toEqual(plain);
  const counts = withTape(() => {
    const x = watch(vector(1, 2));
    const before = live();
    const kept = scope(() => recompute(body, x));
    const [recomputed, middle] = [live() - before, live()];
    const other = scope(() => body(x));
    const recorded = live() - middle;
    backward(sum(add(kept, other)));
    return { recomputed, recorded };
  });
  expect(counts.recomputed).toBe(2); // the output, and a handle on the input
  expect(counts.recorded).toBeGreaterThan(4);
});

it('frees everything when a backward fails half way', () => {
  const before = live();
  const failing = differentiable({
    name: 'failing',
    forward: (x: Tensor) => square(x),
    backward: () => {
      throw new ArgumentError('on purpose');
    },
  });
  const run = () =>
    withTape(() => {
      const x = watch(vector(1, 2));
      backward(sum(exp(failing(exp(x)))));
    });
  expect(run).toThrow('on purpose');
  expect(live()).toBe(before);
});

it('poisons the gradients of a step whose op failed, and names the op', async () => {
  const [gradient] = withTape(() => {
    const table = watch(matrix([1, 2]));
    const rows = gatherRows(table, Tensor.from(engine, Int32Array.of(7)));
    return gradientsOf(sum(exp(rows)), [table]);
  }) as [Tensor];
  await expect(gradient.data()).rejects.toThrow(ExecutionError);
  await expect(gradient.data()).rejects.toThrow(/gather/i);
  gradient.dispose();
});

it('keeps nothing between steps', () => {
  const store = new ParameterStore(engine, [{ names: ['w'], shape: [3, 3] }], 'float64');
  const weight = packParameter(store.parameter('w'));
  const step = () => {
    withTape(() => {
      let x = matrix([1, 2, 3], [4, 5, 6]);
      for (let layer = 0; layer < 5; layer++) x = linear(x, weight, { residual: x, activation: 'tanh' });
      backward(sum(x));
    });
    store.clearGradients();
    store.changed();
  };
  step();
  const before = [live(), engine.stats().bytesInUse];
  for (let count = 0; count < 100; count++) step();
  expect([live(), engine.stats().bytesInUse]).toEqual(before);
  weight.dispose();
  store.dispose();
});
