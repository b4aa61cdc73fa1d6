// sentence-transformers' MultipleNegativesRankingLoss: texts, their positives and any number of hard negatives, compared in
// the directions that are named. With all four in one partition it is GTE's loss (Li et al., 2023, arXiv 2308.03281).

import { ArgumentError } from '../errors.ts';
import { cosineSoftmaxLoss } from '../ops/loss/cosine-softmax-loss.ts';
import { sliceRows } from '../ops/plain/slices.ts';
import { checkOptions } from '../options/check-options.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type Direction, directedPairs } from './contrastive-pairs.ts';
import { scaleOf, type Temperature } from './learned-temperature.ts';
import { everyText, type VectorObjective } from './objective.ts';

/** Settings of {@link multipleNegatives}. */
export interface MultipleNegativesOptions {
  /** 0.05 by default. */
  temperature?: Temperature | undefined;
  /** `query_to_doc` alone by default, and always among them. */
  directions?: readonly Direction[] | undefined;
  /** One sum of exponentials over all directions, `joint`, the default; or the mean over directions. */
  partition?: 'joint' | 'per_direction' | undefined;
}

/**
 * Texts with a positive, and with hard negatives of which there may be several columns.
 * @throws ArgumentError for an unknown option, or directions that do not go together, see {@link directedPairs}
 */
export function multipleNegatives(options: MultipleNegativesOptions = {}): VectorObjective {
  checkOptions('multipleNegatives', options, ['temperature', 'directions', 'partition']);
  const { temperature = 0.05, directions = ['query_to_doc'], partition = 'joint' } = options;
  directedPairs(1, 1, directions, partition);
  return {
    sequences: everyText,
    loss(vectors, { examples, columns }) {
      if (columns < 2) {
        throw new ArgumentError(
          `[multipleNegatives] expected two texts or more but received ${columns} column`,
        );
      }
      const { rows, candidates, pairs } = directedPairs(examples, columns - 1, directions, partition);
      const queries = rows === 'queries' ? examples : 2 * examples;
      const { symmetric, positives, excluded, rowGroups } = pairs;
      const ints = (data: Int32Array | undefined, shape?: number[]) =>
        data && Tensor.from(vectors.engine, data, shape);
      return cosineSoftmaxLoss(
        sliceRows(vectors, 0, queries),
        candidates === 'documents' ? sliceRows(vectors, examples, columns * examples) : vectors,
        {
          scale: scaleOf(temperature),
          symmetric,
          positives: ints(positives),
          excluded: ints(excluded, [queries, (excluded?.length ?? 0) / queries]),
          rowGroups: ints(rowGroups),
        },
      );
    },
  };
}
