// Evaluation during training: the correlation of similarities with people's scores (STS), which model was the best, and whether
// it is time to stop.

import { createHash } from 'node:crypto';
import { readScoredPairs, type ScoredPair } from '../data/readers/read-scored-pairs.ts';
import type { SimilarityFunction } from '../embed/similarity-function.ts';
import { DataError, ExecutionError } from '../errors.ts';
import { evaluateSts } from '../eval/sts.ts';
import type { TrainConfig } from './config.ts';
import type { RowsContent } from './fingerprint.ts';
import type { Learner } from './learner.ts';
import type { RunState } from './run-state.ts';

export type EvaluationConfig = NonNullable<TrainConfig['evaluation']>;

/** What an evaluation found. */
export interface EvaluationResult {
  spearman: number;
  pearson: number;
  pairs: number;
  /** The measure that vectors were compared by. */
  similarity: SimilarityFunction;
  /** Of the metric that decides. */
  score: number;
}

export class Evaluation {
  readonly config: EvaluationConfig;
  /** What was read. */
  readonly content: RowsContent;
  readonly #pairs: readonly ScoredPair[];

  private constructor(config: EvaluationConfig, pairs: readonly ScoredPair[]) {
    this.config = config;
    this.#pairs = pairs;
    this.content = { rows: pairs.length, sum: sumOf(pairs) };
  }

  /** Reads the pairs now, so that a mistake in them shows before the first step. @throws FileError, DataError */
  static async open(config: EvaluationConfig): Promise<Evaluation> {
    const pairs: ScoredPair[] = [];
    const { columns, format, header } = config;
    for await (const pair of readScoredPairs(config.data, { columns, format, header })) pairs.push(pair);
    const scores = pairs.flatMap(({ score }) => (score === null ? [] : [score]));
    if (scores.length < 2) {
      throw new DataError(
        `${config.data}: expected at least two pairs with a score but found ${scores.length}`,
      );
    }
    if (scores.every((score) => score === scores[0])) {
      throw new DataError(
        `${config.data}: expected scores that differ, since a correlation needs them, but all ${scores.length} are ` +
          `${scores[0]}: check evaluation.columns`,
      );
    }
    return new Evaluation(config, pairs);
  }

  /** @throws AbortedError when the signal fires; ExecutionError when the model's vectors give no correlation */
  async run(learner: Learner, signal: AbortSignal | undefined): Promise<EvaluationResult> {
    const { spearman, pearson, pairs, similarity, undefinedBecause } = await evaluateSts(
      learner.encoder(),
      this.#pairs,
      { similarity: this.config.similarity, encoding: signal === undefined ? {} : { signal } },
    );
    if (undefinedBecause !== undefined) {
      throw new ExecutionError(
        `[train] expected the evaluation on ${this.config.data} to have a correlation but ${undefinedBecause}`,
      );
    }
    return { spearman, pearson, pairs, similarity, score: { spearman, pearson }[this.config.metric] };
  }
}

/** SHA-256 of the pairs. */
function sumOf(pairs: readonly ScoredPair[]): string {
  const hash = createHash('sha256');
  for (const { first, second, score } of pairs) hash.update(`${JSON.stringify([first, second, score])}\n`);
  return hash.digest('hex');
}

/**
 * What a run's state comes to by an evaluation's score; `state` stays as it is, since what the new one names is yet to be
 * written.
 * @returns the state, and whether the score is the best so far
 */
export function withScore(
  state: Readonly<RunState>,
  score: number,
  earlyStopping: TrainConfig['earlyStopping'],
): { state: RunState; best: boolean } {
  const before = state.best?.score ?? Number.NEGATIVE_INFINITY;
  const best = score > before;
  const risen = score > before + (earlyStopping?.minimumRise ?? 0) || (best && state.best === null);
  const evaluationsWithoutRise = risen ? 0 : state.evaluationsWithoutRise + 1;
  const stopped = earlyStopping !== undefined && evaluationsWithoutRise >= earlyStopping.patience;
  const noted = {
    evaluatedStep: state.step,
    evaluationsWithoutRise,
    best: best ? { step: state.step, score } : state.best,
    stoppedEarly: state.stoppedEarly || stopped,
  };
  return { state: { ...state, ...noted }, best };
}
