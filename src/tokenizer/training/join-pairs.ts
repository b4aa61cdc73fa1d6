// Byte-pair encoding (Sennrich et al., 2016) as Hugging Face's trainers do it: of all words, spelled as tokens, the pair that
// occurs most often becomes a token, again and again.

import { PairHeap } from './pair-heap.ts';

/** A word as tokens so far. */
export interface SpelledWord {
  tokens: number[];
  count: number;
}

/** The tokens there are. */
export interface JoinedVocabulary {
  readonly size: number;
  /** The id of two tokens as one: a new one, or that of a token of the same spelling. */
  joined(left: number, right: number): number;
}

/** Two ids as one number. */
const SHIFT = 2 ** 21;
const pairOf = (left: number, right: number) => left * SHIFT + right;

/** How often each pair occurs, and in which words it may. */
class Pairs {
  readonly counts = new Map<number, number>();
  readonly #words = new Map<number, SpelledWord[]>();

  /** A pair occurs `times` more often in a word, or less. */
  change(pair: number, times: number, word: SpelledWord): void {
    this.counts.set(pair, (this.counts.get(pair) ?? 0) + times * word.count);
    if (times < 0) return;
    const words = this.#words.get(pair);
    if (words === undefined) this.#words.set(pair, [word]);
    else words.push(word);
  }

  wordsWith(pair: number): Set<SpelledWord> {
    return new Set(this.#words.get(pair));
  }

  forget(pair: number): void {
    this.#words.delete(pair);
    this.counts.delete(pair);
  }
}

/** How often each pair occurs in some tokens, times `sign`, added to `times`. */
function countPairs(tokens: readonly number[], sign: 1 | -1, times: Map<number, number>): void {
  for (let i = 1; i < tokens.length; i++) {
    const pair = pairOf(tokens[i - 1] as number, tokens[i] as number);
    times.set(pair, (times.get(pair) ?? 0) + sign);
  }
}

/**
 * Joins the pair that occurs most often, of equal ones that of the earlier tokens, until there are `size` tokens or no pair
 * occurs `minFrequency` times. Gives the number of tokens after each.
 */
export function* joinPairs(
  words: readonly SpelledWord[],
  vocabulary: JoinedVocabulary,
  size: number,
  minFrequency: number,
): Generator<number, void> {
  const pairs = new Pairs();
  for (const word of words) {
    const times = new Map<number, number>();
    countPairs(word.tokens, 1, times);
    for (const [pair, count] of times) pairs.change(pair, count, word);
  }
  const heap = new PairHeap();
  for (const [pair, count] of pairs.counts) heap.push(count, pair);
  while (vocabulary.size < size) {
    const top = heap.pop();
    if (top === undefined || top.count < Math.max(1, minFrequency)) return;
    const count = pairs.counts.get(top.pair) ?? 0;
    if (count !== top.count) {
      if (count > 0 && count < top.count) heap.push(count, top.pair); // one that grew is in the heap already
      continue;
    }
    const [left, right] = [Math.floor(top.pair / SHIFT), top.pair % SHIFT];
    const joined = vocabulary.joined(left, right);
    const grown = new Set<number>();
    for (const word of pairs.wordsWith(top.pair)) joinIn(word, left, right, joined, pairs, grown);
    pairs.forget(top.pair);
    for (const pair of grown) heap.push(pairs.counts.get(pair) ?? 0, pair);
    yield vocabulary.size;
  }
}

/** Joins every `left right` of a word from its start; `grown` gets the pairs that there are more of. */
function joinIn(
  word: SpelledWord,
  left: number,
  right: number,
  joined: number,
  pairs: Pairs,
  grown: Set<number>,
): void {
  const { tokens } = word;
  const after: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const isPair = tokens[i] === left && tokens[i + 1] === right;
    after.push(isPair ? joined : (tokens[i] as number));
    if (isPair) i += 1;
  }
  if (after.length === tokens.length) return;
  const times = new Map<number, number>();
  countPairs(tokens, -1, times);
  countPairs(after, 1, times);
  word.tokens = after;
  for (const [pair, change] of times) {
    if (change === 0) continue;
    pairs.change(pair, change, word);
    if (change > 0) grown.add(pair);
  }
}
