// STS evaluation with an encoder whose vectors are known.

import { expect, test } from 'vitest';
import { DataError, ExecutionError } from '../../src/errors.ts';
import { cosine, unitVector } from '../../src/eval/cosine.ts';
import { evaluateSts } from '../../src/eval/sts.ts';

/** Texts are their own vectors, "1 0.5" is [1, 0.5]; remembers what it was asked to encode. */
function readingEncoder() {
  const asked: { texts: string[]; options: unknown }[] = [];
  return {
    asked,
    encode(texts: string[], options?: unknown) {
      asked.push({ texts, options });
      const vectors = texts.map((text) => Float32Array.from(text.split(' ').map(Number)));
      return Promise.resolve({ row: (index: number) => vectors[index] as Float32Array });
    },
  };
}

test('correlations of the cosines, each text encoded once, rows without a score skipped', async () => {
  const encoder = readingEncoder();
  const pairs = [
    { first: '1 0', second: '1 0', score: 5 }, // cosine 1
    { first: '1 0', second: '1 1', score: 4 }, // 0.7071
    { first: '1 0', second: '0 1', score: 1 }, // 0
    { first: '9 9', second: '8 8', score: null },
    { first: '1 0', second: '-1 0', score: 2 }, // -1
  ];
  const result = await evaluateSts(encoder, pairs, { encoding: { prompt: 'p' } });
  // scipy 1.17.1: pearsonr and spearmanr of [1, 2 ** -0.5, 0, -1] and [5, 4, 1, 2]
  expect(result.pearson).toBeCloseTo(0.7606822612730948, 6);
  expect(result.spearman).toBeCloseTo(0.8, 12);
  expect(result.pairs).toBe(4);
  expect(result.skipped).toBe(1);
  expect(result.seconds).toBeGreaterThanOrEqual(0);
  expect(encoder.asked).toEqual([{ texts: ['1 0', '1 1', '0 1', '-1 0'], options: { prompt: 'p' } }]);
});

test('a vector of zeros has cosine 0 to everything', () => {
  const zero = new Float32Array(2);
  expect(cosine(zero, Float32Array.of(1, 2))).toBe(0);
  expect(cosine(zero, zero)).toBe(0);
});

test('the cosine is summed in float64 and survives small and large vectors', () => {
  const small = Float32Array.of(1e-30, 2e-30);
  const large = Float32Array.of(1e30, 2e30);
  expect(cosine(small, large)).toBeCloseTo(1, 12);
  const ones = new Float32Array(100_000).fill(0.1);
  expect(cosine(ones, ones)).toBeCloseTo(1, 12);
});

test('a vector that is not finite has no cosine, and no place among the others', async () => {
  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(cosine(Float32Array.of(broken, 1), Float32Array.of(1, 2))).toBeNaN();
    expect(() => unitVector(Float32Array.of(broken, 1))).toThrow(ExecutionError);
  }
  const pair = (first: string, score: number) => ({ first, second: '1 0', score });
  const result = await evaluateSts(readingEncoder(), [pair('1 0', 1), pair('1 x', 2), pair('0 1', 3)]);
  expect(result).toMatchObject({
    spearman: Number.NaN,
    pearson: Number.NaN,
    undefinedBecause: 'the vectors of 1 of 3 pairs are not finite',
  });
});

test('correlations that are undefined come with a reason', async () => {
  const reason = async (pairs: [string, number][]) => {
    const scored = pairs.map(([first, score]) => ({ first, second: '1 0', score }));
    return (await evaluateSts(readingEncoder(), scored)).undefinedBecause;
  };
  expect(
    await reason([
      ['1 0', 3],
      ['0 1', 3],
    ]),
  ).toBe('all 2 scores are 3');
  expect(
    await reason([
      ['1 0', 3],
      ['2 0', 4],
    ]),
  ).toBe('all 2 similarities are 1');
  expect(
    await reason([
      ['1 0', 3],
      ['0 1', 4],
    ]),
  ).toBeUndefined();
});

test('fewer than two scores are an error', async () => {
  const pairs = [{ first: '1', second: '1', score: null }];
  await expect(evaluateSts(readingEncoder(), pairs)).rejects.toThrow(DataError);
});
