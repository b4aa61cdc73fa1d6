// LAMB (You et al., "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes", ICLR 2020, algorithm 2): AdamW's
// direction, its length taken from the parameter that it moves. One op per store, over tensors laid end to end.
//
//   r = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon); u = r + wd w; w -= lr |w| / |u| u
//
// for each tensor by itself, query, key and value of a layer apart. |w| / |u| counts as 1 where either is 0, and for tensors that
// are left out of decay (biases and norms), as in the authors' code. The paper's phi is the identity.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { lamb } from '../ops/optimizer/lamb.ts';
import { AdamOptimizer, type AdamOptions } from './adam-optimizer.ts';
import { tensorGroups } from './parameter-groups.ts';

/** Settings of {@link Lamb}. */
export type LambOptions = AdamOptions;

/** LAMB over the flat parameters of stores: Adam's update, scaled to each parameter's own size. */
export class Lamb extends AdamOptimizer {
  /** @throws ArgumentError for an unknown option, or patterns that fit no parameter */
  constructor(stores: readonly ParameterStore[], options: LambOptions = {}) {
    super({ name: 'Lamb', groups: tensorGroups, step: lamb }, stores, options);
  }
}
