// Texts into windows, and windows' tokens into batches by a token budget. Nothing is padded, so a batch's cost is its
// tokens alone: order is kept, and no sorting by length is needed.

import type { RaggedTokens } from '../../tokenizer/tokenizer.ts';

// Enough for a batch or two of short texts, little enough to hold in memory and to tokenize between two batches.
const windowTexts = 1024;
const windowCharacters = 1 << 18;

/** Consecutive texts, up to a number of them and of characters. */
export async function* textWindows(
  texts: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<string[]> {
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

/**
 * Consecutive texts whose tokens fit the budget together; a text longer than the budget is a batch of its own. What a
 * window leaves over begins the next batch, so that all but the last are about full.
 */
export async function* tokenBatches(
  windows: AsyncIterable<RaggedTokens>,
  budget: number,
): AsyncGenerator<RaggedTokens> {
  let rest: RaggedTokens | undefined;
  for await (const window of windows) {
    const tokens = rest === undefined ? window : joinTokens(rest, window);
    const texts = tokens.offsets.length - 1;
    let start = 0;
    for (let end = fittingEnd(tokens, start, budget); end < texts; end = fittingEnd(tokens, start, budget)) {
      yield sliceTexts(tokens, start, end);
      start = end;
    }
    rest = sliceTexts(tokens, start, texts);
  }
  if (rest !== undefined) yield rest;
}

/** Where a batch that begins with text `start` ends. */
function fittingEnd({ offsets }: RaggedTokens, start: number, budget: number): number {
  const limit = (offsets[start] as number) + budget;
  let end = start + 1;
  while (end + 1 < offsets.length && (offsets[end + 1] as number) <= limit) end++;
  return end;
}

function sliceTexts(
  { tokenIds, offsets, truncated }: RaggedTokens,
  start: number,
  end: number,
): RaggedTokens {
  const first = offsets[start] as number;
  return {
    tokenIds: tokenIds.subarray(first, offsets[end]),
    offsets: offsets.slice(start, end + 1).map((offset) => offset - first),
    truncated: truncated.subarray(start, end),
  };
}

function joinTokens(left: RaggedTokens, right: RaggedTokens): RaggedTokens {
  const tokens = left.tokenIds.length;
  const join = <T extends Int32Array | Uint8Array>(joined: T, first: T, second: T): T => {
    joined.set(first);
    joined.set(second, first.length);
    return joined;
  };
  return {
    tokenIds: join(new Int32Array(tokens + right.tokenIds.length), left.tokenIds, right.tokenIds),
    offsets: join(
      new Int32Array(left.offsets.length + right.offsets.length - 1),
      left.offsets,
      right.offsets.subarray(1).map((offset) => offset + tokens),
    ),
    truncated: join(
      new Uint8Array(left.truncated.length + right.truncated.length),
      left.truncated,
      right.truncated,
    ),
  };
}
