// What the end of a run by an error means: whether what is in memory can be used, what is saved, and how to go on.
//
// Where the engine fails in the middle of a step, values that a failed op was to write are poisoned, and with them
// gradients, moments and weights, until sound ones are loaded over them. Any other error leaves them as they were.

import { ExecutionError, LikewiseError, OutOfMemoryError, QueueFullError } from '../../errors.ts';

const failures = [ExecutionError, OutOfMemoryError, QueueFullError] as const;

/** A checkpoint to go on from. */
export interface SavedStep {
  step: number;
  folder: string;
}

/** What is saved, and what to do. */
export function remedyOf(saved: SavedStep | undefined): string {
  return saved === undefined
    ? 'nothing was saved yet: fix the cause and start again'
    : `the checkpoint of step ${saved.step} in '${saved.folder}' is intact: fix the cause and continue with --resume`;
}

/**
 * The error to throw for one that a step ended with, when the engine failed in it: of its class, with what has become of
 * the run. Undefined for any other error.
 */
export function stepFailure(error: unknown, step: number, saved: SavedStep | undefined): Error | undefined {
  const Failure = failures.find((kind) => error instanceof kind);
  if (Failure === undefined) return undefined;
  return new Failure(
    `[train] expected step ${step} to be computed but it failed: ${(error as Error).message}; the weights and moments ` +
      `in memory cannot be used until a checkpoint is loaded, and ${remedyOf(saved)}`,
    { cause: error },
  );
}

/** An error of ours that ended a run, of its class, with the remedy. Others, such as a listener's, come back as they are. */
export function runFailure(error: unknown, remedy: string): unknown {
  if (!(error instanceof LikewiseError)) return error;
  const Failure = error.constructor as new (message: string, options: ErrorOptions) => LikewiseError;
  return new Failure(`${error.message}; ${remedy}`, { cause: error });
}
