// Loads a tokenizer from files given by their content, and takes its tokens apart.

import { type RaggedTokens, Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { type Content, scratchTrees } from '../temporary-file.ts';

export type Load = (
  tree: Record<string, Content>,
  maxLength?: number,
  lowerCase?: boolean,
) => Promise<Tokenizer>;

/** A loader for the tests of the calling file. */
export function tokenizerLoader(): Load {
  const newTree = scratchTrees();
  return async (tree, maxLength = 16, lowerCase = false) =>
    Tokenizer.load(await newTree(tree), { maxLength, lowerCase });
}

/** The ids of each text. */
export function rows({ tokenIds, offsets }: RaggedTokens): number[][] {
  return Array.from(offsets.subarray(1), (end, i) => [...tokenIds.subarray(offsets[i], end)]);
}

export async function encodeOne(tokenizer: Tokenizer, text: string): Promise<number[]> {
  return rows(await tokenizer.encode([text]))[0] as number[];
}
