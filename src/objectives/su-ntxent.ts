// Su Jianlin's unsupervised SimCSE (bojone/SimCSE): NT-Xent (Chen et al., 2020) over all 2N vectors of N texts encoded
// twice. Every vector is a query; its candidates are the 2N - 1 others, of which its twin is right.

import { cosineSoftmaxLoss } from '../ops/loss/cosine-softmax-loss.ts';
import { checkOptions } from '../options/check-options.ts';
import { Tensor } from '../tensor/tensor.ts';
import { neighbourPairs } from './contrastive-pairs.ts';
import { scaleOf, type Temperature } from './learned-temperature.ts';
import { neighbours, type VectorObjective } from './objective.ts';

/** Settings of {@link suNtxent}. */
export interface SuNtxentOptions {
  /** 0.05 by default, a scale of 20. */
  temperature?: Temperature | undefined;
}

/** Texts, each encoded twice. */
export function suNtxent(options: SuNtxentOptions = {}): VectorObjective {
  checkOptions('suNtxent', options, ['temperature']);
  const { temperature = 0.05 } = options;
  return {
    sequences: neighbours,
    loss(vectors, { examples }) {
      const { positives, excluded } = neighbourPairs(2 * examples);
      return cosineSoftmaxLoss(vectors, vectors, {
        scale: scaleOf(temperature),
        positives: Tensor.from(vectors.engine, positives),
        excluded: Tensor.from(vectors.engine, excluded as Int32Array, [2 * examples, 2]),
      });
    },
  };
}
