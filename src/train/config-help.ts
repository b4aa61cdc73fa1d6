// Every key of a configuration in a line each, with its default: what `likewise train --help` prints. Keys and defaults are
// the schema's own, so that a key without a line does not compile.

import type { z } from 'zod';
import { configSchema, OBJECTIVES } from './config.ts';

type Lines<T> = Record<keyof T & string, string>;
type Run = z.output<typeof configSchema>;

const run: Lines<Run> = {
  model: 'model folder to train',
  weights: 'the folder has them (model), or random ones by seed: config.json and a tokenizer suffice',
  data: 'a file, or one or several data sets: data.0, data.1, ...',
  output: 'folder that is written',
  objective: `its name (${OBJECTIVES.join(', ')}), or its options, below`,
  seed: 'order of the data, dropout, first weights that the folder lacks',
  epochs: 'passes over the data; 1, or with maxSteps alone as many as those take',
  maxSteps: 'steps at most',
  maxSamples: 'rows of each data set, from the first on',
  batchSize: 'examples of a batch',
  accumulation: 'batches of a step',
  learningRate: 'of the first step after the warm-up',
  schedule: 'linear, cosine, constant or bert',
  warmup: 'steps, or a share of all when below 1',
  weightDecay: 'AdamW decays parameters by it',
  noDecay: 'regular expressions over parameters that do not decay; biases and layer norms',
  learningRateFactors: 'regular expressions over parameters, each with a factor',
  optimizer: 'convention (pytorch, bert), beta1, beta2, epsilon',
  maxGradientNorm: 'gradients are clipped to it; 0: never',
  precision: 'of the products: float32, bfloat16 where the processor has it, or emulated-bfloat16',
  maxLength: "tokens of a text, at most the model's positions",
  temperature: 'cosines are divided by it (simcse-*, su-ntxent, multiple-negatives)',
  dropout: 'share of activations that are dropped',
  attentionDropout: "of attention's probabilities; as dropout",
  pooling: "the model's own",
  outputPooling: "the trained model's, where sentence-transformers has no name for pooling",
  gradCache: 'texts encoded at a time within a batch of any size; 0: all at once',
  recompute: 'layers run again in the backward pass, to save memory',
  shuffle: 'whether rows come in random order',
  noDuplicates: 'equal texts never in one batch',
  mixing: 'several data sets: proportional or round_robin',
  lastBatch: 'a last batch that is not full: keep or drop',
  evaluation: 'a file of pairs with scores, or its options, below',
  keepBest: "the output is the best evaluation's model",
  earlyStopping: 'ends the run after patience evaluations without a rise of minimumRise',
  checkpointSteps: 'steps between checkpoints',
  keepCheckpoints: 'how many are kept',
  nanPolicy: 'a step that is not finite ends the run (stop) or changes nothing (skip)',
  logSteps: 'steps between lines of metrics.jsonl',
  overwrite: 'replace a run or a model that is in output',
  threads: "the engine's; the machine's",
  backend: "the engine's; the best there is",
};

const objective: Lines<Run['objective']> = {
  name: 'what is learned',
  head: 'a dense layer with tanh over the vector: training, always or none; none',
  hardNegativeWeight: "simcse-supervised: added to the logit of a row's own hard negative; 0",
  hideEqualTexts: 'simcse-*: equal texts of a batch are no negatives; false',
  maskedLanguageWeight: 'simcse-*, su-ntxent: of the masked language loss that is added; 0',
  directions: 'multiple-negatives: of query_to_doc, query_to_query, doc_to_query, doc_to_doc; the first',
  partition: 'multiple-negatives: joint or per_direction; joint',
  learnableTemperature:
    'simcse-*, su-ntxent, multiple-negatives: temperature is where learning it begins; false',
  margin: 'triplet: how much further the negative must be; 5',
  distance: 'triplet: euclidean or cosine; euclidean',
};

const dataSet: Lines<Run['data'][number]> = {
  path: 'the file',
  format: 'txt, jsonl, csv or tsv; by its name',
  columns: 'of the texts, then the score: numbers from 1, or names; the first ones',
  header: 'whether the first row names columns',
  onCorrupt: 'a row that cannot be used ends the run (stop) or is left out (skip)',
  objective: "the run's",
  batchSize: "the run's",
  noDuplicates: "the run's",
};

const evaluation: Lines<NonNullable<Run['evaluation']>> = {
  data: 'csv or tsv of pairs with scores',
  format: 'by its name',
  columns: 'first text, second text, score',
  header: 'whether the first row names columns',
  steps: 'steps between evaluations',
  metric: 'spearman or pearson',
  similarity: "cosine, dot, euclidean or manhattan; the model's own",
};

/** All keys, a line each. */
export function describeKeys(): string {
  const least = { model: '-', data: '-', output: '-' };
  const defaults = configSchema.parse({ ...least, evaluation: '-' });
  const { evaluation: ofEvaluation, objective: ofObjective, data, ...ofRun } = defaults;
  const required = { ...ofRun, model: undefined, output: undefined };
  return [
    ...table('', run, { ...required, objective: ofObjective.name }),
    ...table('objective.', objective, ofObjective),
    ...table('data.', dataSet, { ...data[0], path: undefined }),
    ...table('evaluation.', evaluation, { ...ofEvaluation, data: undefined }),
  ].join('\n');
}

function table(prefix: string, lines: Record<string, string>, defaults: object): string[] {
  return Object.entries(lines).map(([key, line]) => {
    const value = (defaults as Record<string, unknown>)[key];
    const shown =
      value === undefined ? '' : ` [${typeof value === 'string' ? value : JSON.stringify(value)}]`;
    return `  ${`${prefix}${key}`.padEnd(32)}${line}${shown}`;
  });
}
