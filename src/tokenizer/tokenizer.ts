// Texts to token ids, through the official Hugging Face tokenizers library. Its truncation and padding settings are
// replaced by the model's maximum length and by none: batches here are ragged. Very long texts are cut first, where
// that cannot change the tokens that are kept (text-cutter.ts).

import type { Tokenizer as NativeTokenizer } from 'tokenizers';

import { ArgumentError, ExecutionError, TokenizerError } from '../errors.ts';
import { withTokenizerThreadsCapped } from '../native/tokenizer-threads.ts';
import {
  type LoadedSpec,
  maskIdOf,
  readTokenizerSpec,
  specForLibrary,
  specialIdsOf,
  vocabularySizeOf,
} from './spec/tokenizer-spec.ts';
import { TextCutter, type TextPrefix } from './text-cutter.ts';

/** Token ids of several texts, laid end to end. */
export interface RaggedTokens {
  /** [tokens] */
  tokenIds: Int32Array;
  /** [texts + 1]; text i has the tokens from offsets[i] to offsets[i + 1]. */
  offsets: Int32Array;
  /** [texts]; 1 where a text had more tokens than the maximum length. */
  truncated: Uint8Array;
}

export interface TokenizerOptions {
  /** Most tokens of one text, special tokens included. */
  maxLength: number;
  /** Lower-case texts before the tokenizer's own normalisation. */
  lowerCase?: boolean;
  /** Keys that stand above those of tokenizer_config.json. */
  settings?: Readonly<Record<string, unknown>>;
  /** Rows of the table that the ids are for: a text with an id beyond them is an error. Any id is taken by default. */
  tableRows?: number;
}

export interface EncodeOptions {
  /** Put before every text. */
  prompt?: string;
  /** How the first of these texts is counted in messages; 0 by default. */
  firstText?: number;
}

/** Texts per call of the library: enough to drown the cost of a call, few enough not to hold up the event loop. */
const TEXTS_PER_CALL = 128;
/** UTF-16 units per call, for the same reason. */
const UNITS_PER_CALL = 65_536;

/** Whether the library has made its thread pool, which the first batch makes it do. */
let poolMade: Promise<void> | undefined;

/** A loaded tokenizer. */
export class Tokenizer {
  /** One more than the largest token id it can give; the caller compares it with the embedding table. */
  readonly vocabularySize: number;
  /** Most tokens of one text, special tokens included. */
  readonly maxLength: number;
  /** Ids that no word gets: [CLS], [SEP], [PAD] and their like. */
  readonly specialIds: readonly number[];
  /** Of [MASK], where the vocabulary has one. */
  readonly maskId: number | undefined;
  /** What was passed over in the folder's files. */
  readonly notes: readonly string[];
  readonly #native: NativeTokenizer;
  readonly #cutter: TextCutter | undefined;
  readonly #source: string;
  readonly #tableRows: number;

  private constructor(native: NativeTokenizer, loaded: LoadedSpec, maxLength: number, tableRows: number) {
    const { spec, source, maskName, truncationSide, notes } = loaded;
    this.#native = native;
    // Of a text that is cut on the left, the beginning says nothing.
    this.#cutter = truncationSide === 'left' ? undefined : TextCutter.for(specForLibrary(loaded));
    this.notes = notes;
    this.vocabularySize = vocabularySizeOf(spec);
    this.specialIds = specialIdsOf(spec);
    const maskId = maskIdOf(spec, maskName);
    this.maskId = maskId !== undefined && maskId < tableRows ? maskId : undefined;
    this.maxLength = maxLength;
    this.#source = source;
    this.#tableRows = tableRows;
  }

  /**
   * Loads a folder's tokenizer: tokenizer.json, else vocab.txt, else vocab.json with merges.txt. TokenizerError naming
   * the file when it cannot be used; ArgumentError when `maxLength` leaves no room beside the special tokens.
   */
  static async load(folder: string, options: TokenizerOptions): Promise<Tokenizer> {
    const { maxLength, tableRows = Number.POSITIVE_INFINITY, ...specOptions } = options;
    const loaded = await readTokenizerSpec(folder, specOptions);
    const { source } = loaded;
    const spec = specForLibrary(loaded);
    const library = await loadLibrary();
    let native: NativeTokenizer;
    let specialTokens: number;
    try {
      native = library.Tokenizer.fromString(JSON.stringify(spec));
      specialTokens = (await native.encode('')).getLength();
      poolMade ??= withTokenizerThreadsCapped(() => native.encodeBatch(['', '']));
      await poolMade;
    } catch (error) {
      throw new TokenizerError(`'${source}' cannot be used: ${(error as Error).message}`, { cause: error });
    }
    if (!Number.isSafeInteger(maxLength) || maxLength <= specialTokens || maxLength > 2 ** 24) {
      throw new ArgumentError(
        `expected maxLength to be a whole number above ${specialTokens}, the number of special tokens, ` +
          `but received ${maxLength}`,
      );
    }
    native.setTruncation(maxLength, { direction: loaded.truncationSide });
    return new Tokenizer(native, loaded, maxLength, tableRows);
  }

