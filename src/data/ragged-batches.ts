// Texts into windows, and windows' tokens into batches by a token budget. Nothing is padded, so a batch's cost is its
// tokens alone: order is kept, and no sorting by length is needed.

import type { RaggedTokens } from '../tokenizer/tokenizer.ts';

// Enough for a batch or two of short texts, little enough to hold in memory and to tokenize between two batches.
const windowTexts = 1024;
const windowCharacters = 1 << 18;

/** Consecutive texts, up to a number of them and of characters. */
export async function* textWindows(texts: Iterable<string> | AsyncIterable<string>): AsyncGenerator<string[]> {
  let window: string[] = [];
  let characters = 0;
  for await (const text of texts) {
    window.push(text);
    characters += text.length;
    if (window.length < windowTexts && characters < windowCharacters) continue;
    yield window;
    window = [];
    characters = 0;
  }
  if (window.length > 0) yield window;
}

/** Consecutive texts whose tokens fit the budget together; a text longer than the budget is a batch of its own. */
export function* tokenBatches(tokens: RaggedTokens, budget: number): Generator<RaggedTokens> {
  const { tokenIds, offsets, truncated } = tokens;
  const texts = offsets.length - 1;
  for (let start = 0; start < texts; ) {
    const first = offsets[start] as number;
    let end = start + 1;
    while (end < texts && (offsets[end + 1] as number) - first <= budget) end++;
    yield {
      tokenIds: tokenIds.subarray(first, offsets[end]),
      offsets: offsets.slice(start, end + 1).map((offset) => offset - first),
      truncated: truncated.subarray(start, end),
    };
    start = end;
  }
}
