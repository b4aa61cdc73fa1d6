// A WordPiece vocabulary from counted words, as Hugging Face's WordPieceTrainer makes one: byte-pair encoding over
// characters (Sennrich et al., 2016) whose continuations carry "##". The pair that occurs most often becomes a token, again
// and again; of equally frequent pairs the one of the earlier tokens. The order of the words has no influence. (The library's
// own trainer cannot be given a size from Node.)

import { ArgumentError, DataError } from '../../errors.ts';
import { inTurns, type TurnOptions } from './in-turns.ts';
import { joinPairs, type SpelledWord } from './join-pairs.ts';

export const SPECIAL_TOKENS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'] as const;

export interface WordPieceTrainerOptions extends TurnOptions {
  /** Tokens in all, special ones and single characters included. */
  size: number;
  /** Pairs that occur less often are not joined. 2 by default. */
  minFrequency?: number;
  /** Most characters that are kept, the most frequent ones. 1,000 by default. */
  alphabetSize?: number;
}

const CONTINUATION = '##';

/**
 * The tokens in the order of their ids: special tokens, characters and continued characters by code point, then joined ones.
 * There are fewer than `size` where the words give no more.
 *
 * @throws {ArgumentError} The size leaves no room for special tokens and characters.
 * @throws {DataError} There are no words.
 * @throws {AbortedError} The signal fired.
 */
export async function trainWordPiece(
  counts: ReadonlyMap<string, number>,
  options: WordPieceTrainerOptions,
): Promise<string[]> {
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
  await inTurns(joinPairs(words, vocabulary, size, minFrequency), options);
  return vocabulary.tokens;
}

class Vocabulary {
  readonly tokens: string[] = [];

  get size(): number {
    return this.tokens.length;
  }

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
): SpelledWord[] {
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
