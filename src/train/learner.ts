// What a trainer needs of what it trains: parameters, a way to learn from a batch, and the vectors and the folder that come
// of it. The trainer knows nothing else of models, and its own tests train a linear regression.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import type { TextsEncoder } from '../eval/sts.ts';
import type { Engine } from '../native/engine.ts';
import type { ObjectiveResult } from '../objectives/objective.ts';
import type { RaggedTokens } from '../tokenizer/tokenizer.ts';

/** A batch on its way to its objective. */
export interface TrainingBatch {
  /** Index of the data set it comes from. */
  set: number;
  examples: number;
  /** Texts of an example. */
  columns: number;
  /** The tokens of all texts, column by column: text c of example i is sequence c * examples + i. */
  tokens: RaggedTokens;
  /** [columns * examples]: equal texts have equal numbers, those of their first occurrence. */
  textIds: Int32Array;
  /** [examples], when the objective asks for them. */
  scores: Float32Array | undefined;
}

export interface Learner extends Disposable {
  readonly engine: Engine;
  readonly stores: readonly ParameterStore[];
  /** Changes when anything of the untrained model does: SHA-256 by what it is of. */
  readonly fingerprint: Readonly<Record<string, string>>;
  /** What the user should know of the model before the first step. */
  readonly notes: readonly string[];
  /** Texts to tokens. */
  tokenize(texts: readonly string[]): Promise<RaggedTokens>;
  /**
   * Queues forward and backward: adds `factor` times the loss's gradients to the stores.
   * @param seed uint32, of this batch: dropout and masking follow from it alone
   * @returns the loss and what else is measured, real [1] each, which the caller disposes of
   */
  learn(batch: TrainingBatch, seed: number, factor: number): Promise<ObjectiveResult>;
  /** The model as it is now, for an evaluation. */
  encoder(): TextsEncoder;
  /** Writes a sentence-transformers folder of the model as it is now, replacing one that is there. */
  save(folder: string): Promise<void>;
}
