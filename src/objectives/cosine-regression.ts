// Regression of the cosine on a score (sentence-transformers' CosineSimilarityLoss): mean((cos(left, right) - score)^2).
import { ArgumentError } from '../errors.ts';
import { square, subtract } from '../ops/plain/elementwise.ts';
import { mean } from '../ops/plain/reduce.ts';
import { splitRows } from '../ops/plain/slices.ts';
import { cosineSimilarity } from '../ops/plain/softmax.ts';
import { Tensor } from '../tensor/tensor.ts';
import { everyText, type VectorObjective } from './objective.ts';

/** Pairs with a score, in the range of cosines. */
export function cosineRegression(): VectorObjective {
  return {
    sequences: everyText,
    loss(vectors, { examples, columns, scores }) {
      if (columns !== 2 || scores?.length !== examples) {
        throw new ArgumentError(
          `[cosineRegression] expected pairs with a score each but received ${examples} examples of ${columns} texts ` +
            `and ${scores?.length ?? 'no'} scores`,
        );
      }
      const [left, right] = splitRows(vectors, [examples, examples]) as [Tensor, Tensor];
      const data = vectors.dtype === 'float64' ? Float64Array.from(scores) : scores;
      const wanted = Tensor.from(vectors.engine, data, [examples, 1]);
      return mean(square(subtract(cosineSimilarity(left, right), wanted)));
    },
  };
}
