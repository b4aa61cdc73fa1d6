// Evaluation during training: what a run expects of an evaluation, which model was the best, and whether it is time to stop.

import type { RunState } from './checkpoint/run-state.ts';
import type { RunConfig } from './config/run-config.ts';

/** The figures of an evaluation, by name. */
export interface EvaluationResult {
  /** The figure that decides which model is the best; higher is better. */
  readonly score: number;
  readonly [figure: string]: number | string;
}

/** How a model is judged while it trains. */
export interface Evaluation {
  /** Steps between two evaluations; there is also one after the last step. */
  readonly steps: number;
  /** What must be the same in a resumed run, by name. */
  readonly fingerprint: Readonly<Record<string, string>>;
  /** @throws AbortedError when the signal fires; ExecutionError when the model gives no score */
  run(signal: AbortSignal | undefined): Promise<EvaluationResult>;
}

/**
 * The state of a run after an evaluation's score. `state` itself stays as it is, because the files that the new state names
 * are not written yet. A score before the first step is the one to improve on.
 * @returns the state, and whether the score is the best so far
 */
export function withScore(
  state: Readonly<RunState>,
  score: number,
  earlyStopping: RunConfig['earlyStopping'],
): { state: RunState; best: boolean } {
  const before = state.best?.score ?? Number.NEGATIVE_INFINITY;
  const best = score > before;
  const risen = score > before + (earlyStopping?.minimumRise ?? 0) || (best && state.best === null);
  const evaluationsWithoutRise = risen ? 0 : state.evaluationsWithoutRise + 1;
  const stopped = earlyStopping !== undefined && evaluationsWithoutRise >= earlyStopping.patience;
  const noted = {
    evaluatedStep: state.step,
    startScore: state.step === 0 ? score : state.startScore,
    lastScore: score,
    evaluationsWithoutRise,
    best: best ? { step: state.step, score } : state.best,
    stoppedEarly: state.stoppedEarly || stopped,
  };
  return { state: { ...state, ...noted }, best };
}

/** The message for a run that ended below its start; undefined if it did not. */
export function verdictOnScores(
  { startScore, lastScore, best }: Readonly<RunState>,
  keepBest: boolean,
): string | undefined {
  if (startScore === null || lastScore === null || lastScore >= startScore) return undefined;
  const output =
    keepBest && best !== null
      ? `the output is the model of ${best.step === 0 ? 'the start, unchanged' : `step ${best.step}`}`
      : 'the output is nevertheless the model of the last step (keepBest: false)';
  return (
    `[train] the run ended below its start: ${lastScore.toFixed(6)} after the last step, ${startScore.toFixed(6)} before the ` +
    `first; ${output}; a lower learningRate, fewer steps or other data may do better`
  );
}
