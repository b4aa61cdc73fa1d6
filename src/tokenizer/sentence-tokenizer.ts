// Sentences to the token ids of pretraining: without special tokens, never cut off, and with the place of each token in its
// sentence, so that words and annotations are found again. Pieces that came before are looked up (token-cache.ts).

import type { Encoding, Tokenizer as NativeTokenizer } from 'tokenizers';
import { TokenizerError } from '../errors.ts';
import { withTokenizerThreadsCapped } from '../native/tokenizer-threads.ts';
import type { TokenizerSpec } from './spec/tokenizer-json.ts';
import {
  type LoadedSpec,
  maskIdOf,
  readTokenizerSpec,
  type SpecOptions,
  specForLibrary,
  specialIdsOf,
  vocabularySizeOf,
} from './spec/tokenizer-spec.ts';
import { PieceCutter, type PieceTokens, TokenCache } from './token-cache.ts';

/** The tokens of several sentences, laid end to end. */
export interface SentenceTokens {
  /** [tokens] */
  tokenIds: Int32Array;
  /** [tokens], where each begins in its sentence, in UTF-16 units. */
  starts: Int32Array;
  /** [sentences + 1] */
  offsets: Int32Array;
}

/** A sentence and whether a text begins with it. */
export interface SentenceInput {
  text: string;
  first: boolean;
}

const piecesPerCall = 512;
/** Different pieces that are kept, each some 200 bytes; longer ones are rare and not kept. */
const cachedPieces = 200_000;
const longestCachedPiece = 48;
const eastAsian = /^[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uffef]/;

export class SentenceTokenizer {
  /** One more than the largest token id. */
  readonly vocabularySize: number;
  /** Ids that no word gets: [CLS], [SEP], [PAD] and their like. */
  readonly specialIds: readonly number[];
  /** Of [MASK], where the vocabulary has one. */
  readonly maskId: number | undefined;
  /** What a text gets before it and after it, [CLS] and [SEP] in BERT; undefined where it does not get one of each. */
  readonly frame: { first: number; last: number } | undefined;
  /** [vocabularySize]; 1 where a token goes on with the word of the token before it: "##" pieces, no space before. */
  readonly continues: Uint8Array;
  /** The file that it was read from. */
  readonly source: string;
  /** What of the folder's settings was passed over or assumed. */
  readonly notes: readonly string[];
  readonly #native: NativeTokenizer;
  readonly #cutter: PieceCutter | undefined;
  readonly #cache = new TokenCache(cachedPieces);
  /** Whether a sentence that is not the first of its text is tokenized with the space before it. */
  readonly #spaceBefore: boolean;

  private constructor(native: NativeTokenizer, loaded: LoadedSpec, frame: readonly number[]) {
    const { spec, source, maskName, notes } = loaded;
    this.#native = native;
    this.#cutter = PieceCutter.for(spec);
    this.#spaceBefore =
      spec.pre_tokenizer?.type === 'ByteLevel' && spec.pre_tokenizer.add_prefix_space === false;
    this.vocabularySize = vocabularySizeOf(spec);
    this.specialIds = specialIdsOf(spec);
    this.maskId = maskIdOf(spec, maskName);
    const [first, last] = frame;
    this.frame = frame.length === 2 ? { first: first as number, last: last as number } : undefined;
    this.continues = continuingTokens(native, spec, this.vocabularySize);
    this.source = source;
    this.notes = notes;
  }

