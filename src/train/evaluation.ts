// Evaluation during training: the correlation of cosines with people's scores (STS), which model was the best, and whether
// it is time to stop.

import { readScoredPairs, type ScoredPair } from '../data/read-scored-pairs.ts';
import { DataError } from '../errors.ts';
import { evaluateSts } from '../eval/sts.ts';
import type { TrainConfig } from './config.ts';
import type { Learner } from './learner.ts';
import type { RunState } from './run-state.ts';

export type EvaluationConfig = NonNullable<TrainConfig['evaluation']>;

/** What an evaluation found. */
export interface EvaluationResult {
  spearman: number;
  pearson: number;
  pairs: number;
  /** Of the metric that decides. */
  score: number;
}

export class Evaluation {
  readonly config: EvaluationConfig;
  readonly #pairs: readonly ScoredPair[];

  private constructor(config: EvaluationConfig, pairs: readonly ScoredPair[]) {
    this.config = config;
    this.#pairs = pairs;
  }

  /** Reads the pairs now, so that a mistake in them shows before the first step. @throws FileError, DataError */
  static async open(config: EvaluationConfig): Promise<Evaluation> {
    const pairs: ScoredPair[] = [];
    const { columns, format, header } = config;
    for await (const pair of readScoredPairs(config.data, { columns, format, header })) pairs.push(pair);
    const scored = pairs.filter(({ score }) => score !== null).length;
    if (scored < 2) {
      throw new DataError(`${config.data}: expected at least two pairs with a score but found ${scored}`);
    }
    return new Evaluation(config, pairs);
  }

  /** @throws AbortedError when the signal fires */
  async run(learner: Learner, signal: AbortSignal | undefined): Promise<EvaluationResult> {
    const { spearman, pearson, pairs } = await evaluateSts(
      learner.encoder(),
      this.#pairs,
      signal === undefined ? {} : { signal },
    );
    return { spearman, pearson, pairs, score: { spearman, pearson }[this.config.metric] };
  }
}

/**
 * Notes an evaluation's score in the run's state.
 * @returns whether it is the best so far
 */
export function noteScore(
  state: RunState,
  score: number,
  earlyStopping: TrainConfig['earlyStopping'],
): boolean {
  const before = state.best?.score ?? Number.NEGATIVE_INFINITY;
  const best = score > before; // not for a score that is no number
  const risen = score > before + (earlyStopping?.minimumRise ?? 0) || (best && state.best === null);
  state.evaluatedStep = state.step;
  state.evaluationsWithoutRise = risen ? 0 : state.evaluationsWithoutRise + 1;
  if (best) state.best = { step: state.step, score };
  if (earlyStopping !== undefined && state.evaluationsWithoutRise >= earlyStopping.patience)
    state.stoppedEarly = true;
  return best;
}
