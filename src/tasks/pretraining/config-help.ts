// What each key of the pretraining task is for, in a line of `--help`. Keys and defaults are the schema's own, so that a key
// without a line does not compile.

import { encoderHelp } from '../../train/config/encoder-keys.ts';
import type { RunConfig } from '../../train/config/run-config.ts';
import type { KeyHelp } from '../../train/task.ts';
import { OBJECTIVES, type PhaseConfig, type PretrainingConfig, pretrainingSchema } from './config.ts';
import { MASKING_NAMES } from './masking/masking-options.ts';
import { MODEL_NAMES } from './model-configurations.ts';

type Lines<T> = Record<keyof T & string, string>;

const own: Lines<Omit<PretrainingConfig, keyof RunConfig | 'task'>> = {
  ...encoderHelp,
  model: `model folder, or with weights=random a shape: ${MODEL_NAMES.join(', ')}`,
  maxLength: "tokens per sequence, at most the model's number of positions",
  tokenizer: 'folder with the tokenizer, if model names a shape',
  data: 'files, folders or patterns of text: one, or a list',
  format: "document, sentences, paragraphs or jsonl; decided by each file's name",
  textField: 'jsonl: field of the text; text',
  annotationField: 'jsonl: a field with spans, for masking=phrase',
  chineseWords: 'how to find whole words in Chinese text: jieba (an optional package) or intl',
  phrases: 'masking=phrase: entities or noun-phrases, found by an optional package',
  examples: 'single sequences, as for SpanBERT, or pairs, as for BERT',
  shortProbability: 'how often a document is split into shorter sequences; 0.1 for pairs, otherwise 0',
  longSentences: 'single: whether sentences longer than a sequence are left out (drop) or cut; drop',
  masking: `its name (${MASKING_NAMES.join(', ')}), or its options, below`,
  objectives: `weights of ${OBJECTIVES.join(', ')}, below`,
  spanTargets: 'most words of a span that a new span boundary head predicts',
  batchTokens: 'most tokens per batch',
  batchSize: 'most sequences per batch',
  duplicates: 'how many times the text is made into examples per epoch',
  staticMasks: 'the same examples and masks in each epoch',
  shuffleTokens: 'tokens that are shuffled together and held in memory',
  shuffle: 'whether sequences come in random order',
  phases:
    'parts of the run, a list of tables: steps (or shares), maxLength, batchTokens, warmup, learningRate',
  evaluation: 'held-out text, or its options, below',
};

const masking: Lines<PretrainingConfig['masking']> = {
  name: 'what is masked',
  share: 'share of the tokens that are predicted; 0.15, for permutation 1/6',
  maxPredictions: 'subword, whole-word: most predicted tokens per sequence',
  stopProbability: 'geometric: p; 0.2',
  maxSpanLength: 'geometric: most words per span; 10',
};

const objectives: Lines<PretrainingConfig['objectives']> = {
  maskedWords: 'weight of the loss of masked words; 1',
  nextSentence: 'weight of next sentence prediction, with examples=pairs; 0',
  spanBoundary: 'weight of the span boundary objective, if spans are masked; 0',
  causalLanguage: 'weight of the causal language model; 0',
  permutationLanguage: 'weight of the permutation language model; 0',
};

const phases: Lines<PhaseConfig> = {
  steps: 'steps of the phase, or if below 1 its share of all steps',
  maxLength: "the run's",
  batchTokens: "the run's",
  warmup: "the run's; a share is of the phase's steps",
  learningRate: "the run's",
};

const evaluation: Lines<NonNullable<PretrainingConfig['evaluation']>> = {
  data: 'files, folders or patterns of held-out text',
  format: "decided by each file's name",
  steps: 'steps between evaluations',
  maxTokens: 'tokens evaluated, from the beginning of the text',
};

/** The tables of its configuration. */
export function pretrainingHelp(): KeyHelp[] {
  const least = { model: '-', data: '-', output: '-' };
  const defaults = pretrainingSchema.parse({ ...least, evaluation: '-' });
  const {
    evaluation: ofEvaluation,
    masking: ofMasking,
    objectives: _,
    model: __,
    data: ___,
    ...top
  } = defaults;
  return [
    { prefix: '', lines: own, defaults: { ...top, masking: ofMasking.name } },
    { prefix: 'masking.', lines: masking, defaults: ofMasking },
    { prefix: 'objectives.', lines: objectives, defaults: {} },
    { prefix: 'phases.', lines: phases, defaults: {} },
    { prefix: 'evaluation.', lines: evaluation, defaults: { ...ofEvaluation, data: undefined } },
  ];
}
