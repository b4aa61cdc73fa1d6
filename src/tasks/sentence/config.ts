// The keys of the sentence task: what a row of the data is learned by, how sentences become vectors, how batches are made.
// Every key has a default but model, data and output; an unknown key is refused with the nearest one.

import { z } from 'zod';
import { SIMILARITY_FUNCTIONS } from '../../io/model-folder/similarity-function.ts';
import { DIRECTIONS } from '../../objectives/contrastive-pairs.ts';
import { encoderKeys } from '../../train/config/encoder-keys.ts';
import {
  columns,
  flag,
  fromZero,
  number,
  oneOf,
  oneOrMore,
  positive,
  shorthand,
  table,
  text,
  whole,
} from '../../train/config/keys.ts';
import { runKeys, taskKey } from '../../train/config/run-config.ts';

/** What can be learned, by name. */
export const OBJECTIVES = [
  'simcse-unsupervised',
  'simcse-supervised',
  'multiple-negatives',
  'su-ntxent',
  'triplet',
  'cosine-regression',
] as const;

/** What becomes of a dense layer over the pooled vector. */
export const HEADS = ['training', 'always', 'none'] as const;

const objectiveTable = table({
  name: oneOf(OBJECTIVES).default('simcse-unsupervised'),
  /** A dense layer with tanh over the pooled vector, in training only (`training`), always, or never. */
  head: oneOf(HEADS).optional(),
  /** Added to the logit of a row's own hard negative. */
  hardNegativeWeight: number.optional(),
  /** SimCSE: equal texts of a batch are no negatives of one another. */
  hideEqualTexts: flag.optional(),
  /** SimCSE and su-ntxent: of the masked language loss that is added; without it, or 0, there is none. */
  maskedLanguageWeight: fromZero.optional(),
  /** SimCSE, su-ntxent and multiple-negatives: `temperature` is only where learning it begins. */
  learnableTemperature: flag.optional(),
  /** multiple-negatives: what is compared, and whether in one sum of exponentials. */
  directions: z
    .array(oneOf(DIRECTIONS), 'expected a list of directions')
    .min(1, 'expected a list of directions')
    .optional(),
  partition: oneOf(['joint', 'per_direction']).optional(),
  /** triplet: how much further the negative must be. */
  margin: positive.optional(),
  distance: oneOf(['euclidean', 'cosine']).optional(),
});

const objective = shorthand('name', objectiveTable);

const dataSetTable = table(
  {
    path: text,
    format: oneOf(['txt', 'jsonl', 'csv', 'tsv']).optional(),
    columns: columns.optional(),
    header: flag.optional(),
    onCorrupt: oneOf(['stop', 'skip']).default('stop'),
    /** Instead of the run's. */
    objective: shorthand('name', objectiveTable.extend({ name: oneOf(OBJECTIVES) })).optional(),
    batchSize: whole(1).optional(),
    noDuplicates: flag.optional(),
  },
  'expected a file, or a table with its path',
);

const dataSet = shorthand('path', dataSetTable);

const evaluationTable = table({
  /** csv or tsv of pairs with scores. */
  data: text,
  format: oneOf(['csv', 'tsv']).optional(),
  columns: columns.default(['1', '2', '3']),
  header: flag.optional(),
  /** Every so many steps, and after the last. */
  steps: whole(1).default(250),
  metric: oneOf(['spearman', 'pearson']).default('spearman'),
  /** How vectors are compared, instead of the model's own. */
  similarity: oneOf(SIMILARITY_FUNCTIONS).optional(),
});

/** The schema of the task's configuration; `sentenceProblems` is for what keys must not say together. */
export const sentenceSchema = table({
  task: taskKey('sentence'),
  ...encoderKeys,
  /** One data set, or several that are mixed. */
  data: oneOrMore(dataSet, 'expected a file, a table with its path, or several of them'),
  objective: objective.prefault('simcse-unsupervised'),
  /** Of each data set, from the first on. */
  maxSamples: whole(1).optional(),
  /** Examples in a batch; `accumulation` batches are one step. */
  batchSize: whole(1).default(64),
  /** Cosines are divided by it: SimCSE, su-ntxent and multiple-negatives. */
  temperature: positive.default(0.05),
  /** By default the model's own. */
  pooling: text.optional(),
  /** Of a model that names none. */
  defaultPooling: text.default('mean'),
  /** The trained model's, where another is trained with, which sentence-transformers has no name for. */
  outputPooling: text.optional(),
  /** Texts that are encoded at a time within a batch of any size (GradCache); 0: the whole batch. */
  gradCache: whole(0).default(0),
  shuffle: flag.default(true),
  noDuplicates: flag.default(true),
  mixing: oneOf(['proportional', 'round_robin']).default('proportional'),
  lastBatch: oneOf(['keep', 'drop']).default('keep'),
  evaluation: shorthand('data', evaluationTable).optional(),
  ...runKeys,
});

/** As it is written in a file or in code. */
export type TrainConfigInput = z.input<typeof sentenceSchema>;

type Checked = z.output<typeof sentenceSchema>;

/** Options of one objective; of one that came in code, `custom`, what its examples look like. */
export type ObjectiveConfig = Omit<Checked['objective'], 'name'> & {
  name: Checked['objective']['name'] | 'custom';
  texts?: number;
  scored?: boolean;
};

/** With all defaults. */
export type TrainConfig = Omit<Checked, 'objective'> & { objective: ObjectiveConfig };

/** One data set of a run. */
export type DataSetConfig = TrainConfig['data'][number];

/** Of each data set. */
export const objectivesOf = (config: TrainConfig) => config.data.map((set) => objectiveOf(set, config));

/** What a data set is learned by: its own objective, or the run's. */
export function objectiveOf(set: DataSetConfig, config: TrainConfig): ObjectiveConfig {
  return set.objective ?? config.objective;
}
