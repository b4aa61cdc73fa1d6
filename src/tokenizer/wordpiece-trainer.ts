// A WordPiece vocabulary from counted words, as Hugging Face's WordPieceTrainer makes one: byte-pair encoding over
// characters (Sennrich et al., 2016) whose continuations carry "##". The pair that occurs most often becomes a token, again
// and again; of equally frequent pairs the one of the earlier tokens. The order of the words has no influence. (The library's
// own trainer cannot be given a size from Node.)

import { ArgumentError, DataError } from '../errors.ts';
import { PairHeap } from './pair-heap.ts';

export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

export interface WordPieceTrainerOptions {
  /** Tokens in all, special ones and single characters included. */
  size: number;
  /** Pairs that occur less often are not joined. 2 by default. */
  minFrequency?: number;
  /** Most characters that are kept, the most frequent ones. 1,000 by default. */
  alphabetSize?: number;
}

interface Word {
  tokens: number[];
  count: number;
}

const CONTINUATION = '##';

/**
 * The tokens in the order of their ids: special tokens, characters and continued characters by code point, then joined ones.
 * There are fewer than `size` where the words give no more.
 *
 * @throws {ArgumentError} The size leaves no room for special tokens and characters.
 * @throws {DataError} There are no words.
 */
export function trainWordPiece(
  counts: ReadonlyMap<string, number>,
  options: WordPieceTrainerOptions,
): string[] {
  const { size, minFrequency = 2, alphabetSize = 1000 } = options;
  if (counts.size === 0) throw new DataError('expected texts with words but found none');
  const vocabulary = new Vocabulary(SPECIAL_TOKENS);
  const alphabet = mostFrequentCharacters(counts, alphabetSize);
  for (const character of alphabet) vocabulary.add(character);
  const words = spelled(counts, alphabet, vocabulary);
  if (!Number.isSafeInteger(size) || size < vocabulary.tokens.length) {
    throw new ArgumentError(
      `expected a size of at least ${vocabulary.tokens.length}, for ${SPECIAL_TOKENS.length} special tokens and the ` +
        `characters of the texts, but received ${size}; a smaller alphabet needs less`,
    );
  }
  joinPairs(words, vocabulary, size, minFrequency);
  return vocabulary.tokens;
}

class Vocabulary {
  readonly tokens: string[] = [];
  readonly #ids = new Map<string, number>();

  constructor(tokens: Iterable<string>) {
    for (const token of tokens) this.add(token);
  }

  /** The id of a token, a new one where there is none. */
  add(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    this.#ids.set(token, this.tokens.length);
    return this.tokens.push(token) - 1;
  }

  joined(left: number, right: number): number {
    const continued = this.tokens[right] as string;
    const tail = continued.startsWith(CONTINUATION) ? continued.slice(CONTINUATION.length) : continued;
    return this.add((this.tokens[left] as string) + tail);
  }
}

const byCodePoint = (a: string, b: string) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number);

/** In the order of their code points. */
function mostFrequentCharacters(counts: ReadonlyMap<string, number>, most: number): Set<string> {
  const frequency = new Map<string, number>();
  for (const [word, count] of counts) {
    for (const character of word) frequency.set(character, (frequency.get(character) ?? 0) + count);
  }
  const ranked = [...frequency].sort(([a, x], [b, y]) => y - x || byCodePoint(a, b));
  return new Set(
    ranked
      .slice(0, most)
      .map(([character]) => character)
      .sort(byCodePoint),
  );
}

/** Words as tokens; a character outside the alphabet is left out, as the library does. */
function spelled(
  counts: ReadonlyMap<string, number>,
  alphabet: ReadonlySet<string>,
  vocabulary: Vocabulary,
): Word[] {
  const continued = new Set<string>();
  for (const word of counts.keys()) {
    for (const character of [...word].slice(1)) if (alphabet.has(character)) continued.add(character);
  }
  for (const character of [...continued].sort(byCodePoint)) vocabulary.add(CONTINUATION + character);
  return [...counts].map(([word, count]) => ({
    tokens: [...word].flatMap((character, index) => {
      if (!alphabet.has(character)) return [];
      return [vocabulary.add(index > 0 ? CONTINUATION + character : character)];
    }),
    count,
  }));
}

/** Two ids as one number. */
const SHIFT = 2 ** 21;
const pairOf = (left: number, right: number) => left * SHIFT + right;

/** How often each pair occurs, and in which words it may. */
class Pairs {
  readonly counts = new Map<number, number>();
  readonly #words = new Map<number, Word[]>();

  /** A pair occurs `times` more often in a word, or less. */
  change(pair: number, times: number, word: Word): void {
    this.counts.set(pair, (this.counts.get(pair) ?? 0) + times * word.count);
    if (times < 0) return;
    const words = this.#words.get(pair);
    if (words === undefined) this.#words.set(pair, [word]);
    else words.push(word);
  }

  wordsWith(pair: number): Set<Word> {
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

function joinPairs(words: readonly Word[], vocabulary: Vocabulary, size: number, minFrequency: number): void {
  const pairs = new Pairs();
  for (const word of words) {
    const times = new Map<number, number>();
    countPairs(word.tokens, 1, times);
    for (const [pair, count] of times) pairs.change(pair, count, word);
  }
  const heap = new PairHeap();
  for (const [pair, count] of pairs.counts) heap.push(count, pair);
  while (vocabulary.tokens.length < size) {
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
  }
}

/** Joins every `left right` of a word from its start; `grown` gets the pairs that there are more of. */
function joinIn(
  word: Word,
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
