// What learns from texts in batches by columns: the learner of the sentence task, and what `likewise/training` gives for a
// loop of one's own.

import type { TextsEncoder } from '../../eval/sts.ts';
import type { RaggedTokens } from '../../tokenizer/tokenizer.ts';
import type { Learner } from '../../train/learner.ts';

/** A batch on its way to its objective. */
export interface TrainingBatch {
  /** Index of the data set it comes from. */
  set: number;
  examples: number;
  /** Texts of an example. */
  columns: number;
  /** The tokens of all texts, column by column: text c of example i is sequence c * examples + i. */
  tokens: RaggedTokens;
  /** [columns * examples]; equal texts have equal numbers, those of their first occurrence. */
  textIds: Int32Array;
  /** [examples], when the objective asks for them. */
  scores: Float32Array | undefined;
}

export interface TextLearner extends Learner<TrainingBatch> {
  /** Texts to tokens. */
  tokenize(texts: readonly string[]): Promise<RaggedTokens>;
  /** The model as it is now, for an evaluation. */
  encoder(): TextsEncoder;
  /** Writes a sentence-transformers folder of the model as it is now, replacing one that is there. */
  save(folder: string): Promise<void>;
}
