// Evaluation on text that is held out: the losses of the run and what is measured beside them, without dropout, on masks
// that are the same each time. The best model is the one with the lowest loss.

import { throwIfAborted } from '../../embed/encoder/encode-options.ts';
import { ExecutionError } from '../../errors.ts';
import type { PretrainingBatch, PretrainingModel } from '../../objectives/pretraining.ts';
import { scope } from '../../tensor/scope.ts';
import type { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import { contentOf, settingsOf } from '../../train/checkpoint/fingerprint.ts';
import type { Evaluation, EvaluationResult } from '../../train/evaluation.ts';
import { sumOfBatches } from './batch-hash.ts';
import type { PretrainingConfig } from './config.ts';
import { fixedBatches } from './fixed-batches.ts';
import type { Forward } from './pretraining-learner.ts';
import { corpusOptions, maskingOptions, predictedWords } from './training-text.ts';

type EvaluationConfig = NonNullable<PretrainingConfig['evaluation']>;

const noDropout = { dropout: 0, attentionDropout: 0, seed: 0 };

/** Figures that are the exponential of a loss, and not a mean of their own. */
const perplexities: Readonly<Record<string, string>> = {
  maskedPerplexity: 'maskedWords',
  causalPerplexity: 'causalLanguage',
  permutationPerplexity: 'permutationLanguage',
};

export class HeldOutEvaluation {
  readonly #config: EvaluationConfig;
  readonly #batches: readonly PretrainingBatch[];

  private constructor(config: EvaluationConfig, batches: readonly PretrainingBatch[]) {
    this.#config = config;
    this.#batches = batches;
  }

  /** Reads and masks the text now, so that mistakes show before the first step. @throws FileError, DataError, … */
  static async open(
    config: PretrainingConfig,
    evaluation: EvaluationConfig,
    tokenizer: SentenceTokenizer,
    maxLength: number,
    signal: AbortSignal | undefined,
  ): Promise<HeldOutEvaluation> {
    const { seed, batchTokens } = config;
    const { data: paths, format, maxTokens } = evaluation;
    const options = { ...corpusOptions(config, tokenizer), ...maskingOptions(config), paths, format };
    const size = { maxLength, batchTokens: Math.max(batchTokens, maxLength), seed };
    const batches: PretrainingBatch[] = [];
    let tokens = 0;
    for await (const batch of fixedBatches({ ...options, ...size }, signal)) {
      batches.push(batch);
      tokens += batch.tokenIds.length;
      if (tokens >= maxTokens) break;
    }
    return new HeldOutEvaluation(evaluation, batches);
  }

  /** As a run evaluates. @param model as it is by then */
  of(model: PretrainingModel, forward: Forward): Evaluation {
    const { steps } = this.#config;
    const fingerprint = {
      ...settingsOf(this.#config, 'evaluation.', ['data', 'format', 'maxTokens']),
      ...contentOf(
        'evaluation.data',
        'batches',
        `${this.#batches.length} batches`,
        sumOfBatches(this.#batches),
      ),
    };
    return { steps, fingerprint, run: (signal) => this.#run(model, forward, signal) };
  }

  async #run(
    model: PretrainingModel,
    forward: Forward,
    signal: AbortSignal | undefined,
  ): Promise<EvaluationResult> {
    const sums = new Map<string, { value: number; words: number }>();
    for (const batch of this.#batches) {
      throwIfAborted(signal, 'the evaluation');
      await model.encoder.engine.ready();
      const { loss, metrics } = scope(() => forward(model, batch, noDropout));
      const words = predictedWords(batch);
      for (const [name, tensor] of Object.entries({ loss, ...metrics })) {
        const [value = Number.NaN] = await tensor.data();
        const sum = sums.get(name) ?? { value: 0, words: 0 };
        sums.set(name, { value: sum.value + words * value, words: sum.words + words });
        tensor.dispose();
      }
    }
    const figures = Object.fromEntries([...sums].map(([name, { value, words }]) => [name, value / words]));
    for (const [name, of] of Object.entries(perplexities)) {
      if (figures[name] !== undefined) figures[name] = Math.exp(figures[of] as number);
    }
    const { loss = Number.NaN } = figures;
    if (!Number.isFinite(loss)) {
      throw new ExecutionError(`[train] expected the evaluation to have a finite loss but it is ${loss}`);
    }
    return { ...figures, score: -loss };
  }
}
