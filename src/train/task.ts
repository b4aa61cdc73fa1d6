// Something that can be trained: its keys of a configuration, and what a run needs once they are checked, the steps, the
// learner and an evaluation. A run knows tasks by this interface only; docs/adding-a-task.md is the recipe.

import type { z } from 'zod';
import type { RunConfig } from './config/run-config.ts';
import type { RuleProblem } from './config/run-rules.ts';
import type { Evaluation } from './evaluation.ts';
import type { Learner } from './learner.ts';
import type { StepSource } from './step-source.ts';

/** A configuration that is ready but for what is the user's own; it names its task, unless that is the default one. */
export type ReadyConfig = Readonly<Record<string, unknown>>;

/** Keys of one table of a configuration, for `--help`. */
export interface KeyHelp {
  /** Of the table: `objective.`; empty for the keys at the top. */
  prefix: string;
  /** What each key is for, in a line. */
  lines: Readonly<Record<string, string>>;
  /** By key; what is not there has no default, or its line says it. */
  defaults: Readonly<Record<string, unknown>>;
}

/** What opening a task has of its run. */
export interface TaskContext {
  /** Ends the reading with an AbortedError. */
  signal: AbortSignal | undefined;
  /** Tells of a row that is left out: `file:line: reason`. */
  onSkipped(reason: string): void;
  /** Has something freed when the run ends, or at once when opening fails, the last first. */
  own<T extends Disposable | AsyncDisposable>(owned: T): T;
}

/** A task with everything read that it needs before the first step. */
export interface OpenedTask<Batch = unknown> {
  source: StepSource<Batch>;
  learner: Learner<Batch>;
  evaluation?: Evaluation | undefined;
}

/** Something that can be trained: its keys, its steps, its learner and its evaluation. */
export interface Task<Config extends RunConfig = RunConfig, Input = unknown> {
  /** As a configuration names it: `task: sentence`. */
  readonly name: string;
  /** What is trained, in a line of `--help`. */
  readonly summary: string;
  /** The run's keys (`runKeys`) and the task's own, strict: a key that is in neither is refused. */
  readonly schema: z.ZodType<Config, Input>;
  /** Its own keys, for `--help`; those of the run are added. */
  readonly help: readonly KeyHelp[];
  /** By name; the names of all tasks differ. */
  readonly readyConfigs: Readonly<Record<string, ReadyConfig>>;
  /** Own keys at the top whose value may change between two calls of one run, since what they name is compared (a path). */
  readonly comparedByContent: readonly string[];
  /** What is given in code beside a configuration, put into it. @throws ConfigError when the two contradict */
  complete?(config: Config, given: unknown): Config;
  /** What its keys must not say together; the run's own have rules of theirs. */
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
