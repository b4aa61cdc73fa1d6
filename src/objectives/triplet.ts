// Triplet loss (Reimers and Gurevych, 2019; sentence-transformers' TripletLoss):
//   mean(max(0, d(text, positive) - d(text, negative) + margin)), d the Euclidean distance or 1 - cosine

import { ArgumentError } from '../errors.ts';
import { add, relu, sqrt, square, subtract } from '../ops/plain/elementwise.ts';
import { mean, sum } from '../ops/plain/reduce.ts';
import { splitRows } from '../ops/plain/slices.ts';
import { cosineSimilarity } from '../ops/plain/softmax.ts';
import { checkOptions } from '../options/check-options.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { everyText, type VectorObjective } from './objective.ts';

/** Settings of {@link triplet}. */
export interface TripletOptions {
  /** 5 by default. */
  margin?: number | undefined;
  /** `euclidean` by default. */
  distance?: 'euclidean' | 'cosine' | undefined;
}

/** Triplets of a text, its positive and its negative. */
export function triplet(options: TripletOptions = {}): VectorObjective {
  checkOptions('triplet', options, ['margin', 'distance']);
  const { margin = 5 } = options;
  const distance = options.distance === 'cosine' ? cosineDistance : euclideanDistance;
  return {
    sequences: everyText,
    loss(vectors, { examples, columns }) {
      if (columns !== 3) {
        throw new ArgumentError(`[triplet] expected three texts per example but received ${columns}`);
      }
      const parts = splitRows(vectors, [examples, examples, examples]);
      const [text, positive, negative] = parts as [Tensor, Tensor, Tensor];
      const further = subtract(distance(text, positive), distance(text, negative));
      return mean(relu(add(further, margin)));
    },
  };
}

/** PyTorch's pairwise_distance, which adds 1e-6 to each difference. @returns [rows, 1] */
function euclideanDistance(left: Tensor, right: Tensor): Tensor {
  return sqrt(sum(square(add(subtract(left, right), 1e-6)), 'columns'));
}

function cosineDistance(left: Tensor, right: Tensor): Tensor {
  return subtract(1, cosineSimilarity(left, right));
}
