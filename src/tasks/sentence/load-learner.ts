// A model folder to train in a loop of one's own: what `train()` has inside, without its data, files and schedule.

import { checkOptions } from '../../options/check-options.ts';
import { checkConfig } from '../../train/config/check-config.ts';
import type { TrainConfigInput } from './config.ts';
import { createLearner } from './create-learner.ts';
import type { CustomObjective } from './custom-objective.ts';
import { sentenceTask } from './sentence-task.ts';
import type { TextLearner } from './text-learner.ts';

const learnerKeys = [
  'model',
  'weights',
  'objective',
  'seed',
  'precision',
  'maxLength',
  'temperature',
  'dropout',
  'attentionDropout',
  'pooling',
  'outputPooling',
  'gradCache',
  'recompute',
  'threads',
  'backend',
] as const;

/** The keys of a run's configuration that are of the model, its objective and where it is computed. */
export type LearnerConfig = Pick<TrainConfigInput, (typeof learnerKeys)[number]>;

/**
 * Loads a model folder for training: its tokenizer, its parameters, an objective over them, and `save`, which writes a
 * sentence-transformers folder. Dispose of it after use.
 * @param objective one of your own in place of `config.objective`
 * @throws ConfigError, ModelError, FormatError, TokenizerError, FileError, ArgumentError, also for keys of a run that a
 *   learner does not look at; BackendError
 */
export async function loadLearner(config: LearnerConfig, objective?: CustomObjective): Promise<TextLearner> {
  checkOptions('loadLearner', config, learnerKeys);
  const run = { ...config, data: '-', output: '-' }; // which a learner does not look at
  return createLearner(checkConfig(sentenceTask(objective), run, 'the configuration'), objective?.loss);
}
