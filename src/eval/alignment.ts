// Alignment (Wang and Isola, 2020): the mean squared distance of pairs that belong together, on the unit sphere, where
// d^2 = 2 - 2 cos; smaller is better. Summed in float64. Its companion, uniformity, is summed in the one pass of space.ts
// over all pairs.
import { ShapeError } from '../errors.ts';
import { cosine } from './cosine.ts';

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
