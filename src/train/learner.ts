// What a trainer needs from what it trains: parameters, a way to learn from a batch, and a way to write the result. The
// trainer knows nothing of models, texts or labels, and its own tests train a linear regression.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import type { Engine } from '../native/engine.ts';
import type { ObjectiveResult } from '../objectives/objective.ts';

/** What is trained: parameters, a way to learn from a batch, and a way to write the result. */
export interface Learner<Batch = unknown> extends Disposable {
  readonly engine: Engine;
  readonly stores: readonly ParameterStore[];
  /** SHA-256 of each part of the untrained model, by the name of the part. */
  readonly fingerprint: Readonly<Record<string, string>>;
  /** What the user should know about the model before the first step. */
  readonly notes: readonly string[];
  /**
   * Queues the forward and backward pass, which adds `factor` times the loss's gradients to the stores.
   * @param seed the batch's uint32 seed; dropout and masking follow from it alone
   * @returns the loss and other measures, such as the parts of the loss; real [1] each, and the caller disposes of them
   */
  learn(batch: Batch, seed: number, factor: number): Promise<ObjectiveResult>;
  /** Writes the model as it is now, into a folder that does not exist yet. */
  save(folder: string): Promise<void>;
}
