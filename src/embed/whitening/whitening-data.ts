// A fitted whitening as numbers: what is kept of it, saved and loaded.

import type { Spectrum } from './whitening-matrix.ts';

/** What makes a whitening: what `save` writes. */
export interface WhiteningData extends Spectrum {
  mean: Float64Array; // [dimension]
  /** Vectors it was fitted on. */
  count: number;
  /** Their numerical rank: eigenvalues above `rcond` of the largest. */
  rank: number;
  rcond: number;
}
