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
  maxLength: "tokens of a sequence, at most the model's positions",
  tokenizer: 'folder with the tokenizer, where model names a shape',
  data: 'files, folders or patterns of text: one, or a list',
  format: 'document, sentences, paragraphs or jsonl; by each name',
  textField: "jsonl: the text's field; text",
  annotationField: 'jsonl: a field with spans, for masking=phrase',
  chineseWords: 'whole words of Chinese text: jieba (an optional package) or intl',
  phrases: 'masking=phrase: entities or noun-phrases, found by an optional package',
  examples: "single sequences, as SpanBERT's, or BERT's pairs",
  shortProbability: 'how often a document is made into shorter sequences; 0.1 for pairs, else 0',
  longSentences: 'single: sentences longer than a sequence are left out (drop) or cut; drop',
  masking: `its name (${MASKING_NAMES.join(', ')}), or its options, below`,
  objectives: `weights of ${OBJECTIVES.join(', ')}, below`,
  spanTargets: 'words of a span that a new span boundary head predicts at most',
  batchTokens: 'tokens of a batch at most',
  batchSize: 'sequences of a batch at most',
  duplicates: 'how often the text is made into examples in an epoch',
  staticMasks: 'the same examples and masks in each epoch',
  shuffleTokens: 'tokens that are shuffled at once, and held in memory',
  shuffle: 'whether sequences come in random order',
  phases:
    'parts of the run, a list of tables: steps (or shares), maxLength, batchTokens, warmup, learningRate',
  evaluation: 'held-out text, or its options, below',
};

const masking: Lines<PretrainingConfig['masking']> = {
  name: 'what is masked',
  share: 'of the tokens that are predicted; 0.15, of permutations 1/6',
  maxPredictions: 'subword, whole-word: predicted tokens of a sequence at most',
  stopProbability: 'geometric: p; 0.2',
  maxSpanLength: 'geometric: words of a span at most; 10',
};

const objectives: Lines<PretrainingConfig['objectives']> = {
  maskedWords: 'weight of the loss of masked words; 1',
  nextSentence: 'of next sentence prediction, with examples=pairs; 0',
  spanBoundary: 'of the span boundary objective, with masking of spans; 0',
  causalLanguage: 'of the causal language model; 0',
  permutationLanguage: 'of the permutation language model; 0',
};

const phases: Lines<PhaseConfig> = {
  steps: 'of the phase, or a share of all when below 1',
  maxLength: "the run's",
  batchTokens: "the run's",
  warmup: "the run's, of the phase's steps",
  learningRate: "the run's",
};

const evaluation: Lines<NonNullable<PretrainingConfig['evaluation']>> = {
  data: 'files, folders or patterns of text that is held out',
  format: 'by each name',
  steps: 'steps between evaluations',
  maxTokens: "of the text's beginning that are looked at",
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
