// Steps whose loss or gradient is not finite. They change nothing: the optimizer's op sees to that where it is computed.
// Whether the run goes on after one is the policy's to say; and a run that left out more than half of its steps has not
// done what was asked, however it ended.

import type { RunState } from '../checkpoint/run-state.ts';
import type { RunConfig } from '../config/run-config.ts';
import type { SavedStep } from './step-failure.ts';
import type { StepResult } from './step-queue.ts';

/** After so many steps in a row that changed nothing, going on is of no use. */
const limit = 20;

/** What is to be said, and whether the run ends by it. */
export interface SkippedVerdict {
  message: string;
  ends: boolean;
  /** Whether going on from a checkpoint would come to the same. */
  final?: boolean;
}

/** Of a step that is not finite. @param inARow steps that changed nothing, this one included */
export function verdictOnStep(
  { step, loss, gradientNorm }: StepResult,
  policy: RunConfig['nanPolicy'],
  inARow: number,
): SkippedVerdict {
  const what = `[train] expected a finite loss and gradient at step ${step} but the loss is ${loss} and the norm ${gradientNorm}`;
  if (policy === 'stop') return { message: `${what}; the step changed nothing`, ends: true };
  if (inARow >= limit) return { message: `${what}, as at the ${limit - 1} steps before`, ends: true };
  return { message: `${what}; the step was left out`, ends: false };
}

/** Of a run that has done all its steps; undefined when each was finite. */
export function verdictOnRun({ step, skippedSteps }: RunState): SkippedVerdict | undefined {
  if (skippedSteps === 0) return undefined;
  const what = `${skippedSteps} of ${step} steps were left out, because their loss or gradient was not finite`;
  return skippedSteps * 2 > step
    ? {
        message: `[train] expected to learn from most steps but ${what}; no model was written`,
        ends: true,
        final: true,
      }
    : { message: `[train] ${what}`, ends: false };
}

/** What to do when a run ended by a verdict: its weights are sound, but may be no good to go on from. */
export function remedyOfSkipped(
  { final }: SkippedVerdict,
  policy: RunConfig['nanPolicy'],
  saved: SavedStep | undefined,
): string {
  const again = 'start again in another output with a lower learning rate';
  if (policy === 'skip' || final === true) return again;
  if (saved === undefined)
    return `nothing was saved yet: ${again}, or leave out such steps with nanPolicy=skip`;
  return (
    `the checkpoint of step ${saved.step} in '${saved.folder}' is intact: if a batch is to blame, continue from it with ` +
    `nanPolicy=skip and --resume, which leaves out such steps; if the weights have grown too large, ${again}`
  );
}
