// Correlation of two lists of numbers, in float64.
//   Pearson: r = Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² · Σ (y − ȳ)²), two passes, as scipy.stats.pearsonr.
//   Spearman: Pearson of the ranks, equal values sharing the mean of their ranks, as scipy.stats.spearmanr.

import { ArgumentError } from '../errors.ts';

/**
 * Pearson's correlation; NaN where it is undefined, because one of the lists is constant or has fewer than two values.
 *
 * @throws {ArgumentError} The lists have different lengths.
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length) {
    throw new ArgumentError(
      `[pearson] expected lists of equal length but received ${x.length} and ${y.length}`,
    );
  }
  const meanX = mean(x);
  const meanY = mean(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < x.length; i += 1) {
    const dx = (x[i] as number) - meanX;
    const dy = (y[i] as number) - meanY;
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  }
  const value = xy / Math.sqrt(xx * yy);
  return Math.max(-1, Math.min(1, value)); // rounding may step past 1; NaN passes through
}

/**
 * Spearman's rank correlation; NaN where it is undefined, as {@link pearson}, and where a value is NaN, which has no rank.
 *
 * @throws {ArgumentError} The lists have different lengths.
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const hasNaN = (values: ArrayLike<number>) => Array.prototype.some.call(values, Number.isNaN);
  return hasNaN(x) || hasNaN(y) ? Number.NaN : pearson(averageRanks(x), averageRanks(y));
}

/** The rank of each value, from 1 for the smallest; equal values share the mean of the ranks they cover. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, index) => index);
  order.sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Float64Array(values.length);
  let start = 0;
  while (start < order.length) {
    const value = values[order[start] as number];
    let end = start + 1;
    while (end < order.length && values[order[end] as number] === value) end += 1;
    for (const index of order.subarray(start, end)) ranks[index] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i] as number;
  return sum / values.length;
}
