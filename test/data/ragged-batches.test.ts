// Batches by token budget: order, budget, nothing lost between windows, and only the last one small.
import { describe, expect, it } from 'vitest';
import { textWindows, tokenBatches } from '../../src/data/batches/ragged-batches.ts';
import type { RaggedTokens } from '../../src/tokenizer/tokenizer.ts';
import { collect } from '../collect.ts';

/** Texts whose tokens all hold the text's own number. */
function windowOf(firstText: number, lengths: readonly number[]): RaggedTokens {
  let end = 0;
  return {
    tokenIds: Int32Array.from(
      lengths.flatMap((length, index) => new Array<number>(length).fill(firstText + index)),
    ),
    offsets: Int32Array.from([0, ...lengths.map((length) => (end += length))]),
    truncated: Uint8Array.from(lengths.map((length) => (length > 9 ? 1 : 0))),
  };
}

async function* windowsOf(...windows: number[][]): AsyncGenerator<RaggedTokens> {
  let first = 0;
  for (const lengths of windows) {
    yield windowOf(first, lengths);
    first += lengths.length;
  }
}

const lengthsOf = ({ offsets }: RaggedTokens) =>
  [...offsets.subarray(1)].map((end, index) => end - (offsets[index] as number));

describe('tokenBatches', () => {
  it('fills batches across windows and keeps order', async () => {
    const batches = await collect(tokenBatches(windowsOf([3, 4, 2], [5, 1, 12], [2]), 8));
    expect(batches.map(lengthsOf)).toEqual([[3, 4], [2, 5, 1], [12], [2]]);
    expect(batches.flatMap((batch) => [...batch.tokenIds])).toEqual([
      ...windowOf(0, [3, 4, 2, 5, 1, 12, 2]).tokenIds,
    ]);
    expect(batches.flatMap((batch) => [...batch.truncated])).toEqual([0, 0, 0, 0, 0, 1, 0]);
    for (const batch of batches) expect(batch.offsets[0]).toBe(0);
  });

  it('gives a text longer than the budget a batch of its own, and empty ones to any', async () => {
    expect((await collect(tokenBatches(windowsOf([20, 0, 0, 20, 1]), 8))).map(lengthsOf)).toEqual([
      [20],
      [0, 0],
      [20],
      [1],
    ]);
    expect(await collect(tokenBatches(windowsOf(), 8))).toEqual([]);
  });
});

describe('textWindows', () => {
  it('bounds texts and characters, and takes any iterable', async () => {
    const many = await collect(textWindows(Array.from({ length: 2500 }, () => 'a')));
    expect(many.map((window) => window.length)).toEqual([1024, 1024, 452]);
    const long = await collect(textWindows(['x'.repeat(300_000), 'y', 'z']));
    expect(long.map((window) => window.length)).toEqual([1, 2]);
    expect(await collect(textWindows([]))).toEqual([]);
  });
});
