// Cosines of vectors, summed in float64: x · y / (‖x‖ ‖y‖); for many against many, unit vectors and their dot products.

import { ExecutionError } from '../errors.ts';

/** The cosine of two float32 vectors of equal length; 0 where one is zeros, NaN where one is not finite. */
export function cosine(x: Float32Array, y: Float32Array): number {
  let dot = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i += 1) {
    const a = x[i] as number;
    const b = y[i] as number;
    dot += a * b;
    xx += a * a;
    yy += b * b;
  }
  const lengths = Math.sqrt(xx * yy);
  return lengths === 0 ? 0 : dot / lengths;
}

/** The vector scaled to length 1; zeros stay zeros. @throws ExecutionError when it is not finite, which has no place in a ranking */
export function unitVector(vector: Float32Array): Float64Array {
  let squares = 0;
  for (let i = 0; i < vector.length; i += 1) squares += (vector[i] as number) ** 2;
  const length = Math.sqrt(squares);
  if (!Number.isFinite(length)) {
    throw new ExecutionError(
      'expected vectors of finite numbers but one has NaN or infinity: check the model',
    );
  }
  return Float64Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}

/** The dot product of two vectors of equal length. */
export function dotProduct(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += (x[i] as number) * (y[i] as number);
  return sum;
}
