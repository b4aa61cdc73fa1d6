// What each key of the sentence task is for, in a line of `--help`. Keys and defaults are the schema's own, so that a key
// without a line does not compile.

import { encoderHelp } from '../../train/config/encoder-keys.ts';
import type { RunConfig } from '../../train/config/run-config.ts';
import type { KeyHelp } from '../../train/task.ts';
import { OBJECTIVES, sentenceSchema, type TrainConfig } from './config.ts';

type Lines<T> = Record<keyof T & string, string>;

const own: Lines<Omit<TrainConfig, keyof RunConfig | 'task'>> = {
  ...encoderHelp,
  data: 'a file, or one or several data sets: data.0, data.1, ...',
  objective: `its name (${OBJECTIVES.join(', ')}), or its options, below`,
  maxSamples: 'rows to use of each data set, from the first on',
  batchSize: 'examples of a batch',
  temperature: 'cosines are divided by it (simcse-*, su-ntxent, multiple-negatives)',
  pooling: "the model's own, or defaultPooling if it has none",
  defaultPooling: 'pooling of a model that names none',
  outputPooling: 'pooling of the output, if sentence-transformers has no name for pooling',
  gradCache: 'texts of a batch to encode at a time, to save memory; 0: all at once',
  shuffle: 'whether rows come in random order',
  noDuplicates: 'keep equal texts out of the same batch',
  mixing: 'how several data sets take turns: proportional or round_robin',
  lastBatch: 'what to do with a last batch that is not full: keep or drop',
  evaluation: 'a file of pairs with scores, or its options, below',
};

const objective: Lines<Omit<TrainConfig['objective'], 'texts' | 'scored'>> = {
  name: 'what is learned',
  head: 'a dense layer with tanh over the vector: training, always or none; none',
  hardNegativeWeight: "simcse-supervised: added to the logit of a row's own hard negative; 0",
  hideEqualTexts: 'simcse-*: equal texts of a batch do not count as negatives; false',
  maskedLanguageWeight: 'simcse-*, su-ntxent: weight of an added masked language loss; 0',
  directions: 'multiple-negatives: any of query_to_doc, query_to_query, doc_to_query, doc_to_doc; the first',
  partition: 'multiple-negatives: joint or per_direction; joint',
  learnableTemperature:
    'simcse-*, su-ntxent, multiple-negatives: learn the temperature, starting from temperature; false',
  margin: 'triplet: how much further away the negative must be; 5',
  distance: 'triplet: euclidean or cosine; euclidean',
};

const dataSet: Lines<TrainConfig['data'][number]> = {
  path: 'the file',
  format: "txt, jsonl, csv or tsv; decided by the file's name",
  columns: 'columns of the texts, then of the score: numbers from 1, or names; the first ones',
  header: 'whether the first row names columns',
  onCorrupt: 'a row that cannot be used ends the run (stop) or is left out (skip)',
  objective: "the run's",
  batchSize: "the run's",
  noDuplicates: "the run's",
};

const evaluation: Lines<NonNullable<TrainConfig['evaluation']>> = {
  data: 'csv or tsv of pairs with scores',
  format: "decided by the file's name",
  columns: 'first text, second text, score',
  header: 'whether the first row names columns',
  steps: 'steps between evaluations',
  metric: 'spearman or pearson',
  similarity: "cosine, dot, euclidean or manhattan; the model's own",
};

/** The tables of its configuration. */
export function sentenceHelp(): KeyHelp[] {
  const least = { model: '-', data: '-', output: '-' };
  const defaults = sentenceSchema.parse({ ...least, evaluation: '-' });
  const { evaluation: ofEvaluation, objective: ofObjective, data, model: _, ...ofRun } = defaults;
  return [
    { prefix: '', lines: own, defaults: { ...ofRun, objective: ofObjective.name } },
    { prefix: 'objective.', lines: objective, defaults: ofObjective },
    { prefix: 'data.', lines: dataSet, defaults: { ...data[0], path: undefined } },
    { prefix: 'evaluation.', lines: evaluation, defaults: { ...ofEvaluation, data: undefined } },
  ];
}
