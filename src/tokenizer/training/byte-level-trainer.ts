// A byte-level BPE vocabulary from counted words, as Hugging Face's ByteLevelBPETokenizer trains one (Radford et al., 2019):
// special tokens, the 256 bytes as letters in the order of their code points, then joined pairs in the order in which they
// were joined. Of equally frequent pairs that of the earlier tokens comes first. The order of the words has no influence.

import { ArgumentError, DataError } from '../../errors.ts';
import { inTurns, type TurnOptions } from './in-turns.ts';
import { joinPairs } from './join-pairs.ts';

/** RoBERTa's, in the order that transformers trains them. */
export const BYTE_LEVEL_SPECIAL_TOKENS = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'] as const;

export interface ByteLevelTrainerOptions extends TurnOptions {
  /** Tokens in all, special ones and the 256 bytes included. */
  size: number;
  /** Pairs that occur less often are not joined. 2 by default. */
  minFrequency?: number;
}

export interface ByteLevelVocabulary {
  /** In the order of their ids. */
  tokens: string[];
  /** In the order in which they were joined. */
  merges: [left: string, right: string][];
}

/**
 * @param counts Words with their bytes as letters.
 * @throws {ArgumentError} The size leaves no room for special tokens and bytes.
 * @throws {DataError} There are no words.
 * @throws {AbortedError} The signal fired.
 */
export async function trainByteLevel(
  counts: ReadonlyMap<string, number>,
  options: ByteLevelTrainerOptions,
): Promise<ByteLevelVocabulary> {
  const { size, minFrequency = 2 } = options;
  if (counts.size === 0) throw new DataError('expected texts with words but found none');
  const { byteLevelAlphabet } = await import('tokenizers');
  const letters = byteLevelAlphabet().sort(
    (a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number),
  );
  const tokens: string[] = [...BYTE_LEVEL_SPECIAL_TOKENS, ...letters];
  const merges: [string, string][] = [];
  if (!Number.isSafeInteger(size) || size < tokens.length) {
    throw new ArgumentError(
      `expected a size of at least ${tokens.length}, for ${BYTE_LEVEL_SPECIAL_TOKENS.length} special tokens and the ` +
        `${letters.length} bytes, but received ${size}`,
    );
  }
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const words = [...counts].map(([word, count]) => ({
    tokens: Array.from(word, (letter) => ids.get(letter) as number),
    count,
  }));
  const vocabulary = {
    get size() {
      return tokens.length;
    },
    joined(left: number, right: number): number {
      const pair: [string, string] = [tokens[left] as string, tokens[right] as string];
      merges.push(pair);
      const token = pair.join('');
      const known = ids.get(token);
      if (known !== undefined) return known;
      ids.set(token, tokens.length);
      return tokens.push(token) - 1;
    },
  };
  await inTurns(joinPairs(words, vocabulary, size, minFrequency), options);
  return { tokens, merges };
}
