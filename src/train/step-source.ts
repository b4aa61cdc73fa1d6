// What a run learns from: the batches of every step, from any position on. A position is JSON that only the task
// understands. The run writes it into checkpoints and hands it back on resuming. The steps that follow must then be those
// of an uninterrupted run.

import type { Json } from './json.ts';
import type { Phase } from './step/learning-rate.ts';

/** Batches whose gradients make one step. */
export interface TrainingStep<Batch = unknown> {
  batches: readonly Batch[];
  /** How much each batch counts, [batches], with the sum 1; by default all the same. Needed for means over batches of unequal size. */
  shares?: readonly number[] | undefined;
  /** The number of examples in all batches. */
  examples: number;
  tokens: number;
  /** Where the next step begins. */
  after: Json;
}

/** A file that was read, and how much of it could not be used. */
export interface SourceFile {
  path: string;
  /** Rows that were left out because they could not be used. */
  skipped: number;
  /** Rows that are empty. */
  blank: number;
}

/** The batches of every step, from any position on. */
export interface StepSource<Batch = unknown> {
  /** Where the first step of a run begins. */
  readonly start: Json;
  /** What must be the same in a resumed run: contents by name (`contentOf`), and settings that are not in the configuration. */
  readonly fingerprint: Readonly<Record<string, string>>;
  /** The number of examples in an epoch, if it is known in advance. */
  readonly examples: number | undefined;
  readonly files: readonly SourceFile[];
  /** What the user should know about the data before the first step. */
  readonly warnings: readonly string[];
  /** What was read differently from how it is written. */
  readonly notes: readonly string[];
  /** Parts of the run, each with its own schedule; their steps add up to all steps. By default there is one part. */
  readonly phases?: readonly Phase[] | undefined;
  /** The number of steps of the whole run. */
  totalSteps(): number;
  /**
   * The steps from a position on, at least as many as the run still has to do. Each is requested while the one before is
   * being computed.
   * @throws FormatError for a value that is not a position
   */
  steps(position: Json): AsyncGenerator<TrainingStep<Batch>, void, undefined>;
}
