// Evaluation of the sentence task: the correlation of similarities with people's scores (STS).

import { createHash } from 'node:crypto';
import { readScoredPairs, type ScoredPair } from '../../data/readers/read-scored-pairs.ts';
import { DataError, ExecutionError } from '../../errors.ts';
import { evaluateSts, type TextsEncoder } from '../../eval/sts.ts';
import { contentOf, settingsOf } from '../../train/checkpoint/fingerprint.ts';
import type { Evaluation, EvaluationResult } from '../../train/evaluation.ts';
import type { TrainConfig } from './config.ts';

export type EvaluationConfig = NonNullable<TrainConfig['evaluation']>;

export class StsEvaluation {
  readonly #config: EvaluationConfig;
  readonly #pairs: readonly ScoredPair[];

  private constructor(config: EvaluationConfig, pairs: readonly ScoredPair[]) {
    this.#config = config;
    this.#pairs = pairs;
  }

  /** Reads the pairs now, so that a mistake in them shows before the first step. @throws FileError, DataError */
  static async open(config: EvaluationConfig): Promise<StsEvaluation> {
    const pairs: ScoredPair[] = [];
    const { columns, format, header } = config;
    for await (const pair of readScoredPairs(config.data, { columns, format, header, key: 'evaluation' }))
      pairs.push(pair);
    const scores = pairs.flatMap(({ score }) => (score === null ? [] : [score]));
    if (scores.length < 2) {
      throw new DataError(
        `${config.data}: expected at least two pairs with a score but found ${scores.length}`,
      );
    }
    if (scores.every((score) => score === scores[0])) {
      throw new DataError(
        `${config.data}: expected scores that differ, because a correlation needs them, but all ${scores.length} are ` +
          `${scores[0]}: check evaluation.columns`,
      );
    }
    return new StsEvaluation(config, pairs);
  }

  /** As a run evaluates. @param encoder the model as it is by then */
  of(encoder: () => TextsEncoder): Evaluation {
    const { steps } = this.#config;
    const fingerprint = {
      ...settingsOf(this.#config, 'evaluation.', ['data', 'columns', 'format', 'header']),
      ...contentOf('evaluation.data', 'rows', `${this.#pairs.length} rows`, sumOf(this.#pairs)),
    };
    return { steps, fingerprint, run: (signal) => this.#run(encoder(), signal) };
  }

  async #run(encoder: TextsEncoder, signal: AbortSignal | undefined): Promise<EvaluationResult> {
    const { spearman, pearson, pairs, similarity, undefinedBecause } = await evaluateSts(
      encoder,
      this.#pairs,
      { similarity: this.#config.similarity, encoding: signal === undefined ? {} : { signal } },
    );
    if (undefinedBecause !== undefined) {
      throw new ExecutionError(
        `[train] expected the evaluation on ${this.#config.data} to have a correlation but ${undefinedBecause}`,
      );
    }
    return { spearman, pearson, pairs, similarity, score: { spearman, pearson }[this.#config.metric] };
  }
}

/** SHA-256 of the pairs. */
function sumOf(pairs: readonly ScoredPair[]): string {
  const hash = createHash('sha256');
  for (const { first, second, score } of pairs) hash.update(`${JSON.stringify([first, second, score])}\n`);
  return hash.digest('hex');
}
