// What loading and encoding can be told, and what is refused.
import { AbortedError, ArgumentError } from '../../errors.ts';
import type { PoolingMode } from '../../nn/encoder/pooling.ts';
import type { Precision } from '../../nn/layers/precision.ts';
import { checkOptions } from '../../options/check-options.ts';

/** Options of {@link SentenceEncoder.load}. */
export interface LoadOptions {
  /** A pooling to use instead of the model's own: a mode, several joined by `+`, or a list. */
  pooling?: string | readonly PoolingMode[];
  /** Number of worker threads; by default one per core that the process may use. */
  threads?: number;
  /** `amx`, `avx512_bf16`, `avx512_vnni`, `avx512`, `avx2` or `reference`; by default the fastest that this CPU can run. */
  backend?: string;
  /**
   * The precision in which the encoder's weights are held and multiplied: `float32`; `bfloat16` for half the memory of layers and more speed on a
   * CPU that multiplies in it; `int8` for a quarter of the memory and more speed at a small cost in quality (docs/precision.md).
   * `emulated-bfloat16` gives the results of bfloat16 on any CPU, without its speed. By default the precision that the folder stores.
   */
  precision?: Precision;
  /** Tokens at which a text is cut, special tokens included; the model's own maximum by default. */
  maxLength?: number;
}

/** Names of {@link LoadOptions}. */
export const LOAD_OPTIONS = ['precision', 'pooling', 'maxLength', 'threads', 'backend'] as const;

/** The progress of an encoding. */
export interface Progress {
  /** Done so far. */
  texts: number;
  tokens: number;
  /** Texts that were longer than the maximum length and cut there. */
  truncated: number;
  /** The total number of texts, if it is known. */
  total?: number;
}

/** Options of {@link SentenceEncoder.encode} and its siblings. */
export interface EncodeOptions {
  /** true: scale vectors to length 1; false: do not, even if the model does. By default as the model says. */
  normalize?: boolean;
  /** Tokens computed at once; a larger number uses more memory and no longer fits into the caches. 2048 by default. */
  batchTokens?: number;
  /** Keep this many first components (Matryoshka), at most the dimension, scaled to length 1 again if the whole vector was. */
  truncateDim?: number;
  /** A text that is put before every text. */
  prompt?: string;
  /** One of the model's own prompts, by name. */
  promptName?: string;
  /** Called after every batch. */
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
}

const encodeOptionNames = [
  'normalize',
  'batchTokens',
  'truncateDim',
  'prompt',
  'promptName',
  'onProgress',
  'signal',
] as const;

/** @param work what it ends. @throws AbortedError */
export function throwIfAborted(signal: AbortSignal | undefined, work = 'encoding'): void {
  if (signal?.aborted) throw abortedError(signal, work);
}

export function abortedError(signal: AbortSignal, work = 'encoding'): AbortedError {
  return new AbortedError(`${work} was aborted by its signal`, { cause: signal.reason });
}

export function checkTexts(texts: readonly unknown[]): asserts texts is readonly string[] {
  if (!Array.isArray(texts))
    throw new ArgumentError(`expected a text or an array of texts but received ${describe(texts)}`);
  const index = texts.findIndex((text) => typeof text !== 'string');
  if (index >= 0)
    throw new ArgumentError(`expected text ${index} to be a string but received ${describe(texts[index])}`);
}

/**
 * How many components are kept of vectors of a dimension.
 * @throws ArgumentError when more are asked for than there are
 */
export function keptDimension(dimension: number, truncateDim = dimension): number {
  if (truncateDim <= dimension) return truncateDim;
  throw new ArgumentError(
    `expected truncateDim (--truncate-dim) up to ${dimension}, the components of the model's vectors, but received ${truncateDim}`,
  );
}

/**
 * @param of `encode`, which has an output to choose, or `encodeStream`
 * @param dimension of the model's vectors
 * @throws ArgumentError naming an option that does not exist, or one whose value cannot be used
 */
export function checkEncodeOptions(
  of: 'encode' | 'encodeStream',
  options: EncodeOptions & { output?: string },
  dimension: number,
): void {
  checkOptions(of, options, of === 'encode' ? [...encodeOptionNames, 'output'] : encodeOptionNames);
  for (const name of ['batchTokens', 'truncateDim'] as const) {
    const value = options[name];
    if (value !== undefined && (!Number.isInteger(value) || value < 1)) {
      throw new ArgumentError(`expected ${name} to be a positive integer but received ${value}`);
    }
  }
  keptDimension(dimension, options.truncateDim);
  for (const name of ['prompt', 'promptName'] as const) {
    const value = options[name];
    if (value !== undefined && typeof value !== 'string') {
      throw new ArgumentError(`expected ${name} to be a string but received ${describe(value)}`);
    }
  }
  if (options.prompt !== undefined && options.promptName !== undefined) {
    throw new ArgumentError(
      'expected prompt or promptName but received both: one of them is put before a text',
    );
  }
  if (options.normalize !== undefined && typeof options.normalize !== 'boolean') {
    throw new ArgumentError(
      `expected normalize to be true or false but received ${describe(options.normalize)}`,
    );
  }
  if (options.onProgress !== undefined && typeof options.onProgress !== 'function') {
    throw new ArgumentError(
      `expected onProgress to be a function but received ${describe(options.onProgress)}`,
    );
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw new ArgumentError(`expected signal to be an AbortSignal but received ${describe(options.signal)}`);
  }
  for (const name of ['normalize', 'truncateDim'] as const) {
    if (options.output === 'token' && options[name] !== undefined) {
      throw new ArgumentError(`expected no ${name} with output 'token': it applies to vectors of sentences`);
    }
  }
}

export function checkMaxLength(value: number | undefined, most: number): number | undefined {
  if (value === undefined || (Number.isInteger(value) && value >= 3 && value <= most)) return value;
  throw new ArgumentError(
    `expected maxLength to be an integer from 3 to ${most}, the model's positions, but received ${value}`,
  );
}

function describe(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
}
