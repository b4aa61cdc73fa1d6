// Philox against the authors' known answers for seven rounds, and streams that do not depend on what was drawn before.

import { expect, test } from 'vitest';
import { CounterRandom, philox } from '../../src/data/batches/counter-random.ts';

const full = 0xffffffff;

test.each([
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x5f6fb709, 0x0d893f64, 0x4f121f81, 0x4f730a48],
  ],
  [
    [full, full, full, full],
    [full, full],
    [0x5207ddc2, 0x45165e59, 0x4d8ee751, 0x8c52f662],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0x4dfccaba, 0x190a87f0, 0xc47362ba, 0xb6b5242a],
  ],
] as [number[], [number, number], number[]][])('known answer %#', (counter, key, expected) => {
  const out = new Uint32Array(4);
  philox(Uint32Array.from(counter), ...key, out);
  expect([...out]).toEqual(expected);
});

test('a stream is the same whatever was drawn before it, and no other', () => {
  const random = new CounterRandom(7, 1);
  const draw = (...stream: [number, number, number]) => {
    random.start(...stream);
    return Array.from({ length: 9 }, () => random.bits());
  };
  const first = draw(0, 0, 0);
  const others = [draw(1, 0, 0), draw(0, 1, 0), draw(0, 0, 1)];
  expect(draw(0, 0, 0)).toEqual(first);
  expect(new Set([first, ...others].flat()).size).toBe(36);
  const key = new CounterRandom(7, 2).start(0, 0, 0);
  expect(key.bits()).not.toBe(first[0]);
});

test('numbers below a bound and between 0 and 1', () => {
  const random = new CounterRandom(1, 2).start(3, 4, 5);
  const counts = new Array(7).fill(0);
  let sum = 0;
  for (let i = 0; i < 70_000; i++) {
    counts[random.below(7)] += 1;
    sum += random.uniform();
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(3 * Math.sqrt((70_000 * 6) / 49));
  expect(Math.abs(sum / 70_000 - 0.5)).toBeLessThan(3 / Math.sqrt(12 * 70_000));
});
