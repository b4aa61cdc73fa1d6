// The cosine of two vectors, summed in float64: x · y / (‖x‖ ‖y‖).

/** The cosine of two float32 vectors of equal length; 0 where it is undefined, as for a vector of zeros. */
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
  const value = dot / Math.sqrt(xx * yy);
  return Number.isFinite(value) ? value : 0;
}