  /**
   * Tokenizes texts, each after `prompt`, with special tokens. Lone surrogates count as U+FFFD. A text without any
   * word gives the special tokens alone.
   * @throws ArgumentError when a text is not a string; ExecutionError naming a text, counted from `firstText`, that uses
   *   an id for which the table has no row
   */
  async encode(texts: readonly string[], options: EncodeOptions = {}): Promise<RaggedTokens> {
    const { prompt = '', firstText = 0 } = options;
    const ids: number[][] = new Array(texts.length);
    const truncated = new Uint8Array(texts.length);
    for (let start = 0; start < texts.length; ) {
      const pieces: Piece[] = [];
      for (
        let units = 0;
        start < texts.length && pieces.length < TEXTS_PER_CALL && units < UNITS_PER_CALL;
        start++
      ) {
        const piece = this.#firstPiece(texts, start, prompt);
        units += piece.prefix.text.length;
        pieces.push(piece);
      }
      await this.#encodePieces(pieces, ids, truncated);
    }
    if (this.vocabularySize > this.#tableRows) this.#checkIds(ids, firstText);
    return joinTokens(ids, truncated);
  }

  #checkIds(ids: readonly number[][], firstText: number): void {
    for (const [text, each] of ids.entries()) {
      const beyond = each.find((id) => id >= this.#tableRows);
      if (beyond === undefined) continue;
      const token = JSON.stringify(this.#native.idToToken(beyond) ?? '');
      throw new ExecutionError(
        `text ${firstText + text} uses the token ${token}, id ${beyond}, but the model's word table has ${this.#tableRows} ` +
          `rows: leave the token out of the text, or load a model that was trained with the tokenizer of '${this.#source}'`,
      );
    }
  }

  /**
   * How many leading tokens of an encoded text belong to `prompt`: its own tokens with the special token before them,
   * without the one after them (sentence-transformers' definition, for pooling that leaves the prompt out).
   */
  async promptLength(prompt: string): Promise<number> {
    const encoding = await this.#native.encode(prompt.toWellFormed());
    return encoding.getLength() - (encoding.getSpecialTokensMask().at(-1) === 1 ? 1 : 0);
  }

  /** An id's entry in the vocabulary, `##ing` or `Ġthe`; undefined for an id that it does not have. */
  token(id: number): string | undefined {
    return this.#native.idToToken(id) ?? undefined;
  }

  /** The id of an entry of the vocabulary, `[PAD]`; undefined for one that it does not have. */
  id(token: string): number | undefined {
    return this.#native.tokenToId(token) ?? undefined;
  }

  /** The text of an id by itself, without the marks of a vocabulary where the tokenizer's decoder takes them away. */
  async word(id: number): Promise<string> {
    return (await this.#native.decode([id], false)).trim();
  }

  #firstPiece(texts: readonly string[], index: number, prompt: string): Piece {
    const given: unknown = texts[index];
    if (typeof given !== 'string') {
      throw new ArgumentError(
        `expected text ${index} to be a string but received ${given === null ? 'null' : typeof given}`,
      );
    }
    const text = prompt + given;
    return this.#piece(index, text, 1.25 * this.maxLength);
  }

  #piece(index: number, text: string, tokens: number): Piece {
    const whole = this.#cutter === undefined || text.length <= tokens;
    return {
      index,
      text,
      tokens,
      prefix: whole ? { text, complete: true } : this.#cutter.prefix(text, tokens),
    };
  }

  // Encodes pieces; those that turn out to have too few tokens come again, longer.
  async #encodePieces(first: Piece[], ids: number[][], truncated: Uint8Array): Promise<void> {
    for (let pieces = first; pieces.length > 0; ) {
      const again: Piece[] = [];
      const encodings = await this.#run(pieces.map(({ prefix }) => prefix.text.toWellFormed()));
      for (const [i, encoding] of encodings.entries()) {
        const { index, text, tokens, prefix } = pieces[i] as Piece;
        const found = encoding.getIds();
        const overflows = found.length === this.maxLength && encoding.getOverflowing().length > 0;
        if (!overflows && !prefix.complete) {
          again.push(this.#piece(index, text, 4 * tokens));
        } else {
          ids[index] = found;
          truncated[index] = overflows ? 1 : 0;
        }
      }
      pieces = again;
    }
  }

  async #run(texts: string[]) {
    try {
      const [first, ...others] = texts;
      // One text needs no help from the library's thread pool, and is back sooner without it.
      if (first !== undefined && others.length === 0) return [await this.#native.encode(first)];
      return await this.#native.encodeBatch(texts);
    } catch (error) {
      throw new TokenizerError(`the tokenizer of '${this.#source}' failed: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** A text on its way to its tokens. */
interface Piece {
  /** Place among the texts. */
  index: number;
  text: string;
  /** The number of tokens the prefix was chosen for. */
  tokens: number;
  prefix: TextPrefix;
}

function joinTokens(ids: readonly number[][], truncated: Uint8Array): RaggedTokens {
  const offsets = new Int32Array(ids.length + 1);
  let total = 0;
  for (const [i, each] of ids.entries()) {
    total += each.length;
    offsets[i + 1] = total;
  }
  const tokenIds = new Int32Array(total);
  for (const [i, each] of ids.entries()) tokenIds.set(each, offsets[i]);
  return { tokenIds, offsets, truncated };
}

// On first use, not on import: the library is a native addon of its own.
async function loadLibrary(): Promise<typeof import('tokenizers')> {
  try {
    return await import('tokenizers');
  } catch (error) {
    throw new TokenizerError(
      `the tokenizers package cannot be loaded (${(error as Error).message}); install it again with npm`,
      { cause: error },
    );
  }
}
