// What a masking scheme is given and what it makes.

import type { CounterRandom } from '../../../data/batches/counter-random.ts';

/** A sequence of a batch that is being made. */
export interface MaskableSequence {
  /** Of the batch, [tokens], as they are before masking. */
  tokenIds: Int32Array;
  /** Of the batch, [tokens]: word starts and annotated parts (token-block.ts). */
  marks: Uint8Array;
  /** Its first token and the one after its last, special ones included. */
  start: number;
  end: number;
  /** Places of words without special tokens, of each segment the first one and the one after the last. */
  segments: readonly (readonly [start: number, end: number])[];
}

/** Collects the masks of a batch. */
export class MaskSink {
  /** Rising. */
  readonly places: number[] = [];
  /** What stands in the places from now on. */
  readonly replacements: number[] = [];
  /** Merged spans, of each the first place and the one after the last. */
  readonly spans: number[] = [];

  add(place: number, replacement: number): void {
    this.places.push(place);
    this.replacements.push(replacement);
  }
}

/** Chooses places and what is put there. */
export type MaskingScheme = (sequence: MaskableSequence, random: CounterRandom, sink: MaskSink) => void;

/** The vocabulary as a scheme needs it. */
export interface MaskingVocabulary {
  maskToken: number;
  vocabularySize: number;
}

/** Shares of chosen places that become [MASK], and another token; the rest stays. */
export const MASK_SHARE = 0.8;
export const RANDOM_SHARE = 0.1;

/** How many words of a sequence there are, special tokens apart. */
export function wordCount({ segments }: MaskableSequence): number {
  return segments.reduce((sum, [start, end]) => sum + end - start, 0);
}

/** The place of the i-th word, special tokens apart. */
export function placeOf({ segments }: MaskableSequence, index: number): number {
  let left = index;
  for (const [start, end] of segments) {
    if (left < end - start) return start + left;
    left -= end - start;
  }
  throw new RangeError(`a sequence has no word ${index}`);
}

/** The segment that a place lies in. */
export function segmentAt({ segments }: MaskableSequence, place: number): readonly [number, number] {
  return segments.find(([, end]) => place < end) as readonly [number, number];
}
