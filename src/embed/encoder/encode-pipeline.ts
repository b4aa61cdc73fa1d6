// The pipeline under every way to encode: windows of texts, the next one being tokenized while this one computes; batches
// by token budget; two batches in flight, so that the engine always has the next one.
import { textWindows, tokenBatches } from '../../data/batches/ragged-batches.ts';
import type { Engine } from '../../native/engine.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { RaggedTokens, Tokenizer } from '../../tokenizer/tokenizer.ts';
import { abortedError, checkTexts } from './encode-options.ts';

const batchesInFlight = 2;
const defaultBatchTokens = 2048;

/** What goes before other work: batches of at most so many tokens, of a call of at most so many texts. */
const urgent = { texts: 8, tokens: 256 };

export interface BatchingOptions {
  batchTokens?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Batches of tokens in the order of their texts.
 * @param prompt put before every text
 * @param options.batchTokens tokens in a batch at most, or one text
 */
export function tokenizedBatches(
  tokenizer: Tokenizer,
  texts: Iterable<string> | AsyncIterable<string>,
  prompt?: string,
  { batchTokens = defaultBatchTokens, signal }: BatchingOptions = {},
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
  let firstText = 0;
  const tokenizeNext = async () => {
    const { value, done } = await unlessAborted(windows.next(), signal);
    if (done === true) return undefined;
    checkTexts(value);
    const options = { ...(prompt === undefined ? {} : { prompt }), firstText };
    firstText += value.length;
    return tokenizer.encode(value, options);
  };
  let next = tokenizeNext();
  try {
    for (let window = await next; window !== undefined; window = await next) {
      next = tokenizeNext();
      next.catch(() => {}); // awaited above in its turn; until then it is not unhandled
      yield window;
    }
  } finally {
    const closing = windows.return(undefined);
    // A source that stalls answers only when it goes on, so an abort does not wait for it.
    if (signal?.aborted) closing.catch(() => {});
    else await closing;
  }
}

/**
 * What `work` settles to, or a rejection as soon as the signal fires: a source may stall. Nothing that outlives the wait
 * refers to it (a promise raced again and again would keep every window).
 */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortedError(signal));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    if (signal.aborted) stop();
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Queues a batch of a call's texts; a small one of a call of few, an array of them, before the engine's other work. */
export function queueBatch(
  engine: Engine,
  texts: Iterable<string> | AsyncIterable<string>,
  tokens: RaggedTokens,
  forward: () => Tensor,
): Tensor {
  const few = Array.isArray(texts) && texts.length <= urgent.texts;
  return few && tokens.tokenIds.length <= urgent.tokens ? engine.urgently(forward) : forward();
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
