// What a run learns from, as a task opens it: the batches of every step from any position on. A position is JSON that means
// something to the task alone; the run writes it into checkpoints and hands it back on resuming, and the steps that follow
// must then be those of an undisturbed run.

import type { Json } from './json.ts';
import type { Phase } from './step/learning-rate.ts';

/** Batches whose gradients make one step. */
export interface TrainingStep<Batch = unknown> {
  batches: readonly Batch[];
  /** How much each batch counts, [batches], with the sum 1; by default all alike. For means over batches of unequal size. */
  shares?: readonly number[] | undefined;
  /** In all batches. */
  examples: number;
  tokens: number;
  /** Where the next step begins. */
  after: Json;
}

/** A file that was read, and what of it could not be used. */
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
  /** What a resumed run must find again: contents by what they are of (`contentOf`), settings that are not in the configuration. */
  readonly fingerprint: Readonly<Record<string, string>>;
  /** Examples of an epoch, where they are known in advance. */
  readonly examples: number | undefined;
  readonly files: readonly SourceFile[];
  /** What the user should know of the data before the first step. */
  readonly warnings: readonly string[];
  /** What was read otherwise than it stands there. */
  readonly notes: readonly string[];
  /** Parts of the run with a schedule each, whose steps add up to all; by default the run is one. */
  readonly phases?: readonly Phase[] | undefined;
  /** Steps of the whole run. */
  totalSteps(): number;
  /**
   * The steps from a position on, at least as many as the run still has. Each is asked for while the one before is
   * computed.
   * @throws FormatError for a position that is none
   */
  steps(position: Json): AsyncGenerator<TrainingStep<Batch>, void, undefined>;
}
