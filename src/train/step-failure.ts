// What it means for a run that the engine fails in the middle of a step: values that a failed op was to write are poisoned,
// and with them gradients, moments and weights, until sound ones are loaded over them.

import { ExecutionError, OutOfMemoryError, QueueFullError } from '../errors.ts';

const failures = [ExecutionError, OutOfMemoryError, QueueFullError] as const;

/** A checkpoint to go on from. */
export interface SavedStep {
  step: number;
  folder: string;
}

/**
 * The error to throw for one that a step ended with: of its class, with what has become of the run and what to do. Errors
 * that are not the engine's come back as they are.
 */
export function stepFailure(error: unknown, step: number, saved: SavedStep | undefined): unknown {
  const Failure = failures.find((kind) => error instanceof kind);
  if (Failure === undefined) return error;
  const remedy =
    saved === undefined
      ? 'nothing was saved yet: mend the cause and start again'
      : `the checkpoint of step ${saved.step} in '${saved.folder}' is whole: mend the cause and go on with --resume`;
  return new Failure(
    `[train] expected step ${step} to be computed but it failed: ${(error as Error).message}; the weights and moments ` +
      `in memory cannot be used until a checkpoint is loaded, and ${remedy}`,
    { cause: error },
  );
}
