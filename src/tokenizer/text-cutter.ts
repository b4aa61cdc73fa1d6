// How much of a long text has to be tokenized. Tokenizing costs up to 4 microseconds a character, and a text of
// megabytes would spend minutes on tokens that truncation throws away.
//
// A text may be cut at index i when the tokens of text[0, i) are the first tokens of the whole text. That holds where
// the tokenizer always separates what lies on the two sides, whatever they are:
//
// - BERT (BertPreTokenizer and WordPiece): before whitespace, before ASCII punctuation, and before a Chinese character
//   when the normalizer sets those apart. Nothing that starts with such a character merges backwards: they are no
//   combining marks, and BERT's normalizer composes nothing.
// - Any tokenizer that splits words at spaces: between a letter, digit or ASCII punctuation and a space.
//
// For BERT a text may also be shortened inside: a word of more than max_input_chars_per_word characters is one [UNK]
// however long it is, and a run of whitespace is the same as one space. So a word of megabytes needs no cut.
//
// Added tokens ("[MASK]", "</s>") are found in the raw text first, across all of this. So no cut is made before a
// character that occurs in any of them, and what could be part of one is not shortened.
// For other tokenizers there is no cutter, and a text is tokenized whole.

import {
  classOf,
  INSIDE_WORD,
  LETTER_OR_DIGIT,
  MARK,
  PUNCTUATION,
  SET_APART_CHINESE,
  WHITESPACE,
} from './character-class.ts';
import type { Component, TokenizerSpec } from './spec/tokenizer-json.ts';

/** Normalizers that neither move text across a space nor remove one between two words. */
const SPACE_KEEPING = new Set(
  'BertNormalizer Lowercase StripAccents NFC NFD NFKC NFKD Precompiled Strip Prepend'.split(' '),
);
/** Normalizers that compose nothing, so that a character before which BERT splits stays one. */
const NOT_COMPOSING = new Set(['BertNormalizer', 'Lowercase', 'StripAccents', 'NFD']);
/** Pre-tokenizers that split before a space that follows a letter, digit or punctuation. */
const SPACE_SPLITTING = new Set([
  'BertPreTokenizer',
  'Whitespace',
  'WhitespaceSplit',
  'ByteLevel',
  'Metaspace',
]);
/** Pre-tokenizers that only split further, looking at one character at a time. */
const HARMLESS = new Set(['Punctuation', 'Digits']);

/** A guess that decides only where the first cut is tried: tokens per UTF-16 unit. */
const TOKENS_PER_UNIT = 0.2;
/** The same from U+2E80 on: Chinese, Japanese, Korean. */
const TOKENS_PER_EAST_ASIAN_UNIT = 1;

/** The beginning of a text. */
export interface TextPrefix {
  /** What to tokenize. */
  text: string;
  /** Whether its tokens are all tokens of the text, and not only the first ones. */
  complete: boolean;
}

/** Shortens texts for one tokenizer. */
export class TextCutter {
  readonly #blocked: ReadonlySet<string>;
  readonly #bert: boolean;
  /** Character classes before which this tokenizer always splits. */
  readonly #splitting: number;
  readonly #shortensSpaces: boolean;
  /** Characters after which a word is [UNK] for certain; infinite where words have no limit. */
  readonly #wordLimit: number;

