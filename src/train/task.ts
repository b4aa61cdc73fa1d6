// Something that can be trained: its keys in a configuration, and what a run needs once they are checked (the steps, the
// learner and an evaluation). A run knows tasks only by this interface; docs/adding-a-task.md says how to add one.

import type { z } from 'zod';
import type { RunConfig } from './config/run-config.ts';
import type { RuleProblem } from './config/run-rules.ts';
import type { Evaluation } from './evaluation.ts';
import type { Examples } from './examples.ts';
import type { Learner } from './learner.ts';
import type { StepSource } from './step-source.ts';

/** A configuration that lacks only the user's own model, data and output. It names its task, unless that is the default. */
export type ReadyConfig = Readonly<Record<string, unknown>>;

/** Keys of one table of a configuration, for `--help`. */
export interface KeyHelp {
  /** The prefix of the table, such as `objective.`; empty for the keys at the top. */
  prefix: string;
  /** What each key is for, in a line. */
  lines: Readonly<Record<string, string>>;
  /** Defaults by key. A key that is missing here has no default, or its line names it. */
  defaults: Readonly<Record<string, unknown>>;
}

/** What a run offers to a task that is being opened. */
export interface TaskContext {
  /** Ends the reading with an AbortedError. */
  signal: AbortSignal | undefined;
  /** Reports a row that is left out: `file:line: reason`. */
  onSkipped(reason: string): void;
  /** Frees an object when the run ends, or at once if opening fails; the last one first. */
  own<T extends Disposable | AsyncDisposable>(owned: T): T;
}

/** A task that has read everything it needs before the first step. */
export interface OpenedTask<Batch = unknown> {
  source: StepSource<Batch>;
  learner: Learner<Batch>;
  evaluation?: Evaluation | undefined;
  /** What the model says to a few texts, for the report. Must not change the model; the same weights give the same. */
  examples?: Examples | undefined;
}

/** Something that can be trained: its keys, its steps, its learner and its evaluation. */
export interface Task<Config extends RunConfig = RunConfig, Input = unknown> {
  /** Its name in a configuration: `task: sentence`. */
  readonly name: string;
  /** What is trained, in a line of `--help`. */
  readonly summary: string;
  /** The run's keys (`runKeys`) and the task's own, strict: a key that is in neither is refused. */
  readonly schema: z.ZodType<Config, Input>;
  /** The task's own keys, for `--help`; those of the run are added. */
  readonly help: readonly KeyHelp[];
  /** Ready configurations by name; no two tasks may share a name. */
  readonly readyConfigs: Readonly<Record<string, ReadyConfig>>;
  /** The task's own top-level keys whose value may change when a run is resumed, because their content is compared (paths). */
  readonly comparedByContent: readonly string[];
  /** Puts what was given in code into the configuration. @throws ConfigError when the two contradict */
  complete?(config: Config, given: unknown): Config;
  /** Combinations of keys that are not allowed; the run's own keys have their own rules. */
  problems(config: Config): readonly RuleProblem[];
  /** Files and folders that are read, by key: the output must not be one of them. */
  inputs(config: Config): Readonly<Record<string, string | undefined>>;
  /** Quick checks before the output is looked at. */
  check?(config: Config): Promise<void>;
  /**
   * Reads and checks all that a run needs, so that mistakes show before the first step; writes nothing.
   * @throws FileError, DataError, ModelError, …; AbortedError
   */
  open(config: Config, context: TaskContext): Promise<OpenedTask>;
}
