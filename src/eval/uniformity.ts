// How vectors lie on the unit sphere (Wang and Isola, 2020): alignment, the mean squared distance of pairs that belong
// together, and uniformity, the logarithm of the mean of exp(-2 d^2) over all pairs. Smaller is better for both. Vectors
// are scaled to length 1 first, so that d^2 = 2 - 2 cos; sums in float64.

import { ArgumentError, ShapeError } from '../errors.ts';
import { cosine, dotProduct, unitVector } from './cosine.ts';

/** Vectors as `encode` gives them for an array of texts. */
export interface Vectors {
  readonly shape: readonly [rows: number, dimension: number];
  row(index: number): Float32Array;
}

/** `mean |x - y|^2` over the pairs of equal rows; NaN for none. A vector of zeros counts as at right angles to all. @throws ShapeError */
export function alignment(first: Vectors, second: Vectors): number {
  if (first.shape[0] !== second.shape[0] || first.shape[1] !== second.shape[1]) {
    throw new ShapeError(
      `[alignment] expected two sets of one shape but received [${first.shape.join(', ')}] and [${second.shape.join(', ')}]`,
    );
  }
  let sum = 0;
  for (let i = 0; i < first.shape[0]; i++) sum += 2 - 2 * cosine(first.row(i), second.row(i));
  return sum / first.shape[0];
}

/** `log mean exp(-t |x - y|^2)` over all pairs of different rows. @throws ArgumentError for fewer than two */
export function uniformity(vectors: Vectors, t = 2): number {
  const [rows] = vectors.shape;
  if (rows < 2) throw new ArgumentError(`[uniformity] expected at least two vectors but received ${rows}`);
  const units = Array.from({ length: rows }, (_, i) => unitVector(vectors.row(i)));
  let sum = 0;
  for (let i = 1; i < rows; i++) {
    const x = units[i] as Float64Array;
    let ofRow = 0;
    for (let j = 0; j < i; j++) ofRow += Math.exp(-t * (2 - 2 * dotProduct(x, units[j] as Float64Array)));
    sum += ofRow;
  }
  return Math.log(sum / ((rows * (rows - 1)) / 2));
}