  /** Loads a folder's tokenizer, as Tokenizer.load does. @throws {TokenizerError} naming the file that cannot be used */
  static async load(folder: string, options: SpecOptions = {}): Promise<SentenceTokenizer> {
    const loaded = await readTokenizerSpec(folder, options);
    try {
      const library = await import('tokenizers');
      const native = library.Tokenizer.fromString(JSON.stringify(specForLibrary(loaded)));
      await withTokenizerThreadsCapped(() => native.encodeBatch(['', '']));
      return new SentenceTokenizer(native, loaded, (await native.encode('')).getIds());
    } catch (error) {
      throw new TokenizerError(`'${loaded.source}' cannot be used: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /**
   * Tokenizes sentences. One whose every character is dropped has no tokens. Lone surrogates count as U+FFFD.
   * @throws {TokenizerError} The library fails
   */
  async encode(sentences: readonly SentenceInput[]): Promise<SentenceTokens> {
    const shifts = new Int32Array(sentences.length);
    const texts = sentences.map(({ text, first }, i) => {
      const wellFormed = text.toWellFormed();
      if (!this.#spaceBefore || first || eastAsian.test(wellFormed)) return wellFormed;
      shifts[i] = 1;
      return ` ${wellFormed}`;
    });
    const cuts = texts.map((text) => this.#cutter?.cut(text) ?? [{ text, start: 0 }]);
    const tokens = await this.#tokensOf(cuts.flat().map(({ text }) => text));
    const total = tokens.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0);
    const made = {
      tokenIds: new Int32Array(total),
      starts: new Int32Array(total),
      offsets: new Int32Array(texts.length + 1),
    };
    let at = 0;
    let piece = 0;
    for (const [sentence, pieces] of cuts.entries()) {
      for (const { start } of pieces) {
        const { tokenIds, starts } = tokens[piece++] as PieceTokens;
        const from = start - (shifts[sentence] as number);
        for (let i = 0; i < tokenIds.length; i++) {
          made.tokenIds[at] = tokenIds[i] as number;
          made.starts[at++] = Math.max(0, from + (starts[i] as number));
        }
      }
      made.offsets[sentence + 1] = at;
    }
    return made;
  }

  /** The text of tokens; the first, where it goes on with a word, keeps its mark: `##ing`. */
  async decode(tokenIds: Int32Array): Promise<string> {
    return (await this.#native.decode([...tokenIds], false)).trim();
  }

  /** Each piece's tokens, from the cache or, all that are new together, from the library. */
  async #tokensOf(pieces: readonly string[]): Promise<PieceTokens[]> {
    const found = pieces.map((piece) => this.#cache.get(piece));
    const missing = [...new Set(pieces.filter((_, i) => found[i] === undefined))];
    const fresh = new Map<string, PieceTokens>();
    for (let start = 0; start < missing.length; start += piecesPerCall) {
      const texts = missing.slice(start, start + piecesPerCall);
      for (const [i, encoding] of (await this.#run(texts)).entries()) {
        const text = texts[i] as string;
        const tokens = tokensOf(encoding, text);
        fresh.set(text, tokens);
        if (text.length <= longestCachedPiece) this.#cache.set(text, tokens);
      }
    }
    return found.map((tokens, i) => tokens ?? (fresh.get(pieces[i] as string) as PieceTokens));
  }

  async #run(texts: string[]): Promise<Encoding[]> {
    try {
      return await this.#native.encodeBatch(texts, { addSpecialTokens: false });
    } catch (error) {
      const reason = (error as Error).message;
      throw new TokenizerError(`the tokenizer of '${this.source}' failed: ${reason}`, { cause: error });
    }
  }
}

/** The library counts characters; places here are UTF-16 units. */
function tokensOf(encoding: Encoding, text: string): PieceTokens {
  const starts = encoding.getOffsets().map(([start]) => start as number);
  if (!/[\ud800-\udbff]/.test(text)) return { tokenIds: encoding.getIds(), starts };
  const units: number[] = [];
  for (let unit = 0; unit < text.length; unit += (text.codePointAt(unit) as number) > 0xffff ? 2 : 1)
    units.push(unit);
  return { tokenIds: encoding.getIds(), starts: starts.map((start) => units[start] ?? text.length) };
}

/** Which tokens go on with a word: by "##" in WordPiece, by the missing mark of a space in the others. */
function continuingTokens(native: NativeTokenizer, { model }: TokenizerSpec, size: number): Uint8Array {
  const continues = new Uint8Array(size);
  const prefix = model.continuing_subword_prefix;
  const names = Object.entries(native.getVocab(false));
  if (typeof prefix === 'string' && prefix !== '') {
    for (const [name, id] of names) if (name.startsWith(prefix)) continues[id] = 1;
    return continues;
  }
  const marks = ['Ġ', 'Ċ', 'ĉ', '▁'];
  if (!names.some(([name]) => marks.includes(name[0] as string))) return continues;
  for (const [name, id] of names) if (!marks.includes(name[0] as string)) continues[id] = 1;
  return continues;
}
