// SimCSE (Gao, Yao and Chen, EMNLP 2021), as princeton-nlp/SimCSE has it: cosines over a temperature, softmax over the
// batch in one direction, the diagonal is right.
//
//   unsupervised   a text and itself under another dropout mask, both in one batch
//   supervised     a text and its positive; with hard negatives, those of all examples are candidates too, and the logit
//                  of a row's own is raised by `hardNegativeWeight`, the logarithm of the paper's alpha
//
// The MLP head is a dense layer with tanh over [CLS], randomly initialised; unsupervised models leave it out afterwards.

import { ArgumentError } from '../errors.ts';
import type { PoolingMode } from '../nn/encoder/pooling.ts';
import { cosineSoftmaxLoss } from '../ops/loss/cosine-softmax-loss.ts';
import { splitRows } from '../ops/plain/slices.ts';
import { checkOptions } from '../options/check-options.ts';
import { Tensor } from '../tensor/tensor.ts';
import { hardNegativePairs } from './contrastive-pairs.ts';
import { scaleOf, type Temperature } from './learned-temperature.ts';
import { everyText, type ObjectiveBatch, twins, type VectorObjective } from './objective.ts';

/** The reference's poolers: how vectors are made, and whether the MLP head follows in training. */
export const SIMCSE_POOLERS = {
  cls: { pooling: 'cls', head: true },
  cls_before_pooler: { pooling: 'cls', head: false },
  avg: { pooling: 'mean', head: false },
  avg_top2: { pooling: 'last_two', head: false },
  avg_first_last: { pooling: 'first_last_layer1', head: false },
} as const satisfies Record<string, { pooling: PoolingMode; head: boolean }>;

/** Settings of {@link simcseUnsupervised}. */
export interface SimcseOptions {
  /** 0.05 by default. */
  temperature?: Temperature | undefined;
  /** Equal texts of a batch do not count as negatives of one another; the reference lets them. */
  hideEqualTexts?: boolean | undefined;
}

const optionNames = ['temperature', 'hideEqualTexts'];

/** Texts, each encoded twice. */
export function simcseUnsupervised(options: SimcseOptions = {}): VectorObjective {
  checkOptions('simcseUnsupervised', options, optionNames);
  const { temperature = 0.05, hideEqualTexts = false } = options;
  return {
    sequences: twins,
    loss(vectors, batch) {
      const { examples } = batch;
      const [first, second] = splitRows(vectors, [examples, examples]) as [Tensor, Tensor];
      const ids = hideEqualTexts ? textIds(vectors, batch, 0) : {};
      return cosineSoftmaxLoss(first, second, { scale: scaleOf(temperature), ...ids });
    },
  };
}

/** Settings of {@link simcseSupervised}. */
export interface SupervisedSimcseOptions extends SimcseOptions {
  /** Added to the logit of a row's own hard negative; 0 by default, the paper's alpha = 1. */
  hardNegativeWeight?: number | undefined;
}

/** Pairs, or triplets of a text, its positive and a hard negative. */
export function simcseSupervised(options: SupervisedSimcseOptions = {}): VectorObjective {
  checkOptions('simcseSupervised', options, [...optionNames, 'hardNegativeWeight']);
  const { temperature = 0.05, hardNegativeWeight: logWeight = 0, hideEqualTexts = false } = options;
  return {
    sequences: everyText,
    loss(vectors, batch) {
      const { examples, columns } = batch;
      if (columns !== 2 && columns !== 3) {
        throw new ArgumentError(
          `[simcseSupervised] expected pairs or triplets but received ${columns} columns`,
        );
      }
      const total = columns * examples;
      const [first, others] = splitRows(vectors, [examples, total - examples]) as [Tensor, Tensor];
      const own = hardNegativePairs(examples).weighted as Int32Array;
      const weighted = columns === 3 && logWeight !== 0 ? Tensor.from(vectors.engine, own) : undefined;
      const ids = hideEqualTexts ? textIds(vectors, batch, examples) : {};
      return cosineSoftmaxLoss(first, others, { scale: scaleOf(temperature), weighted, logWeight, ...ids });
    },
  };
}

/** By which equal texts are known. @param candidates the batch's text that the first candidate is */
function textIds({ engine }: Tensor, { examples, textIds: ids }: ObjectiveBatch, candidates: number) {
  if (ids === undefined) {
    throw new ArgumentError(
      '[simcse] expected the batch to number its texts, because equal texts are hidden, but it has no textIds',
    );
  }
  return {
    queryIds: Tensor.from(engine, ids.slice(0, examples)),
    candidateIds: Tensor.from(engine, ids.slice(candidates)),
  };
}