  private constructor(spec: TokenizerSpec, bert: boolean) {
    const normalizers = flatten(spec.normalizer ?? null, 'normalizers');
    const added = spec.added_tokens.flatMap(({ content }) => spellings(content));
    this.#blocked = new Set(added.flatMap((content) => [...content]));
    this.#bert = bert;
    const setsApart = normalizers.some((each) => each.handle_chinese_chars === true);
    // A token that is only found as a single word depends on the character after it, unless that is whitespace.
    const singleWords = spec.added_tokens.some((token) => token.single_word === true);
    this.#splitting = WHITESPACE | (singleWords ? 0 : PUNCTUATION | (setsApart ? SET_APART_CHINESE : 0));
    this.#shortensSpaces =
      bert && ![...this.#blocked].some((each) => classOf(each.charCodeAt(0)) === WHITESPACE);
    const limit = spec.model.max_input_chars_per_word ?? 100;
    const shortensWords = bert && added.every((content) => staysApart(content, limit));
    this.#wordLimit = shortensWords ? limit + 1 : Number.POSITIVE_INFINITY;
  }

  /** The cutter for a tokenizer, or undefined when no cut is known to be safe for it. */
  static for(spec: TokenizerSpec): TextCutter | undefined {
    const normalizers = flatten(spec.normalizer ?? null, 'normalizers');
    const preTokenizers = flatten(spec.pre_tokenizer ?? null, 'pretokenizers');
    const only = preTokenizers.length === 1 ? preTokenizers[0] : undefined;
    const wordPiece = spec.model.type === 'WordPiece';
    if (
      wordPiece &&
      only?.type === 'BertPreTokenizer' &&
      normalizers.every((each) => NOT_COMPOSING.has(each.type))
    ) {
      return new TextCutter(spec, true);
    }
    const known = preTokenizers.every((each) => SPACE_SPLITTING.has(each.type) || HARMLESS.has(each.type));
    if (!known || !preTokenizers.some(splitsAtSpaces) || !normalizers.every(keepsSpaces)) return undefined;
    return new TextCutter(spec, false);
  }

  /** A beginning of `text` that should give about `tokens` tokens; its tokens are the first tokens of `text`. */
  prefix(text: string, tokens: number): TextPrefix {
    const kept: string[] = [];
    let start = 0; // of the stretch that is kept as it is
    let expected = 0;
    let run = 0; // characters of the word at hand that certainly count
    let i = 0;
    const skipTo = (next: number): void => {
      kept.push(text.slice(start, i + 1));
      start = next;
    };
    while (i < text.length) {
      if (expected >= tokens && i > 0 && this.#splitsBefore(text, i)) break;
      const unit = text.charCodeAt(i);
      const kind = classOf(unit);
      run = kind === INSIDE_WORD ? run + 1 : kind === MARK ? run : 0;
      let next = i + 1;
      if (kind === WHITESPACE && this.#shortensSpaces) next = endOfRun(text, next, WHITESPACE);
      if (run >= this.#wordLimit) {
        next = endOfRun(text, next, INSIDE_WORD | MARK);
        expected = Math.max(0, expected - run * TOKENS_PER_UNIT);
        run = 0;
      }
      if (next > i + 1) skipTo(next);
      expected += unit >= 0x2e80 ? TOKENS_PER_EAST_ASIAN_UNIT : TOKENS_PER_UNIT;
      i = next;
    }
    const complete = i >= text.length;
    if (complete && start === 0) return { text, complete };
    kept.push(text.slice(start, i));
    return { text: kept.join(''), complete };
  }

  #splitsBefore(text: string, i: number): boolean {
    const next = text.charAt(i);
    if (this.#blocked.has(next)) return false;
    if (this.#bert) return (classOf(next.charCodeAt(0)) & this.#splitting) !== 0;
    const previous = text.charAt(i - 1);
    return (
      next === ' ' && (classOf(previous.charCodeAt(0)) === PUNCTUATION || LETTER_OR_DIGIT.test(previous))
    );
  }
}

/** The forms in which an added token may stand in a text before or after normalisation. */
function spellings(content: string): string[] {
  const decomposed = content.normalize('NFD');
  return [content, content.toLowerCase(), decomposed, decomposed.toLowerCase()];
}

// A token that begins and ends with something else than a letter cannot overlap the run of letters of a long word.
function staysApart(content: string, limit: number): boolean {
  const inWord = (unit: number): boolean => (classOf(unit) & (INSIDE_WORD | MARK)) !== 0;
  const ends = [content.charCodeAt(0), content.charCodeAt(content.length - 1)];
  return content.length <= limit && !ends.some(inWord);
}

function endOfRun(text: string, from: number, classes: number): number {
  let end = from;
  while (end < text.length && (classOf(text.charCodeAt(end)) & classes) !== 0) end += 1;
  return end;
}

// XLM-RoBERTa's newer export replaces runs of spaces by one, which moves nothing across a word's end.
function keepsSpaces(normalizer: Component): boolean {
  if (SPACE_KEEPING.has(normalizer.type)) return true;
  const pattern = normalizer.pattern as { Regex?: unknown } | undefined;
  return normalizer.type === 'Replace' && pattern?.Regex === ' {2,}' && normalizer.content === ' ';
}

function splitsAtSpaces(preTokenizer: Component): boolean {
  if (!SPACE_SPLITTING.has(preTokenizer.type)) return false;
  return preTokenizer.use_regex !== false && preTokenizer.split !== false;
}

/** A component, or the parts of a sequence of components, at any depth. */
function flatten(component: Component | null, key: 'normalizers' | 'pretokenizers'): Component[] {
  if (component === null) return [];
  if (component.type !== 'Sequence') return [component];
  const parts = component[key];
  return Array.isArray(parts) ? parts.flatMap((part) => flatten(part as Component, key)) : [component];
}
