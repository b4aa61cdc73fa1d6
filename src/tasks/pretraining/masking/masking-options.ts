// The masking schemes by name.

import type { CounterRandom } from '../../../data/batches/counter-random.ts';
import { IN_SPAN, type TokenBlock } from '../../../data/corpus/token-block.ts';
import { ArgumentError, DataError, TokenizerError } from '../../../errors.ts';
import type { SentenceTokenizer } from '../../../tokenizer/sentence-tokenizer.ts';
import type { MaskingScheme } from './masking.ts';
import { permutationTargets } from './permutation-targets.ts';
import { pieceMasking } from './piece-masking.ts';
import { geometricMasking, phraseMasking } from './span-masking.ts';

/**
 * - `subword`, `whole-word`: BERT's.
 * - `geometric`: SpanBERT's spans.
 * - `phrase`: named entities or noun phrases, as they are annotated or found.
 * - `permutation`: nothing is hidden; XLNet's targets are chosen.
 * - `none`: nothing at all, for causal language models.
 */
export type MaskingName = 'subword' | 'whole-word' | 'geometric' | 'phrase' | 'permutation' | 'none';

export const MASKING_NAMES: readonly MaskingName[] = [
  'subword',
  'whole-word',
  'geometric',
  'phrase',
  'permutation',
  'none',
];

export interface MaskingOptions {
  masking: MaskingName;
  /** Of the tokens: 0.15 by default, of permutations 1/6. */
  share?: number | undefined;
  /** subword, whole-word: most masked tokens of a sequence. */
  maxPredictions?: number | undefined;
  /** geometric: p, 0.2 by default. */
  stopProbability?: number | undefined;
  /** geometric: 10 words by default. */
  maxSpanLength?: number | undefined;
}

/** Draws tokens of a corpus as often as they occur there; given anew with each block. */
export type TokenDraw = (random: CounterRandom) => number;

/**
 * A scheme for a tokenizer's vocabulary.
 *
 * @throws {TokenizerError} The vocabulary has no [MASK] and the scheme needs it.
 * @throws {ArgumentError} A number is not one that can be used.
 */
export function createMasking(
  options: MaskingOptions,
  tokenizer: SentenceTokenizer,
  drawToken: TokenDraw,
): MaskingScheme {
  const { masking, maxPredictions, stopProbability = 0.2, maxSpanLength = 10 } = options;
  const share = options.share ?? (masking === 'permutation' ? 1 / 6 : 0.15);
  if (!(share > 0 && share <= 1)) refuse('share', 'above 0 and at most 1', share);
  if (!(stopProbability > 0 && stopProbability < 1))
    refuse('stopProbability', 'above 0 and below 1', stopProbability);
  if (!isCount(maxSpanLength)) refuse('maxSpanLength', 'a whole number above 0', maxSpanLength);
  if (maxPredictions !== undefined && !isCount(maxPredictions)) {
    refuse('maxPredictions', 'a whole number above 0', maxPredictions);
  }
  if (masking === 'none') return () => {};
  const maskToken = maskTokenOf(tokenizer);
  if (masking === 'permutation') return permutationTargets({ share });
  if (masking === 'geometric') {
    return geometricMasking({ maskToken, share, drawToken, stopProbability, maxSpanLength });
  }
  if (masking === 'phrase') return phraseMasking({ maskToken, share, drawToken });
  const { vocabularySize } = tokenizer;
  return pieceMasking({
    wholeWords: masking === 'whole-word',
    share,
    maxPredictions,
    maskToken,
    vocabularySize,
  });
}

const isCount = (value: number) => Number.isSafeInteger(value) && value > 0;

function refuse(option: string, expected: string, value: number): never {
  throw new ArgumentError(`expected ${option} to be ${expected} but received ${value}`);
}

/** @throws {TokenizerError} */
export function maskTokenOf({ maskId, source }: SentenceTokenizer): number {
  if (maskId !== undefined) return maskId;
  throw new TokenizerError(
    `the vocabulary of '${source}' has no [MASK]; add it to the tokenizer, or pretrain a causal language model`,
  );
}

/** @throws {DataError} Phrases are to be masked and none is marked: the field is empty, or the text is not English */
export function checkPhrases({ marks }: TokenBlock): void {
  if (marks.some((mark) => (mark & IN_SPAN) !== 0)) return;
  throw new DataError(
    'phrases should be masked but the text has none: expected spans in the annotation field, or English text in which phrases ' +
      "can be found; or choose another masking, 'whole-word' or 'geometric'",
  );
}

/** @throws {TokenizerError} A tokenizer gives ids that a model's table of words does not have */
export function checkVocabulary({ vocabularySize, source }: SentenceTokenizer, tableRows: number): void {
  if (vocabularySize <= tableRows) return;
  throw new TokenizerError(
    `the tokenizer '${source}' gives ids up to ${vocabularySize - 1} but the model's table has ${tableRows} rows; ` +
      'take the tokenizer that belongs to the model, or, for random weights, set vocab_size in its config.json',
  );
}
