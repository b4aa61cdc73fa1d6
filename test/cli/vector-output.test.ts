// The shortest decimal of a float32.

import { expect, test } from 'vitest';
import { shortestFloat32 } from '../../src/cli/output/vector-output.ts';
import { ExecutionError } from '../../src/errors.ts';

test.each([
  [0.1, '0.1'],
  [-0.1, '-0.1'],
  [1 / 3, '0.33333334'],
  [16777216, '16777216'],
  [0, '0'],
  [1, '1'],
  [3.4028235e38, '3.4028235e+38'],
  [1.1754944e-38, '1.1754944e-38'],
  [1e-45, '1.401298e-45'],
])('%d', (value, expected) => {
  expect(String(shortestFloat32(Math.fround(value)))).toBe(expected);
});

test('every float32 is read back exactly, in at most nine digits when normal', () => {
  const bits = new Uint32Array(1);
  const float = new Float32Array(bits.buffer);
  let [inexact, long] = [0, 0];
  for (let step = 0; step < 200_000; step += 1) {
    bits[0] = step * 21_473; // over all signs and exponents
    const value = float[0] as number;
    if (!Number.isFinite(value)) continue;
    const shortest = shortestFloat32(value);
    if (Math.fround(shortest) !== value) inexact += 1;
    const digits = shortest.toExponential().replace(/e.*|[-.]/g, '').length;
    if (digits > 9 && Math.abs(value) > 1.2e-38) long += 1;
  }
  expect({ inexact, long }).toEqual({ inexact: 0, long: 0 });
});

test('what JSON cannot hold is an error', () => {
  expect(() => shortestFloat32(Number.NaN)).toThrow(ExecutionError);
  expect(() => shortestFloat32(Number.POSITIVE_INFINITY)).toThrow(ExecutionError);
});
