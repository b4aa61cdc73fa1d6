// Training from a configuration: its task is found and run.

import { ArgumentError } from '../errors.ts';
import { checkOptions } from '../options/check-options.ts';
import type { RunConfig } from '../train/config/run-config.ts';
import { type RunOptions, runTask, type TrainSummary } from '../train/run-task.ts';
import type { Task } from '../train/task.ts';
import { chooseTask } from './choose-task.ts';
import type { PretrainingConfigInput } from './pretraining/config.ts';
import type { TrainConfigInput } from './sentence/config.ts';
import type { CustomObjective } from './sentence/custom-objective.ts';
import { sentenceTask } from './sentence/sentence-task.ts';

/** Options of {@link train} besides the configuration. */
export interface TrainOptions extends RunOptions {
  /**
   * An objective for the sentence task, in place of a named one. A checkpoint records only its name, `custom`, and the shape
   * of its examples: when you resume a run, make sure to pass the same objective.
   */
  objective?: CustomObjective | undefined;
}

/** Options for training a task of your own. */
export interface TaskOptions<Config extends RunConfig, Input> extends RunOptions {
  /** The task, in place of one that Likewise has. */
  task: Task<Config, Input>;
}

/**
 * Trains what a configuration describes and writes it as a model folder.
 * @throws ConfigError, ModelError, DataError, FileError; AbortedError when the signal fired; ExecutionError for a loss that
 *   is not finite
 */
export async function train<Config extends RunConfig, Input>(
  config: Input,
  options: TaskOptions<Config, Input>,
): Promise<TrainSummary>;
export async function train(
  config: PretrainingConfigInput & { task: 'pretraining' },
  options?: RunOptions,
): Promise<TrainSummary>;
export async function train(config: TrainConfigInput, options?: TrainOptions): Promise<TrainSummary>;
export async function train(
  config: unknown,
  options: TrainOptions & { task?: Task } = {},
): Promise<TrainSummary> {
  checkOptions('train', options, ['resume', 'signal', 'listener', 'source', 'objective', 'task']);
  const { task, objective, ...run } = options;
  if (task !== undefined && objective !== undefined) {
    throw new ArgumentError('[train] expected a task or an objective of the sentence task but received both');
  }
  const found = objective === undefined ? undefined : sentenceTask(objective);
  return runTask(task ?? found ?? chooseTask(config, run.source ?? 'the configuration'), config, run);
}
