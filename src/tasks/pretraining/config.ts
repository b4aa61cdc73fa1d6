// The keys of the pretraining task: the text and how it is read, what sequences are made of it, what is masked, what is
// learned, and in which phases. An unknown key is refused with the nearest one.

import { z } from 'zod';
import { CORPUS_FORMATS } from '../../data/corpus/corpus-format.ts';
import { encoderKeys } from '../../train/config/encoder-keys.ts';
import {
  flag,
  fromZero,
  oneOf,
  oneOrMore,
  positive,
  share,
  shorthand,
  table,
  text,
  warmup,
  whole,
} from '../../train/config/keys.ts';
import { runKeys, taskKey } from '../../train/config/run-config.ts';
import { MASKING_NAMES } from './masking/masking-options.ts';

/** What can be learned, in any weighted sum; each is the name of its loss in the log. */
export const OBJECTIVES = [
  'maskedWords',
  'nextSentence',
  'spanBoundary',
  'causalLanguage',
  'permutationLanguage',
] as const;

export type ObjectiveName = (typeof OBJECTIVES)[number];

const format = oneOf(CORPUS_FORMATS as readonly [string, ...string[]] as typeof CORPUS_FORMATS & [string]);
const masking = oneOf(MASKING_NAMES as readonly [string, ...string[]] as typeof MASKING_NAMES & [string]);

const maskingTable = table({
  name: masking.default('subword'),
  /** Of the tokens that are predicted; 0.15, of permutations 1/6. */
  share: positive.max(1, 'expected a share, at most 1').optional(),
  /** subword, whole-word: predicted tokens of a sequence at most. */
  maxPredictions: whole(1).optional(),
  /** geometric: p; 0.2. */
  stopProbability: positive.lt(1, 'expected a number above 0, below 1').optional(),
  /** geometric: words of a span at most; 10. */
  maxSpanLength: whole(1).optional(),
});

const phaseTable = table(
  {
    /** Or a share of all steps when below 1. */
    steps: positive.refine(
      (value) => value < 1 || Number.isInteger(value),
      'expected steps, a whole number, or a share below 1',
    ),
    maxLength: whole(5).optional(),
    batchTokens: whole(1).optional(),
    warmup: warmup.optional(),
    learningRate: positive.optional(),
  },
  'expected a table with its steps',
);

const evaluationTable = table({
  /** Held-out text, read as the run's is. */
  data: oneOrMore(text, 'expected files, folders or patterns'),
  format: format.optional(),
  /** Every so many steps, and after the last. */
  steps: whole(1).default(250),
  /** Of the text's beginning that are looked at. */
  maxTokens: whole(1).default(2 ** 18),
});

/** The schema of the task's configuration; `pretrainingProblems` is for what keys must not say together. */
export const pretrainingSchema = table({
  task: taskKey('pretraining'),
  ...encoderKeys,
  maxLength: whole(5).default(128),
  /** A folder with the tokenizer of a model that is named, bert-small, and not a folder. */
  tokenizer: text.optional(),
  /** Files, folders and patterns of text. */
  data: oneOrMore(text, 'expected files, folders or patterns'),
  format: format.optional(),
  /** Of jsonl; `text`. */
  textField: text.optional(),
  /** jsonl: a field with spans of the text, for phrase masking. */
  annotationField: text.optional(),
  /** Whole words of Chinese text: by jieba, an optional package, or by Intl.Segmenter. */
  chineseWords: oneOf(['jieba', 'intl']).optional(),
  /** English phrases that are found and marked where there are no annotations, by an optional package. */
  phrases: oneOf(['entities', 'noun-phrases']).optional(),
  /** BERT's pairs of segments, or SpanBERT's single sequences. */
  examples: oneOf(['single', 'pairs']).default('single'),
  /** How often a document is made into shorter sequences; 0.1 for pairs, 0 for single ones. */
  shortProbability: share.optional(),
  /** single: sentences longer than a sequence are left out or cut. */
  longSentences: oneOf(['drop', 'cut']).optional(),
  masking: shorthand('name', maskingTable).prefault('subword'),
  /** Weights of the losses; what is not named, or 0, is not learned. */
  objectives: table({
    maskedWords: fromZero.optional(),
    nextSentence: fromZero.optional(),
    spanBoundary: fromZero.optional(),
    causalLanguage: fromZero.optional(),
    permutationLanguage: fromZero.optional(),
  }).prefault({ maskedWords: 1 }),
  /** Words of a span that a new span boundary head predicts at most. */
  spanTargets: whole(1).default(15),
  /** Tokens of a batch at most. */
  batchTokens: whole(1).default(4096),
  /** Sequences of a batch at most. */
  batchSize: whole(1).optional(),
  /** How often the text is made into examples in an epoch, each time others. */
  duplicates: whole(1).default(1),
  /** The same examples and masks in each epoch, as BERT's were. */
  staticMasks: flag.default(false),
  /** Tokens that are shuffled at once, and held in memory. */
  shuffleTokens: whole(1).default(2 ** 23),
  shuffle: flag.default(true),
  /** Parts of the run with a length of sequences and a schedule of their own, one after the other. */
  phases: z.array(phaseTable, 'expected a list of phases').min(1, 'expected a list of phases').optional(),
  evaluation: shorthand('data', evaluationTable).optional(),
  ...runKeys,
});

/** As it is written in a file or in code. */
export type PretrainingConfigInput = z.input<typeof pretrainingSchema>;

/** With all defaults. */
export type PretrainingConfig = z.output<typeof pretrainingSchema>;

export type PhaseConfig = NonNullable<PretrainingConfig['phases']>[number];

/** What is learned, with its weight. */
export function learnedObjectives({ objectives }: Pick<PretrainingConfig, 'objectives'>): {
  name: ObjectiveName;
  weight: number;
}[] {
  return OBJECTIVES.map((name) => ({ name, weight: objectives[name] ?? 0 })).filter(
    ({ weight }) => weight > 0,
  );
}

/** Whether nothing but the causal objective is learned, so that the model that comes of it is a causal one. */
export function isCausal(config: Pick<PretrainingConfig, 'objectives'>): boolean {
  const learned = learnedObjectives(config);
  return learned.length === 1 && learned[0]?.name === 'causalLanguage';
}
