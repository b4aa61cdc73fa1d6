// Where a run is: everything that a checkpoint holds beside tensors.

import { z } from 'zod';
import { FormatError } from '../../errors.ts';
import { checkJson } from '../../io/files/json-file.ts';
import type { Json } from '../json.ts';
import { followLoss, noLevel, spikeMessage } from '../step/loss-spikes.ts';
import type { StepResult } from '../step/step-queue.ts';

const count = z.int().min(0);

const stateSchema = z.strictObject({
  version: z.literal(2),
  /** Steps done. */
  step: count,
  totalSteps: count,
  /** Steps the optimizer counts. */
  optimizerSteps: count,
  /** Where the next step begins, in the task's own terms. */
  position: z.json(),
  examples: count,
  tokens: count,
  /** Steps that changed nothing because their loss or gradient was not finite, and how many of them were the last ones. */
  skippedSteps: count,
  skippedInARow: count,
  /** Of the last step; null when it was not finite. */
  loss: z.number().nullable(),
  /** Of the loss so far, by which spikes are known. */
  lossLevel: z.strictObject({ steps: count, mean: z.number(), variance: z.number() }),
  /** Scores of the model before the first step and of the last evaluation; null where there was none. */
  startScore: z.number().nullable().default(null),
  lastScore: z.number().nullable().default(null),
  /** The evaluation with the highest score; that of the start is of step 0. */
  best: z.strictObject({ step: count, score: z.number() }).nullable(),
  /** The last step after which the model was evaluated. */
  evaluatedStep: count,
  evaluationsWithoutRise: count,
  stoppedEarly: z.boolean(),
  fingerprint: z.record(z.string(), z.string()),
});

export type RunState = Omit<z.output<typeof stateSchema>, 'position'> & { position: Json };

/** The state of a run that has not begun. */
export function freshState(
  totalSteps: number,
  position: Json,
  fingerprint: Record<string, string>,
): RunState {
  return {
    version: 2,
    step: 0,
    totalSteps,
    optimizerSteps: 0,
    position,
    examples: 0,
    tokens: 0,
    skippedSteps: 0,
    skippedInARow: 0,
    loss: null,
    lossLevel: { ...noLevel },
    startScore: null,
    lastScore: null,
    best: null,
    evaluatedStep: 0,
    evaluationsWithoutRise: 0,
    stoppedEarly: false,
    fingerprint,
  };
}

/** @throws FormatError */
export function parseState(value: unknown, source: string): RunState {
  return checkJson(stateSchema, value, source, (message) => new FormatError(message));
}

/** Counts a step that has been computed. @returns what is to be told of its loss, where that is a spike */
export function countStep(state: RunState, result: StepResult): string | undefined {
  const { step, examples, tokens, loss, finite } = result;
  state.examples += examples;
  state.tokens += tokens;
  state.loss = Number.isFinite(loss) ? loss : null;
  state.skippedInARow = finite ? 0 : state.skippedInARow + 1;
  if (!finite) state.skippedSteps += 1;
  if (!finite) return undefined;
  const before = state.lossLevel;
  const { level, spike } = followLoss(before, loss);
  state.lossLevel = level;
  return spike ? spikeMessage(step, loss, before) : undefined;
}
