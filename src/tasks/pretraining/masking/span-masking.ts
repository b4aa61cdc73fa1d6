// SpanBERT's masking (Joshi et al., TACL 2020, sections 3.1 and 4.3, and its released code's rules): spans of whole words, or
// annotated parts, until 15 % of the words' pieces are chosen. Spans that overlap or touch are one; what becomes of a span is
// decided once for all of it: 80 % [MASK], 10 % tokens drawn from the text itself, 10 % as it is.
//
//   budget = ceil(0.15 · pieces), special tokens not counted; it may end a span within a word
//
// geometric:  length ~ 0.2 · 0.8^(l - 1), l = 1 … 10, renormalised (mean 3.797); a piece is drawn, and where it is not chosen
//             yet, `length` words from the start of its word on are, up to the end of the segment. Otherwise both are drawn
//             again.
// phrases:    half of the time an annotated part that was not drawn yet, else a word; where one kind is used up, the other.

import type { CounterRandom } from '../../../data/batches/counter-random.ts';
import { IN_SPAN, SPAN_START, WORD_START } from '../../../data/corpus/token-block.ts';
import {
  MASK_SHARE,
  type MaskableSequence,
  type MaskingScheme,
  type MaskSink,
  placeOf,
  RANDOM_SHARE,
  segmentAt,
  wordCount,
} from './masking.ts';

export interface SpanMaskingOptions {
  maskToken: number;
  /** 0.15 in SpanBERT. */
  share: number;
  /** A token of the corpus, drawn as often as it occurs there. */
  drawToken: (random: CounterRandom) => number;
}

export interface GeometricMaskingOptions extends SpanMaskingOptions {
  /** p of the geometric distribution: 0.2. */
  stopProbability: number;
  /** 10. */
  maxSpanLength: number;
}

/** Chances of the lengths 1, 2, … of a geometric distribution that is cut off and renormalised. */
export function spanLengthChances(stopProbability: number, maxSpanLength: number): number[] {
  const chances = Array.from(
    { length: maxSpanLength },
    (_, i) => stopProbability * (1 - stopProbability) ** i,
  );
  const sum = chances.reduce((total, chance) => total + chance, 0);
  return chances.map((chance) => chance / sum);
}

/** Draws an index by the chances of all. */
export function drawIndex(chances: readonly number[], random: CounterRandom): number {
  let left = random.uniform();
  for (let i = 0; i + 1 < chances.length; i++) {
    left -= chances[i] as number;
    if (left < 0) return i;
  }
  return chances.length - 1;
}

export function geometricMasking(options: GeometricMaskingOptions): MaskingScheme {
  const chances = spanLengthChances(options.stopProbability, options.maxSpanLength);
  return (sequence, random, sink) => {
    const pieces = wordCount(sequence);
    const chosen = new ChosenPieces(sequence, Math.ceil(options.share * pieces));
    while (chosen.left > 0) {
      const length = 1 + drawIndex(chances, random);
      const anchor = placeOf(sequence, random.below(pieces));
      if (!chosen.has(anchor)) chosen.addWords(chosen.wordStart(anchor), length);
    }
    replaceSpans(sequence, chosen, options, random, sink);
  };
}

export function phraseMasking(options: SpanMaskingOptions): MaskingScheme {
  return (sequence, random, sink) => {
    const pieces = wordCount(sequence);
    const chosen = new ChosenPieces(sequence, Math.ceil(options.share * pieces));
    const phrases = phrasesOf(sequence);
    while (chosen.left > 0) {
      if (phrases.length > 0 && random.uniform() < 0.5) {
        const drawn = random.below(phrases.length);
        const [start, end] = phrases[drawn] as readonly [number, number];
        phrases[drawn] = phrases.at(-1) as readonly [number, number];
        phrases.pop();
        for (let place = start; place < end && chosen.left > 0; place++) chosen.add(place);
      } else {
        const anchor = placeOf(sequence, random.below(pieces));
        if (!chosen.has(anchor)) chosen.addWords(chosen.wordStart(anchor), 1);
      }
    }
    replaceSpans(sequence, chosen, options, random, sink);
  };
}

/** Which pieces of a sequence are chosen, up to a number of them. */
class ChosenPieces {
  left: number;
  readonly #sequence: MaskableSequence;
  readonly #chosen: Uint8Array;

  constructor(sequence: MaskableSequence, budget: number) {
    this.#sequence = sequence;
    this.#chosen = new Uint8Array(sequence.end - sequence.start);
    this.left = budget;
  }

  has(place: number): boolean {
    return this.#chosen[place - this.#sequence.start] === 1;
  }

  /** One that is chosen already costs nothing. */
  add(place: number): void {
    if (this.has(place)) return;
    this.#chosen[place - this.#sequence.start] = 1;
    this.left -= 1;
  }

  wordStart(place: number): number {
    const [first] = segmentAt(this.#sequence, place);
    let start = place;
    while (start > first && ((this.#sequence.marks[start] as number) & WORD_START) === 0) start -= 1;
    return start;
  }

  /** Words from the start of one on, up to the end of its segment or of the budget. */
  addWords(start: number, words: number): void {
    const [, end] = segmentAt(this.#sequence, start);
    let count = 1;
    for (let place = start; place < end && this.left > 0; place++) {
      const begins = place > start && ((this.#sequence.marks[place] as number) & WORD_START) !== 0;
      if (begins && ++count > words) return;
      this.add(place);
    }
  }
}

/** The annotated parts of a sequence; of one that was cut off what is left of it. */
function phrasesOf({ segments, marks }: MaskableSequence): (readonly [number, number])[] {
  const phrases: (readonly [number, number])[] = [];
  for (const [first, end] of segments) {
    for (let place = first; place < end; ) {
      let after = place + 1;
      if (((marks[place] as number) & IN_SPAN) !== 0) {
        while (after < end && ((marks[after] as number) & (IN_SPAN | SPAN_START)) === IN_SPAN) after += 1;
        phrases.push([place, after]);
      }
      place = after;
    }
  }
  return phrases;
}

function replaceSpans(
  sequence: MaskableSequence,
  chosen: ChosenPieces,
  { maskToken, drawToken }: SpanMaskingOptions,
  random: CounterRandom,
  sink: MaskSink,
): void {
  for (let place = sequence.start; place < sequence.end; ) {
    let after = place;
    while (after < sequence.end && chosen.has(after)) after += 1;
    if (after === place) {
      place += 1;
      continue;
    }
    sink.spans.push(place, after);
    const fate = random.uniform();
    for (; place < after; place++) {
      if (fate < MASK_SHARE) sink.add(place, maskToken);
      else if (fate < MASK_SHARE + RANDOM_SHARE) sink.add(place, drawToken(random));
      else sink.add(place, sequence.tokenIds[place] as number);
    }
  }
}
