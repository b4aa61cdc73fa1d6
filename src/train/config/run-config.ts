// The keys that every run has, whatever it trains: how long, by which optimizer and schedule, what is saved, where. A task's
// table is these and its own.

import { z } from 'zod';
import { TRAINING_PRECISIONS } from '../../nn/layers/precision.ts';
import { OPTIMIZERS } from '../../optim/create-optimizer.ts';
import { SCHEDULES } from '../../optim/schedule.ts';
import { flag, fromZero, oneOf, positive, share, table, text, warmup, whole } from './keys.ts';

const trainingPrecision = z.enum(TRAINING_PRECISIONS, {
  error: ({ input }) => {
    const choices = `expected one of ${TRAINING_PRECISIONS.join(', ')}`;
    if (input !== 'int8') return choices;
    return `${choices}, because rounding to int8 has no gradient (train first, then 'likewise quantize'),`;
  },
});

/** The keys that every run has. */
export const runKeys = {
  /** The folder that is written. */
  output: text,
  /** Whether an output that holds another run or a model is replaced. */
  overwrite: flag.default(false),
  seed: whole(0)
    .max(2 ** 32 - 1, 'expected a whole number below 2 ** 32')
    .default(1),
  /** Passes over the data: 1, or with `maxSteps` alone as many as those steps take. */
  epochs: whole(1).optional(),
  /** The schedule is laid out for the steps of the run, these or fewer. */
  maxSteps: whole(1).optional(),
  /** Batches of a step. */
  accumulation: whole(1).default(1),
  learningRate: positive.default(3e-5),
  schedule: oneOf(SCHEDULES).default('linear'),
  warmup: warmup.default(0),
  /** Of `polynomial`: 1 unless it is set. */
  power: positive.optional(),
  /** What `polynomial` ends with: 0 unless it is set. */
  endLearningRate: fromZero.optional(),
  weightDecay: fromZero.default(0),
  noDecay: z.array(text, 'expected a list of regular expressions').optional(),
  learningRateFactors: z
    .record(z.string(), fromZero, 'expected a table of regular expressions with a factor each')
    .optional(),
  optimizer: table({
    name: oneOf(OPTIMIZERS).default('adamw'),
    convention: oneOf(['pytorch', 'bert']).default('pytorch'),
    beta1: share.default(0.9),
    beta2: share.default(0.999),
    /** 1e-8 in PyTorch's convention, 1e-6 in BERT's. */
    epsilon: positive.optional(),
  }).prefault({}),
  /** 0: gradients are not clipped. */
  maxGradientNorm: fromZero.default(1),
  /** Of products, forward and backward; parameters, optimizer and what is saved are float32. */
  precision: trainingPrecision.default('float32'),
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
  threads: whole(1).optional(),
  backend: text.optional(),
};

/** The key by which a configuration names its task. */
export const taskKey = <const Name extends string>(name: Name) =>
  z.literal(name, `expected ${name}, the task that is trained`).optional();

const runTable = z.object(runKeys);

/** What a run looks at; a task's configuration has more. */
export type RunConfig = z.output<typeof runTable>;

/** The run's keys that have a default, by name. */
export const runDefaults: Readonly<Record<string, unknown>> = (() => {
  const { output: _, ...defaults } = runTable.parse({ output: '-' });
  return defaults;
})();

/** What each of them is for, in a line of `--help`. */
export const runHelp: Readonly<Record<keyof RunConfig, string>> = {
  output: 'folder that is written',
  overwrite: 'replace an existing run or model in output',
  seed: 'determines the order of the data, dropout, and the first weights that the folder lacks',
  epochs: 'passes over the data; 1, or with maxSteps alone as many as those steps take',
  maxSteps: 'most steps of the run',
  accumulation: 'batches per step',
  learningRate: 'learning rate of the first step after the warm-up',
  schedule: 'linear, cosine, constant, bert or polynomial',
  warmup: 'steps of warm-up, or if below 1 their share of all steps',
  power: 'exponent of the polynomial schedule; 1',
  endLearningRate: 'rate at which the polynomial schedule ends; 0',
  weightDecay: 'weight decay of the optimizer',
  noDecay: 'regular expressions over names of parameters without decay; biases and layer norms',
  learningRateFactors: 'regular expressions over names of parameters, each with a factor',
  optimizer: 'name (adamw, lamb), convention (pytorch, bert), beta1, beta2, epsilon',
  maxGradientNorm: 'gradients are clipped to this norm; 0: never',
  precision: 'precision of the products: float32, bfloat16 if the CPU has it, or emulated-bfloat16',
  keepBest: 'the output is the model of the best evaluation',
  earlyStopping: 'ends the run after patience evaluations without a rise of minimumRise',
  checkpointSteps: 'steps between checkpoints',
  keepCheckpoints: 'how many checkpoints are kept',
  nanPolicy: 'whether a step that is not finite ends the run (stop) or changes nothing (skip)',
  logSteps: 'steps between lines of metrics.jsonl',
  threads: 'worker threads; one per core that this process may use',
  backend: 'instruction set; the best that this CPU can run',
};
