// Steps whose loss or gradient is not finite. They change nothing: the optimizer's op sees to that where it is computed.
// Whether the run goes on after one is the policy's to say.

import { ExecutionError } from '../errors.ts';
import type { TrainConfig } from './config.ts';
import type { StepResult } from './step-queue.ts';

/** After so many steps in a row that changed nothing, going on is of no use. */
const limit = 20;

/**
 * @param inARow steps that changed nothing, this one included
 * @returns what to warn of
 * @throws ExecutionError when the run is to end
 */
export function warningOfSkipped(
  { step, loss, gradientNorm }: StepResult,
  policy: TrainConfig['nanPolicy'],
  inARow: number,
): string {
  const what = `[train] expected a finite loss and gradient at step ${step} but the loss is ${loss} and the norm ${gradientNorm}`;
  if (policy === 'stop') {
    throw new ExecutionError(
      `${what}; nothing was changed by it: leave out such steps with nanPolicy: skip, also of a run that is resumed, or begin again in ` +
        'another output with a lower learning rate',
    );
  }
  if (inARow >= limit) {
    throw new ExecutionError(
      `${what}, as at the ${limit - 1} steps before; begin again in another output with a lower learning rate`,
    );
  }
  return `${what}; the step was left out`;
}
