// The pipeline from texts to batches of tokens, with a tokenizer that is none.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { tokenizedBatches } from '../../src/embed/encoder/encode-pipeline.ts';
import type { RaggedTokens, Tokenizer } from '../../src/tokenizer/tokenizer.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** One token a text; tells which windows of texts are still in memory. */
function watchingTokenizer() {
  const windows: WeakRef<readonly string[]>[] = [];
  const encode = async (texts: readonly string[]): Promise<RaggedTokens> => {
    windows.push(new WeakRef(texts));
    const offsets = Int32Array.from({ length: texts.length + 1 }, (_, i) => i);
    return { tokenIds: new Int32Array(texts.length), offsets, truncated: new Uint8Array(texts.length) };
  };
  const alive = () => windows.filter((window) => window.deref() !== undefined).length;
  return { tokenizer: { encode } as unknown as Tokenizer, windows, alive };
}

function* texts(count: number) {
  for (let index = 0; index < count; index++) yield `text ${index}`;
}

describe('tokenizedBatches', () => {
  it.each([
    ['no signal', undefined],
    ['a signal', new AbortController().signal],
  ])('keeps no window of texts that it has passed on, with %s', async (_, signal) => {
    const { tokenizer, windows, alive } = watchingTokenizer();
    let batches = 0;
    for await (const batch of tokenizedBatches(tokenizer, texts(40 * 1024), undefined, {
      batchTokens: 512,
      signal,
    })) {
      expect(batch.offsets.length).toBeGreaterThan(1);
      batches++;
      if (windows.length < 35) continue;
      await new Promise((resolve) => setTimeout(resolve, 0)); // a WeakRef lives until its job ends
      gc();
      expect(alive()).toBeLessThan(5);
    }
    expect(windows.length).toBe(40);
    expect(batches).toBeGreaterThanOrEqual(80);
  });

  it('answers an abort while its source stalls', async () => {
    const { tokenizer } = watchingTokenizer();
    const controller = new AbortController();
    async function* stalling(): AsyncGenerator<string> {
      yield* texts(2000);
      await new Promise(() => {});
    }
    const batches = tokenizedBatches(tokenizer, stalling(), undefined, {
      batchTokens: 512,
      signal: controller.signal,
    });
    await batches.next();
    setTimeout(() => controller.abort(), 20);
    await expect(
      (async () => {
        for await (const _ of batches);
      })(),
    ).rejects.toMatchObject({ code: 'LIKEWISE_ABORTED' });
  });
});
