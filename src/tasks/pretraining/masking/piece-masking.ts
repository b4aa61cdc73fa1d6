// BERT's masking (Devlin et al., 2018, section 3.1; google-research/bert): 15 % of the tokens of a sequence, chosen one by
// one or by whole words. Of the chosen ones 80 % become [MASK] and 10 % any token of the vocabulary, each decided by itself,
// also within a word.
//
//   n = min(maxPredictions, max(1, round(0.15 · tokens))), special tokens counted, halves rounded to even
//
// A word that would exceed n is passed over. Where every word does, the original masks nothing; here one word is masked,
// so that no sequence is without a target.

import type { CounterRandom } from '../../../data/batches/counter-random.ts';
import { WORD_START } from '../../../data/corpus/token-block.ts';
import {
  MASK_SHARE,
  type MaskableSequence,
  type MaskingScheme,
  type MaskingVocabulary,
  RANDOM_SHARE,
} from './masking.ts';

export interface PieceMaskingOptions extends MaskingVocabulary {
  wholeWords: boolean;
  /** 0.15 in BERT. */
  share: number;
  /** Most masked tokens of a sequence. */
  maxPredictions?: number | undefined;
}

export function pieceMasking(options: PieceMaskingOptions): MaskingScheme {
  const { wholeWords, share, maxPredictions = Number.POSITIVE_INFINITY, maskToken, vocabularySize } = options;
  return (sequence, random, sink) => {
    const { tokenIds, start, end } = sequence;
    const most = Math.min(maxPredictions, Math.max(1, roundHalfToEven(share * (end - start))));
    const groups = wholeWords ? wordsOf(sequence) : piecesOf(sequence);
    for (const place of choose(groups, most, random)) {
      const fate = random.uniform();
      if (fate < MASK_SHARE) sink.add(place, maskToken);
      else if (fate < MASK_SHARE + RANDOM_SHARE) sink.add(place, random.below(vocabularySize));
      else sink.add(place, tokenIds[place] as number);
    }
  };
}

/** As Python 3 rounds. */
export function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

type Group = readonly [start: number, end: number];

function piecesOf({ segments }: MaskableSequence): Group[] {
  const pieces: Group[] = [];
  for (const [start, end] of segments)
    for (let place = start; place < end; place++) pieces.push([place, place + 1]);
  return pieces;
}

function wordsOf({ segments, marks }: MaskableSequence): Group[] {
  const words: Group[] = [];
  for (const [start, end] of segments) {
    for (let place = start; place < end; ) {
      let after = place + 1;
      while (after < end && ((marks[after] as number) & WORD_START) === 0) after += 1;
      words.push([place, after]);
      place = after;
    }
  }
  return words;
}

/** Groups in random order while they fit; their places, rising. */
function choose(groups: Group[], most: number, random: CounterRandom): number[] {
  const places: number[] = [];
  for (let i = 0; i < groups.length && places.length < most; i++) {
    const j = i + random.below(groups.length - i);
    const group = groups[j] as Group;
    groups[j] = groups[i] as Group;
    groups[i] = group;
    if (places.length + group[1] - group[0] <= most)
      for (let place = group[0]; place < group[1]; place++) places.push(place);
  }
  const [first] = groups;
  if (places.length === 0 && first !== undefined)
    for (let place = first[0]; place < first[1]; place++) places.push(place);
  return places.sort((a, b) => a - b);
}
