// Sentences are cut into pieces that a tokenizer treats each by itself, so that each different piece is tokenized once and
// looked up from then on: ten times as fast, and the tokens are the library's own. That holds for two kinds:
//
// - BERT (BertNormalizer, BertPreTokenizer, WordPiece): what lies between blanks, and each Chinese character where the
//   normalizer sets those apart. Nothing there looks past them (see text-cutter.ts).
// - Byte-level BPE without a normalizer: what GPT-2's pattern splits. JavaScript's classes of letters may be newer than the
//   library's, so only sentences of long-known blocks of Unicode are cut this way.
//
// A sentence with an added token in it ("[MASK]", "</s>") is not cut: the library looks for those in the raw text.

import { ownText } from './own-text.ts';
import type { Component, TokenizerSpec } from './spec/tokenizer-json.ts';

/** The tokens of a piece. */
export interface PieceTokens {
  tokenIds: readonly number[];
  /** Where each begins, in UTF-16 units from the start of the piece. */
  starts: readonly number[];
}

/** A piece of a sentence. */
export interface TextPiece {
  text: string;
  /** Its place in the sentence, in UTF-16 units. */
  start: number;
}

const betweenBlanks = /[^ \t\r\n]+/g;
const betweenBlanksAndChinese = /[\u4e00-\u9fa5]|[^ \t\r\n\u4e00-\u9fa5]+/g;
/** GPT-2's split of a text into words, with the space before each. */
export const gpt2Words =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
/** Texts whose characters JavaScript and the library class alike. */
export const longKnown =
  /^[\t -\u0377\u0400-\u0523\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20ac\u2100-\u214f\u2190-\u21ff\u2500-\u25ff\u3000-\u30ff\u4e00-\u9fa5\uac00-\ud7a3\uff01-\uff5e]*$/;

/** Cuts sentences for one tokenizer. */
export class PieceCutter {
  readonly #pattern: RegExp;
  readonly #safe: RegExp | undefined;
  readonly #added: RegExp | undefined;

  private constructor(pattern: RegExp, safe: RegExp | undefined, added: readonly string[]) {
    this.#pattern = pattern;
    this.#safe = safe;
    const escaped = added.map((content) => content.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    this.#added = escaped.length === 0 ? undefined : new RegExp(escaped.join('|'), 'iu');
  }

  /** The cutter for a tokenizer; undefined where its sentences must be given whole. */
  static for(spec: TokenizerSpec): PieceCutter | undefined {
    const added = spec.added_tokens.map(({ content }) => content);
    const { model, normalizer = null, pre_tokenizer: splitter = null } = spec;
    if (model.type === 'WordPiece' && splitter?.type === 'BertPreTokenizer' && isBert(normalizer)) {
      const pattern = setsChineseApart(normalizer) ? betweenBlanksAndChinese : betweenBlanks;
      return new PieceCutter(pattern, undefined, added);
    }
    const byteLevel = model.type === 'BPE' && splitter?.type === 'ByteLevel' && normalizer === null;
    if (byteLevel && splitter.add_prefix_space === false && splitter.use_regex !== false) {
      return new PieceCutter(gpt2Words, longKnown, added);
    }
    return undefined;
  }

  /** The pieces of a sentence; undefined where it has to be tokenized whole. */
  cut(sentence: string): TextPiece[] | undefined {
    if (this.#safe?.test(sentence) === false || this.#added?.test(sentence)) return undefined;
    const pieces: TextPiece[] = [];
    for (const match of sentence.matchAll(this.#pattern)) pieces.push({ text: match[0], start: match.index });
    return pieces;
  }
}

function partsOf(normalizer: Component | null): Component[] {
  if (normalizer === null) return [];
  return normalizer.type === 'Sequence' ? (normalizer.normalizers as Component[]) : [normalizer];
}

function isBert(normalizer: Component | null): boolean {
  return partsOf(normalizer).every(({ type }) => type === 'BertNormalizer' || type === 'Lowercase');
}

function setsChineseApart(normalizer: Component | null): boolean {
  return partsOf(normalizer).some(
    (part) => part.type === 'BertNormalizer' && part.handle_chinese_chars !== false,
  );
}

/** Pieces with their tokens, up to a number of them: past it all are forgotten, and the common ones are back soon. */
export class TokenCache {
  readonly #pieces = new Map<string, PieceTokens>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(piece: string): PieceTokens | undefined {
    return this.#pieces.get(piece);
  }

  set(piece: string, tokens: PieceTokens): void {
    if (this.#pieces.size >= this.#most) this.#pieces.clear();
    this.#pieces.set(ownText(piece), tokens);
  }
}
