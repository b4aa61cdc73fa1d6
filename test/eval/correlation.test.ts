// Correlations against scipy 1.17.1: scipy.stats.pearsonr, spearmanr and rankdata of the same float64 lists.

import { expect, test } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { averageRanks, pearson, spearman } from '../../src/eval/correlation.ts';

const cosines = [0.12, 0.95, 0.33, 0.33, -0.4, 0.71, 0.0, 0.33, 0.88, 0.5];
const scores = [1.0, 5.0, 2.2, 1.8, 0.0, 4.0, 0.0, 3.0, 4.0, 2.5];

/** Uniform numbers in [0, 1), which Python makes the same way. */
function linearCongruential(seed: number, count: number): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = Number((1664525n * BigInt(state) + 1013904223n) % 2n ** 32n);
    return state / 2 ** 32;
  });
}

test('ten pairs with ties in both lists', () => {
  expect(pearson(cosines, scores)).toBeCloseTo(0.9471130376347194, 14);
  expect(spearman(cosines, scores)).toBeCloseTo(0.9568083527180963, 14);
  expect([...averageRanks(cosines)]).toEqual([3, 10, 5, 5, 1, 8, 2, 5, 9, 7]);
});

test('a thousand pairs, seven different scores', () => {
  const x = linearCongruential(1, 1000);
  const noise = linearCongruential(2, 1000);
  // numpy.round rounds halves to even; none of these sums is a half
  const z = x.map((value, index) => Math.round(4 * value + 2 * (noise[index] as number)));
  expect(pearson(x, z)).toBeCloseTo(0.8715589517841716, 13);
  expect(spearman(x, z)).toBeCloseTo(0.8787580609302511, 13);
});

test('a large common offset does not spoil Pearson', () => {
  const shifted = cosines.map((value) => 1e9 + value);
  expect(pearson(shifted, scores)).toBeCloseTo(0.9471130485089836, 12);
});

test('the ends of the scale, and the sign', () => {
  expect(spearman([1, 2, 3], [10, 20, 1000])).toBe(1);
  expect(pearson([1, 2, 3], [3, 2, 1])).toBe(-1);
  expect(pearson([0.1, 0.2, 0.3], [0.1, 0.2, 0.3])).toBeLessThanOrEqual(1);
});

test('undefined for a constant list and for fewer than two values', () => {
  expect(pearson([1, 1, 1], [1, 2, 3])).toBeNaN();
  expect(spearman([1, 2, 3], [2, 2, 2])).toBeNaN();
  expect(pearson([1], [2])).toBeNaN();
  expect(pearson([], [])).toBeNaN();
});

test('lists of different lengths are refused', () => {
  expect(() => pearson([1, 2], [1])).toThrow(ArgumentError);
  expect(() => spearman([1, 2], [1])).toThrow('equal length but received 2 and 1');
});
