// How documents are compared with a query when all are ranked: the exact score in float64, and an upper bound of it from
// the engine's float32 product, so that only documents which may be among the best are scored exactly.
//
// u = 2^-24 is float32's rounding, d the width. A component rounded to float32 is off by at most u of its size, a product of
// two by at most 2 u + u^2, and a sum of d of them in any order by at most d u / (1 - d u) of sum |x_i y_i| <= |x| |y|:
// together less than (d + 3) u |x| |y|. `slack` is twice that, and what float32 takes for zero.
//   dot, cosine   p + slack                  (a cosine is the dot product of vectors of length 1)
//   euclidean     -sqrt(|x|^2 + |y|^2 - 2 (p + slack))
// The sum of absolute differences is no product, and every document is scored.

import { ExecutionError } from '../errors.ts';
import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import { dotProduct, unitVector } from './cosine.ts';

/** A query or a document, made ready once. */
export interface RankedVector {
  /** What is multiplied and compared. */
  values: Float64Array;
  /** Euclidean, of `values`. */
  length: number;
}

export interface RankingMeasure {
  /** @throws ExecutionError when the vector is not finite, which has no place in a ranking */
  prepare(vector: Float32Array): RankedVector;
  /** In float64. */
  score(query: RankedVector, document: RankedVector): number;
  /** The most that `score` can be; undefined where a product says nothing of it. @param product in float32 */
  bound?: (product: number, query: RankedVector, document: RankedVector) => number;
}

const asIs = (vector: Float32Array): RankedVector => {
  const values = Float64Array.from(vector);
  const length = Math.sqrt(dotProduct(values, values));
  if (Number.isFinite(length)) return { values, length };
  throw new ExecutionError('expected vectors of finite numbers but one has NaN or infinity: check the model');
};

const dot: RankingMeasure['score'] = (query, document) => dotProduct(query.values, document.values);

function mostProduct(product: number, query: RankedVector, document: RankedVector): number {
  if (!Number.isFinite(product)) return Number.POSITIVE_INFINITY; // too large for float32, so it says nothing
  const width = query.values.length;
  const slack = (width + 3) * 2 ** -23 * query.length * document.length;
  return product + slack + width * 2 ** -126; // what is smaller may be zero in float32
}

const measures: Record<SimilarityFunction, RankingMeasure> = {
  cosine: {
    prepare: (vector) => ({ values: unitVector(vector), length: 1 }),
    score: dot,
    bound: mostProduct,
  },
  dot: { prepare: asIs, score: dot, bound: mostProduct },
  euclidean: {
    prepare: asIs,
    score: ({ values: x }, { values: y }) => -Math.sqrt(sumOfDifferences(x, y, (value) => value * value)),
    bound(product, query, document) {
      const squares = query.length ** 2 + document.length ** 2 - 2 * mostProduct(product, query, document);
      return squares > 0 ? -Math.sqrt(squares) : 0;
    },
  },
  manhattan: {
    prepare: asIs,
    score: ({ values: x }, { values: y }) => -sumOfDifferences(x, y, Math.abs),
  },
};

export function rankingMeasure(measure: SimilarityFunction): RankingMeasure {
  return measures[measure];
}

function sumOfDifferences(x: Float64Array, y: Float64Array, term: (difference: number) => number): number {
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += term((x[i] as number) - (y[i] as number));
  return sum;
}
