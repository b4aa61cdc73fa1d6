// The pipeline under every way to encode: windows of texts, the next one being tokenized while this one computes; batches
// by token budget; two batches in flight, so that the engine always has the next one.
import { textWindows, tokenBatches } from '../data/ragged-batches.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { RaggedTokens, Tokenizer } from '../tokenizer/tokenizer.ts';
import { checkTexts, throwIfAborted } from './encode-options.ts';

const batchesInFlight = 2;

/**
 * Batches of tokens in the order of their texts.
 * @param prompt put before every text
 * @param batchTokens tokens in a batch at most, or one text
 */
export function tokenizedBatches(
  tokenizer: Tokenizer,
  texts: Iterable<string> | AsyncIterable<string>,
  prompt: string | undefined,
  batchTokens: number,
  signal?: AbortSignal,
): AsyncGenerator<RaggedTokens> {
  return tokenBatches(tokenizedWindows(tokenizer, texts, prompt, signal), batchTokens);
}

async function* tokenizedWindows(
  tokenizer: Tokenizer,
  texts: Iterable<string> | AsyncIterable<string>,
  prompt: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<RaggedTokens> {
  const windows = textWindows(texts);
  const aborted = abortion(signal);
  const tokenizeNext = async () => {
    const { value, done } = await Promise.race([windows.next(), aborted.promise]);
    if (done === true) return undefined;
    checkTexts(value);
    return tokenizer.encode(value, prompt === undefined ? {} : { prompt });
  };
  let next = tokenizeNext();
  try {
    for (let window = await next; window !== undefined; window = await next) {
      next = tokenizeNext();
      next.catch(() => {}); // awaited above in its turn; until then it is not unhandled
      yield window;
    }
  } finally {
    aborted.forget();
    const closing = windows.return(undefined);
    // A source that stalls answers only when it goes on, so an abort does not wait for it.
    if (signal?.aborted) closing.catch(() => {});
    else await closing;
  }
}

/** A promise that rejects when the signal fires, and never settles otherwise. */
function abortion(signal: AbortSignal | undefined): { promise: Promise<never>; forget: () => void } {
  let listener: (() => void) | undefined;
  const promise = new Promise<never>((_, reject) => {
    listener = () => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    };
    if (signal?.aborted) listener();
    else signal?.addEventListener('abort', listener, { once: true });
  });
  promise.catch(() => {});
  return { promise, forget: () => listener && signal?.removeEventListener('abort', listener) };
}

/** Queues each batch and yields its vectors in order, keeping the engine busy with the batch after. */
export async function* inOrder(
  batches: AsyncIterable<RaggedTokens>,
  queue: (tokens: RaggedTokens) => Tensor,
): AsyncGenerator<{ tokens: RaggedTokens; vectors: Float32Array }> {
  const flying: { tokens: RaggedTokens; vectors: Promise<Float32Array> }[] = [];
  const land = async () => {
    const { tokens, vectors } = flying.shift() as (typeof flying)[number];
    return { tokens, vectors: await vectors };
  };
  try {
    for await (const tokens of batches) {
      const output = queue(tokens);
      const vectors = output.float32Data();
      vectors.catch(() => {}); // awaited when it lands
      output.dispose();
      flying.push({ tokens, vectors });
      if (flying.length >= batchesInFlight) yield await land();
    }
    while (flying.length > 0) yield await land();
  } finally {
    await Promise.allSettled(flying.map((batch) => batch.vectors));
  }
}
