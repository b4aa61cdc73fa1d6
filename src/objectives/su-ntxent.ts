// Su Jianlin's unsupervised SimCSE (bojone/SimCSE): NT-Xent (Chen et al., 2020) over all 2N vectors of N texts encoded
// twice. Every vector is a query; its candidates are the 2N - 1 others, of which its twin is right.
import { cosineSoftmaxLoss } from '../ops/cosine-softmax-loss.ts';
import { Tensor } from '../tensor/tensor.ts';
import { neighbourPairs } from './contrastive-pairs.ts';
import { neighbours, type VectorObjective } from './objective.ts';

export interface SuNtxentOptions {
  /** 1 / temperature; 20 by default. */
  scale?: number | undefined;
}

/** Texts, each encoded twice. */
export function suNtxent(options: SuNtxentOptions = {}): VectorObjective {
  const { scale = 20 } = options;
  return {
    sequences: neighbours,
    loss(vectors, { examples }) {
      const { positives, excluded } = neighbourPairs(2 * examples);
      return cosineSoftmaxLoss(vectors, vectors, {
        scale,
        positives: Tensor.from(vectors.engine, positives),
        excluded: Tensor.from(vectors.engine, excluded as Int32Array, [2 * examples, 2]),
      });
    },
  };
}
