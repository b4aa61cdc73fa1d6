// The urgent lane of an engine, as TypeScript sees it: what is queued there goes first and sees the same numbers.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { matmul } from '../../src/ops/plain/matmul.ts';
import { weightedSum } from '../../src/ops/rows/rows.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

let engine: Engine;
beforeEach(() => {
  engine = new Engine({ backend: 'reference', threads: 1 });
});
afterEach(() => engine.dispose());

/** Queues products that take some tenths of a second. */
function occupy(): void {
  const matrix = Tensor.from(engine, new Float32Array(200 * 200).fill(0.01), [200, 200]);
  scope(() => {
    for (let i = 0; i < 20; i++) matmul(matrix, matrix);
  });
}

const pair = (left: number, right: number) => Tensor.from(engine, Float32Array.of(left, right), [1, 2]);

it('goes before what waits, all of it', async () => {
  occupy();
  const sum = engine.urgently(() => scope(() => weightedSum(pair(1, 2), pair(10, 20), 1, 1)));
  expect(await sum.float32Data()).toEqual(Float32Array.of(11, 22));
  const { commandsWaiting, urgentCommandsExecuted } = engine.stats();
  expect(commandsWaiting).toBeGreaterThan(10);
  expect(urgentCommandsExecuted).toBe(4); // two uploads, the sum and the download
});

it('waits for what writes its inputs, and no longer', async () => {
  const weight = pair(1, 2);
  occupy();
  const changed = scope(() => weightedSum(weight, pair(1, 1), 2, 1));
  weight.write(Float32Array.of(5, 6)); // after `changed` has read it
  occupy();
  const [first, second] = engine.urgently(() => [
    weightedSum(changed, changed, 1, 1),
    weightedSum(weight, weight, 1, 1),
  ]);
  expect(await first?.float32Data()).toEqual(Float32Array.of(6, 10));
  expect(await second?.float32Data()).toEqual(Float32Array.of(10, 12));
  expect(engine.stats().commandsWaiting).toBeGreaterThan(10);
});

it('is for synchronous bodies, and ends with them', () => {
  expect(() => engine.urgently(async () => {})).toThrow(ArgumentError);
  expect(() => engine.urgently(() => Promise.reject(new Error('why')))).toThrow(/await after it/);
  const nested = engine.urgently(() => {
    engine.urgently(() => {});
    return engine.urgent;
  });
  expect(nested).toBe(true);
  expect(() =>
    engine.urgently(() => {
      throw new RangeError('own');
    }),
  ).toThrow('own');
  expect(engine.urgent).toBe(false);
});

it('refuses anything but true and false at the door', () => {
  expect(() => engine.addon.allocate(engine.id, 'float32', [1], 1 as unknown as boolean)).toThrow(/urgent/);
});
