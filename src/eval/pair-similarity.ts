// How alike two vectors are, by any of the measures a model may name, summed in float64. Distances are negated, as
// everywhere here.
//   cosine x . y / (|x| |y|)    dot x . y    euclidean -|x - y|    manhattan -sum |x_i - y_i|

import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import { cosine } from './cosine.ts';

/** The similarity of two float32 vectors of equal length; NaN, or infinite, where one is not finite. */
export type PairSimilarity = (x: Float32Array, y: Float32Array) => number;

const functions: Record<SimilarityFunction, PairSimilarity> = {
  cosine,
  dot: (x, y) => sumOver(x, y, (a, b) => a * b),
  euclidean: (x, y) => -Math.sqrt(sumOver(x, y, (a, b) => (a - b) ** 2)),
  manhattan: (x, y) => -sumOver(x, y, (a, b) => Math.abs(a - b)),
};

export function pairSimilarity(measure: SimilarityFunction): PairSimilarity {
  return functions[measure];
}

function sumOver(x: Float32Array, y: Float32Array, term: (a: number, b: number) => number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += term(x[i] as number, y[i] as number);
  return sum;
}
