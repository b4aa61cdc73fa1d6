// The configuration of a training run: one schema for files and for code. Every key has a default but model, data and
// output; an unknown key is refused with the nearest one.

import { z } from 'zod';
import { SIMILARITY_FUNCTIONS } from '../embed/similarity-function.ts';
import { TRAINING_PRECISIONS } from '../nn/precision.ts';
import { DIRECTIONS } from '../objectives/contrastive-pairs.ts';
import { SCHEDULES } from '../optim/schedule.ts';

const text = z.string('expected a text').min(1, 'expected a text that is not empty');
const whole = (least: number) =>
  z.int(`expected a whole number from ${least}`).min(least, `expected a whole number from ${least}`);
const number = z.number('expected a number').finite();
const positive = number.gt(0, 'expected a number above 0');
const fromZero = number.min(0, 'expected a number from 0');
const share = fromZero.lt(1, 'expected a number from 0, below 1');
const flag = z.boolean('expected true or false');
const table = <S extends z.core.$ZodLooseShape>(shape: S, expected = 'expected a table of keys') =>
  z.strictObject(shape, expected);
const column = z.union(
  [text, whole(1).transform(String)],
  'expected the name of a column, or its number from 1',
);
const columns = z.array(column, 'expected a list of columns').min(1, 'expected a list of columns');
const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, `expected one of ${names.join(', ')}`);

const trainingPrecision = z.enum(TRAINING_PRECISIONS, {
  error: ({ input }) => {
    const choices = `expected one of ${TRAINING_PRECISIONS.join(', ')}`;
    if (input !== 'int8') return choices;
    return `${choices}, for rounding to int8 has no gradient (train first, then 'likewise quantize'),`;
  },
});

/** A key whose value may be a text alone: the most important of the values it stands for. */
function shorthand<S extends z.ZodType, K extends keyof z.input<S> & string>(key: K, schema: S) {
  return z.preprocess(
    (value: z.input<S>[K] | z.input<S>) =>
      typeof value === 'string' ? ({ [key]: value } as z.input<S>) : (value as z.input<S>),
    schema,
  );
}

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

type DataSetInput = z.input<typeof dataSet>;

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

const runTable = table({
  /** A model folder. */
  model: text,
  /** Its weights to begin with, or random ones by `seed`: the folder then needs config.json and tokenizer files only. */
  weights: oneOf(['model', 'random']).default('model'),
  /** One data set, or several that are mixed. */
  data: z.preprocess(
    (value: DataSetInput | DataSetInput[]) => (Array.isArray(value) || value === undefined ? value : [value]),
    z
      .array(dataSet, 'expected a file, a table with its path, or several of them')
      .min(1, 'expected a file, a table with its path, or several of them'),
  ),
  output: text,
  objective: objective.prefault('simcse-unsupervised'),
  seed: whole(0)
    .max(2 ** 32 - 1, 'expected a whole number below 2 ** 32')
    .default(1),
  /** Passes over the data: 1, or with `maxSteps` alone as many as those steps take. */
  epochs: whole(1).optional(),
  /** The schedule is laid out for the steps of the run, these or fewer. */
  maxSteps: whole(1).optional(),
  /** Of each data set, from the first on. */
  maxSamples: whole(1).optional(),
  /** Examples in a batch; `accumulation` batches are one step. */
  batchSize: whole(1).default(64),
  accumulation: whole(1).default(1),
  learningRate: positive.default(3e-5),
  schedule: oneOf(SCHEDULES).default('linear'),
  /** Steps, or a share of all steps when it is below 1. */
  warmup: fromZero
    .refine(
      (value) => value < 1 || Number.isInteger(value),
      'expected steps, a whole number, or a share below 1',
    )
    .default(0),
  weightDecay: fromZero.default(0),
  noDecay: z.array(text, 'expected a list of regular expressions').optional(),
  learningRateFactors: z
    .record(z.string(), fromZero, 'expected a table of regular expressions with a factor each')
    .optional(),
  optimizer: table({
    convention: oneOf(['pytorch', 'bert']).default('pytorch'),
    beta1: share.default(0.9),
    beta2: share.default(0.999),
    /** 1e-8 in PyTorch's convention, 1e-6 in BERT's. */
    epsilon: positive.optional(),
  }).prefault({}),
  /** 0: gradients are not clipped. */
  maxGradientNorm: fromZero.default(1),
  /** Of the encoder's products, forward and backward; parameters, optimizer and what is saved are float32. */
  precision: trainingPrecision.default('float32'),
  /** Texts are cut at so many tokens, or at the model's positions where those are fewer. */
  maxLength: whole(3).default(32),
  /** Cosines are divided by it: SimCSE, su-ntxent and multiple-negatives. */
  temperature: positive.default(0.05),
  dropout: share.default(0.1),
  /** Of attention's probabilities; by default as `dropout`. */
  attentionDropout: share.optional(),
  /** By default the model's own. */
  pooling: text.optional(),
  /** The trained model's, where another is trained with, which sentence-transformers has no name for. */
  outputPooling: text.optional(),
  /** Texts that are encoded at a time within a batch of any size (GradCache); 0: the whole batch. */
  gradCache: whole(0).default(0),
  /** Layers' activations are computed again in the backward pass and not kept. */
  recompute: flag.default(false),
  shuffle: flag.default(true),
  noDuplicates: flag.default(true),
  mixing: oneOf(['proportional', 'round_robin']).default('proportional'),
  lastBatch: oneOf(['keep', 'drop']).default('keep'),
  evaluation: shorthand('data', evaluationTable).optional(),
  /** The output is the model of the best evaluation, not of the last step. */
  keepBest: flag.default(true),
  /** Ends the run after so many evaluations in a row without a rise of `minimumRise`. */
  earlyStopping: table(
    { patience: whole(1), minimumRise: fromZero.default(0) },
    'expected a table with its patience',
  ).optional(),
  checkpointSteps: whole(1).default(500),
  /** How many checkpoints are kept. */
  keepCheckpoints: whole(1).default(2),
  /** A step whose loss or gradient is not finite changes nothing (`skip`) or ends the run (`stop`). */
  nanPolicy: oneOf(['skip', 'stop']).default('stop'),
  /** Every so many steps a line of metrics. */
  logSteps: whole(1).default(1),
  /** Whether an output that holds another run or a model is replaced. */
  overwrite: flag.default(false),
  threads: whole(1).optional(),
  backend: text.optional(),
});

/** The schema of a run's configuration; `checkRules` is for what keys must not say together. */
export const configSchema = runTable;

/** As it is written in a file or in code. */
export type TrainConfigInput = z.input<typeof runTable>;

type Checked = z.output<typeof runTable>;

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

/** What a data set is learned by: its own objective, or the run's. */
export function objectiveOf(set: DataSetConfig, config: TrainConfig): ObjectiveConfig {
  return set.objective ?? config.objective;
}
