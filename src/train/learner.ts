// What a trainer needs of what it trains: parameters, a way to learn from a batch, and the folder that comes of it. The
// trainer knows nothing of models, texts or labels, and its own tests train a linear regression.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import type { Engine } from '../native/engine.ts';
import type { ObjectiveResult } from '../objectives/objective.ts';

/** What is trained: parameters, a way to learn from a batch, and the folder that comes of it. */
export interface Learner<Batch = unknown> extends Disposable {
  readonly engine: Engine;
  readonly stores: readonly ParameterStore[];
  /** Changes when anything of the untrained model does: SHA-256 by what it is of. */
  readonly fingerprint: Readonly<Record<string, string>>;
  /** What the user should know of the model before the first step. */
  readonly notes: readonly string[];
  /**
   * Queues forward and backward: adds `factor` times the loss's gradients to the stores.
   * @param seed uint32, of this batch: dropout and masking follow from it alone
   * @returns the loss and what else is measured, such as the parts of the loss, real [1] each, which the caller disposes of
   */
  learn(batch: Batch, seed: number, factor: number): Promise<ObjectiveResult>;
  /** Writes the model as it is now, into a folder that is not there yet. */
  save(folder: string): Promise<void>;
}
