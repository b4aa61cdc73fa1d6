// Learns a sentence encoder: texts to tokens, an objective's loss over their vectors, and its gradients.

import { inOrder, tokenizedBatches } from '../../embed/encoder/encode-pipeline.ts';
import type { TextsEncoder } from '../../eval/sts.ts';
import type { Engine } from '../../native/engine.ts';
import type { LearnBatch, ObjectiveResult } from '../../objectives/objective.ts';
import { keep, scope } from '../../tensor/scope.ts';
import type { RaggedTokens, Tokenizer } from '../../tokenizer/tokenizer.ts';
import type { TrainConfig } from './config.ts';
import type { TextLearner, TrainingBatch } from './text-learner.ts';
import type { TrainableModel } from './trainable-model.ts';

export interface SentenceLearnerParts {
  config: Pick<TrainConfig, 'dropout' | 'attentionDropout' | 'recompute'>;
  /** Freed with the learner, and its engine. */
  model: TrainableModel;
  tokenizer: Tokenizer;
  /** Cuts texts where the written model does, which training may do sooner. By default the same. */
  evaluationTokenizer?: Tokenizer | undefined;
  /** How each data set is learned. */
  learning: readonly LearnBatch[];
  fingerprint: Readonly<Record<string, string>>;
  /** What the user should know before the first step. */
  notes: readonly string[];
}

export class SentenceLearner implements TextLearner {
  readonly engine: Engine;
  readonly fingerprint: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
  readonly #parts: SentenceLearnerParts;

  constructor(parts: SentenceLearnerParts) {
    this.engine = parts.model.engine;
    this.fingerprint = parts.fingerprint;
    this.notes = parts.notes;
    this.#parts = parts;
  }

  get stores() {
    return [this.#parts.model.store];
  }

  tokenize(texts: readonly string[]): Promise<RaggedTokens> {
    return this.#parts.tokenizer.encode(texts);
  }

  async learn(batch: TrainingBatch, seed: number, factor: number): Promise<ObjectiveResult> {
    const { config, model, learning } = this.#parts;
    const { dropout, attentionDropout = dropout, recompute } = config;
    const context = { dropout, attentionDropout, seed, recompute };
    const learnBatch = learning[batch.set] as LearnBatch;
    const result = await learnBatch(model.trained, batch, context, factor);
    const temperature = model.temperature?.value();
    return temperature === undefined ? result : { ...result, metrics: { ...result.metrics, temperature } };
  }

  encoder(): TextsEncoder {
    const { model, tokenizer: trained, evaluationTokenizer: tokenizer = trained } = this.#parts;
    return {
      similarityFunction: model.similarityFunction,
      async encode(texts, options = {}) {
        const vectors: Float32Array[] = [];
        const batches = tokenizedBatches(tokenizer, texts, undefined, options);
        for await (const chunk of inOrder(batches, (tokens) => keep(scope(() => model.forward(tokens))))) {
          const count = chunk.tokens.offsets.length - 1;
          const width = chunk.vectors.length / count;
          for (let row = 0; row < count; row++)
            vectors.push(chunk.vectors.subarray(row * width, (row + 1) * width));
        }
        return { row: (index) => vectors[index] as Float32Array };
      },
    };
  }

  save(folder: string): Promise<void> {
    return this.#parts.model.save(folder);
  }

  [Symbol.dispose](): void {
    this.#parts.model.dispose();
    this.engine.dispose();
  }
}
