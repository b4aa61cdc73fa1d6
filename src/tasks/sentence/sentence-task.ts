// The sentence task: an encoder whose vectors are near for what means the same, learned from texts, pairs, triplets or pairs
// with scores. It is the task of a configuration that names none.

import type { Task } from '../../train/task.ts';
import { checkFormats } from './check-formats.ts';
import { sentenceSchema, type TrainConfig, type TrainConfigInput } from './config.ts';
import { sentenceHelp } from './config-help.ts';
import { sentenceProblems } from './config-rules.ts';
import { createLearner } from './create-learner.ts';
import { type CustomObjective, customConfig } from './custom-objective.ts';
import { READY_CONFIGS } from './ready-configs.ts';
import { StsEvaluation } from './sts-evaluation.ts';
import { TrainingData } from './training-data.ts';

/**
 * @param custom in place of a named objective. What a checkpoint knows of it is its name, `custom`, and the shape of its
 *   examples: that it is the same one when a run is resumed is up to the caller
 */
export function sentenceTask(custom?: CustomObjective): Task<TrainConfig, TrainConfigInput> {
  return {
    name: 'sentence',
    summary: 'sentence encoders, on texts, pairs or triplets',
    schema: sentenceSchema,
    help: sentenceHelp(),
    readyConfigs: READY_CONFIGS,
    comparedByContent: ['model', 'data', 'evaluation'],
    complete: (config, given) =>
      custom === undefined ? config : { ...config, objective: customConfig(custom, given) },
    problems: sentenceProblems,
    inputs: ({ model, data, evaluation }) => {
      const sets = data.map(({ path }, index) => [data.length > 1 ? `data.${index}` : 'data', path] as const);
      return { model, evaluation: evaluation?.data, ...Object.fromEntries(sets) };
    },
    check: checkFormats,
    async open(config, { own, onSkipped, signal }) {
      const pairs = config.evaluation && (await StsEvaluation.open(config.evaluation));
      const data = own(await TrainingData.open(config, onSkipped, signal));
      const learner = own(await createLearner(config, custom?.loss));
      return {
        source: data.source((texts) => learner.tokenize(texts)),
        learner,
        evaluation: pairs?.of(() => learner.encoder()),
      };
    },
  };
}
