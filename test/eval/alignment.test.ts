// Alignment by hand.
import { expect, test } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { ShapeError } from '../../src/errors.ts';
import { alignment } from '../../src/eval/alignment.ts';

const set = (...rows: number[][]) =>
  new Embeddings(Float32Array.from(rows.flat()), rows.length, rows[0]?.length ?? 0);

test('alignment is the mean squared distance of pairs on the unit sphere', () => {
  // cosines 1, 0, -1, and 0.6: squared distances 0, 2, 4, 0.8
  const first = set([2, 0], [1, 0], [1, 0], [0, 5]);
  const second = set([5, 0], [0, 3], [-2, 0], [4, 3]);
  expect(alignment(first, second)).toBeCloseTo(6.8 / 4, 12);
  expect(alignment(first, first)).toBeCloseTo(0, 12);
  expect(alignment(set([0, 0]), set([1, 0]))).toBe(2);
  expect(alignment(set(), set())).toBeNaN();
  expect(() => alignment(first, set([1, 0]))).toThrow(ShapeError);
});
