// AdamW over flat parameter memory, one op per store: clipping to a global norm, moments, decay and update in one pass.
//
//   pytorch  w -= lr wd w, then w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)   Loshchilov and Hutter,
//            arXiv 1711.05101, as torch.optim.AdamW has it
//   bert     the same without the two corrections, which is w -= lr (m / (sqrt(v) + epsilon) + wd w)
//
// Embedding rows are updated only where touched where that is exact: a row that
// no token has touched so far has no gradient and no moments, and the formula leaves it as it is unless it decays, so the
// kernel passes over such elements (native/cpu/kernels/optimizer/optimizer.cpp). A row that was touched once goes on moving by its
// momentum, and one that decays by its decay, as in both originals.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { adamW } from '../ops/optimizer/adamw.ts';
import { AdamOptimizer, type AdamOptions } from './adam-optimizer.ts';
import { type GroupOptions, parameterGroups } from './parameter-groups.ts';

/** Settings of {@link AdamW}. */
export type AdamWOptions = AdamOptions;

/** AdamW over the flat parameters of stores: clipping, moments, decay and update in one pass. */
export class AdamW extends AdamOptimizer {
  /** @throws ArgumentError for an unknown option, or patterns that fit no parameter */
  constructor(stores: readonly ParameterStore[], options: AdamWOptions = {}) {
    const groups = ({ parameters, size }: ParameterStore, given: GroupOptions) =>
      parameterGroups(parameters, size, given);
    super({ name: 'AdamW', groups, step: adamW }, stores, options);
  }
}
