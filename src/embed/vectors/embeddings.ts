// What encoding returns: one vector per text, or one per token of each text.
import type { RaggedTokens } from '../../tokenizer/tokenizer.ts';

/** Vectors of texts, row after row. */
export class Embeddings {
  readonly data: Float32Array; // [texts, dimension]
  readonly shape: readonly [texts: number, dimension: number];
  /** Rows of the texts that were longer than the maximum length and cut there, ascending. */
  readonly truncatedTexts: readonly number[];

  constructor(data: Float32Array, texts: number, dimension: number, truncatedTexts: readonly number[] = []) {
    this.data = data;
    this.shape = [texts, dimension];
    this.truncatedTexts = truncatedTexts;
  }

  /** The vector of text `index`: a view, not a copy. */
  row(index: number): Float32Array {
    const [texts, dimension] = this.shape;
    checkIndex(index, texts);
    return this.data.subarray(index * dimension, (index + 1) * dimension);
  }

  /** The number of texts. */
  get length(): number {
    return this.shape[0];
  }

  /** Each vector in turn: views, not copies. */
  *[Symbol.iterator](): Generator<Float32Array> {
    for (let index = 0; index < this.length; index++) yield this.row(index);
  }
}

/** Vectors of consecutive texts of a stream. */
export class EmbeddingsChunk extends Embeddings {
  /** Index of the first text in the stream. */
  readonly start: number;
  readonly tokens: number;
  /** Texts that were cut at the maximum length. */
  readonly truncated: number;

  constructor(data: Float32Array, dimension: number, start: number, tokens: RaggedTokens) {
    super(data, tokens.offsets.length - 1, dimension, truncatedOf(tokens));
    this.start = start;
    this.tokens = tokens.tokenIds.length;
    this.truncated = this.truncatedTexts.length;
  }
}

/** The numbers of a batch's texts that were cut. @param first the number of its first text */
export function truncatedOf({ truncated }: RaggedTokens, first = 0): number[] {
  return [...truncated.entries()].flatMap(([index, flag]) => (flag === 0 ? [] : [first + index]));
}

/** Vectors of tokens, special tokens included, text after text. */
export class TokenEmbeddings {
  readonly data: Float32Array; // [tokens, dimension]
  readonly tokenIds: Int32Array; // [tokens]
  /** Text i has the tokens from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Float64Array; // [texts + 1]
  readonly dimension: number;
  /** The texts that were longer than the maximum length and cut there, ascending. */
  readonly truncatedTexts: readonly number[];

  constructor(
    data: Float32Array,
    tokenIds: Int32Array,
    offsets: Float64Array,
    dimension: number,
    truncatedTexts: readonly number[] = [],
  ) {
    this.data = data;
    this.tokenIds = tokenIds;
    this.offsets = offsets;
    this.dimension = dimension;
    this.truncatedTexts = truncatedTexts;
  }

  /** The vectors of batches one after another. @param offsets of all their texts */
  static joined(
    parts: readonly { data: Float32Array; tokenIds: Int32Array }[],
    offsets: Float64Array,
    dimension: number,
    truncatedTexts: readonly number[],
  ): TokenEmbeddings {
    const tokens = offsets.at(-1) as number;
    const data = new Float32Array(tokens * dimension);
    const tokenIds = new Int32Array(tokens);
    let start = 0;
    for (const part of parts) {
      data.set(part.data, start * dimension);
      tokenIds.set(part.tokenIds, start);
      start += part.tokenIds.length;
    }
    return new TokenEmbeddings(data, tokenIds, offsets, dimension, truncatedTexts);
  }

  /** The number of texts. */
  get length(): number {
    return this.offsets.length - 1;
  }

  /** The vectors of text `index`, [tokens, dimension]: a view, not a copy. */
  text(index: number): { data: Float32Array; tokenIds: Int32Array; shape: readonly [number, number] } {
    checkIndex(index, this.length);
    const start = this.offsets[index] as number;
    const end = this.offsets[index + 1] as number;
    return {
      data: this.data.subarray(start * this.dimension, end * this.dimension),
      tokenIds: this.tokenIds.subarray(start, end),
      shape: [end - start, this.dimension],
    };
  }
}

function checkIndex(index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new RangeError(`expected an index from 0 to ${length - 1} but received ${index}`);
  }
}
