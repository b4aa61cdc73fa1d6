// The optimizers by name.
import type { ParameterStore } from '../autograd/parameter-store.ts';
import type { AdamOptimizer, AdamOptions } from './adam-optimizer.ts';
import { AdamW } from './adamw.ts';
import { Lamb } from './lamb.ts';

export const OPTIMIZERS = ['adamw', 'lamb'] as const;

export type OptimizerName = (typeof OPTIMIZERS)[number];

/** @throws ArgumentError for an unknown option, or patterns that fit no parameter */
export function createOptimizer(
  name: OptimizerName,
  stores: readonly ParameterStore[],
  options: AdamOptions,
): AdamOptimizer {
  return name === 'lamb' ? new Lamb(stores, options) : new AdamW(stores, options);
}
