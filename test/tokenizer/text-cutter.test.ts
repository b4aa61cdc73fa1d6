// Cutting a long text never changes the tokens that are kept: a tokenizer with a small maximum length, which cuts,
// against the same one with a maximum so large that it never does, on random texts of everything that is awkward.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkSpec, readTokenizerSpec } from '../../src/tokenizer/spec/tokenizer-spec.ts';
import { TextCutter } from '../../src/tokenizer/text-cutter.ts';
import { Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { seededRandom } from '../seeded-random.ts';
import { type Content, scratchFolder, writeTree } from '../temporary-file.ts';
import {
  BERT_NORMALIZER,
  BPE_MERGES,
  BPE_VOCAB,
  plainToken,
  tokenizerJson,
  UNIGRAM_CHANGES,
  VOCAB_TXT,
  WORD_PIECE,
} from './fixtures.ts';

const root = scratchFolder();

const ATOMS = [
  ...['a', 'b', 'hello', 'walking', 'aab', 'ab', '1', 'É', 'İ', 'ß', 'Σ', 'ﬁ', '½', 'ǆ', 'Ж', 'ö', 'o\u0308'],
  ...[
    ' ',
    ' ',
    '  ',
    '\t',
    '\n',
    '\r\n',
    '\u00a0',
    '\u2003',
    '\u3000',
    '\u200b',
    '\u200d',
    '\u00ad',
    '\0',
    '\u0085',
  ],
  ...[
    '.',
    ',',
    '!',
    '-',
    '$',
    '<',
    '=',
    '\u0338',
    '<\u0338',
    '…',
    '。',
    '，',
    '！',
    '«',
    '\u037e',
    '`',
    '×',
    '\u0482',
  ],
  ...[
    '中',
    '国',
    '我',
    '\u9fef',
    '\u3400',
    '豈',
    '𠀀',
    'の',
    'が',
    'か\u3099',
    'カ',
    '한',
    '글',
    'กำ',
    'ที่',
    'ไทย',
  ],
  ...[
    '😀',
    '👍🏽',
    '\u0301',
    '\u0323\u0307',
    '\u20dd',
    '\ufe0f',
    '\ud800',
    '\udc00',
    '\uffff',
    '\ue000',
    '\u{1f9ff}',
  ],
  ...[
    '[MASK]',
    '[SEP]',
    '[',
    'MASK',
    ']',
    '<mask>',
    '</s>',
    "'s",
    "'ll",
    'xy z',
    'zab',
    '\u0378',
    '\u{10d6f}',
  ],
];

/** A text of up to `atoms` pieces, some of them repeated many times. */
function randomText(random: () => number, atoms: number): string {
  const favourites = Array.from({ length: 1 + Math.floor(random() * 6) }, () => pick(random));
  let text = '';
  for (let left = Math.floor(random() * atoms); left > 0; left--) {
    const atom =
      random() < 0.7 ? (favourites[Math.floor(random() * favourites.length)] as string) : pick(random);
    text += atom.repeat(random() < 0.1 ? Math.floor(random() * 40) : 1);
  }
  return text;
}

function pick(random: () => number): string {
  return ATOMS[Math.floor(random() * ATOMS.length)] as string;
}

const shortWords = { ...WORD_PIECE, max_input_chars_per_word: 5 };
const json = (changes: object): Record<string, Content> => ({
  'tokenizer.json': tokenizerJson({ model: shortWords, ...changes }),
});
const bert = (changes: object) => json({ normalizer: { ...BERT_NORMALIZER, ...changes } });

const TOKENIZERS: [string, Record<string, Content>, boolean][] = [
  ['BERT', bert({}), true],
  ['BERT with words of up to 100 characters', { 'vocab.txt': VOCAB_TXT }, true],
  ['cased BERT', bert({ lowercase: false }), true],
  ['BERT that keeps accents', bert({ strip_accents: false }), true],
  ['BERT that leaves Chinese together', bert({ handle_chinese_chars: false }), true],
  ['BERT that keeps control characters', bert({ clean_text: false }), true],
  ['an added token of letters', json({ added_tokens: [plainToken('aab')] }), true],
  ['an added token with a space', json({ added_tokens: [plainToken('xy z'), plainToken('a  b')] }), true],
  [
    'an added token that begins or ends in letters',
    json({ added_tokens: [plainToken('hello!'), plainToken('-walking')] }),
    true,
  ],
  ['an added token of punctuation', json({ added_tokens: [plainToken('.,')] }), true],
  ['an added token of Chinese', json({ added_tokens: [plainToken('中国')] }), true],
  [
    'an added token that is normalized',
    json({ added_tokens: [{ ...plainToken('É!'), normalized: true }] }),
    true,
  ],
  [
    'an added token that takes spaces along',
    json({ added_tokens: [{ ...plainToken('[MASK]'), lstrip: true, rstrip: true }] }),
    true,
  ],
  [
    'an added token that is a single word',
    json({ added_tokens: [{ ...plainToken('ab'), single_word: true }] }),
    true,
  ],
  ['no normalizer', json({ normalizer: null }), true],
  [
    'NFC before BERT',
    json({ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, BERT_NORMALIZER] } }),
    true,
  ],
  [
    'NFKC before BERT',
    json({ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKC' }, BERT_NORMALIZER] } }),
    true,
  ],
  [
    'lower-casing before BERT',
    json({ normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, BERT_NORMALIZER] } }),
    true,
  ],
  ['words and punctuation apart', json({ pre_tokenizer: { type: 'Whitespace' } }), true],
  ['words by whitespace alone', json({ pre_tokenizer: { type: 'WhitespaceSplit' } }), true],
  ['byte-level BPE', { 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES }, true],
  ['Unigram', json({ ...UNIGRAM_CHANGES, added_tokens: [] }), true],
  [
    'a pre-tokenizer nobody knows',
    json({ pre_tokenizer: { type: 'CharDelimiterSplit', delimiter: 'a' } }),
    false,
  ],
  [
    'a replacing normalizer',
    json({ normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '' } }),
    false,
  ],
];

async function folderFor(name: string, tree: Record<string, Content>): Promise<string> {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  return writeTree(folder, tree);
}

function textsFor(name: string): string[] {
  const random = seededRandom(name.length);
  const mixed = Array.from({ length: 150 }, (_, i) => randomText(random, i % 4 === 0 ? 400 : 60));
  return [...mixed, ...ATOMS.flatMap((atom) => [`a${atom}`.repeat(60), `b${atom}a `.repeat(40)])];
}

/** The ids of each text. */
async function idsOf(tokenizer: Tokenizer, texts: string[]): Promise<number[][]> {
  const { tokenIds, offsets } = await tokenizer.encode(texts);
  return texts.map((_, i) => [...tokenIds.subarray(offsets[i], offsets[i + 1])]);
}

describe('a text that is cut', () => {
  it.each(TOKENIZERS)('begins with the same tokens: %s', async (name, tree, known) => {
    const folder = await folderFor(name, tree);
    const cutter = TextCutter.for((await readTokenizerSpec(folder)).spec);
    expect(cutter !== undefined).toBe(known);
    if (cutter === undefined) return;
    const whole = await Tokenizer.load(folder, { maxLength: 1_000_000 });
    const texts = textsFor(name);
    const expected = await idsOf(whole, texts);
    for (const tokens of [1, 2, 3, 5, 9, 20]) {
      const prefixes = texts.map((text) => cutter.prefix(text, tokens));
      const found = await idsOf(
        whole,
        prefixes.map(({ text }) => text),
      );
      for (const [i, { text, complete }] of prefixes.entries()) {
        const all = expected[i] as number[];
        const ids = found[i] as number[];
        const message = `${JSON.stringify(texts[i])} cut to ${JSON.stringify(text)}`;
        expect(ids.slice(0, -1), message).toEqual(all.slice(0, ids.length - 1));
        if (complete) expect(ids, message).toEqual(all);
      }
    }
  });

  it.each(TOKENIZERS)('is truncated as the whole text is: %s', async (name, tree) => {
    const folder = await folderFor(name, tree);
    const texts = textsFor(name).slice(0, 150);
    const expected = await idsOf(await Tokenizer.load(folder, { maxLength: 1_000_000 }), texts);
    for (const maxLength of [4, 31]) {
      const tokenizer = await Tokenizer.load(folder, { maxLength });
      const found = await idsOf(tokenizer, texts);
      const { truncated } = await tokenizer.encode(texts);
      for (const [i, all] of expected.entries()) {
        const kept = all.length > maxLength ? [...all.slice(0, maxLength - 1), all.at(-1)] : all;
        expect(found[i], JSON.stringify(texts[i])).toEqual(kept);
        expect(truncated[i], JSON.stringify(texts[i])).toBe(all.length > maxLength ? 1 : 0);
      }
    }
  });
});

describe('TextCutter', () => {
  const cutter = TextCutter.for(checkSpec(tokenizerJson(), 'tokenizer.json')) as TextCutter;

  it.each<[string, string, number]>([
    ['words', 'hello '.repeat(100_000), 110],
    ['a word of a megabyte', 'x'.repeat(1_000_000), 110],
    ['Thai of a megabyte', 'ที่'.repeat(300_000), 320],
    ['whitespace of a megabyte', ' \n'.repeat(500_000), 10],
    ['Chinese of a megabyte', '中'.repeat(1_000_000), 30],
    ['dots of a megabyte', '.'.repeat(1_000_000), 110],
  ])('takes little of %s', (_name, text, most) => {
    const prefix = cutter.prefix(text, 20);
    expect(prefix.text.length).toBeGreaterThan(0);
    expect(prefix.text.length).toBeLessThanOrEqual(most);
  });

  it('leaves a text alone that has nothing to cut', () => {
    expect(cutter.prefix('hello world', 20)).toEqual({ text: 'hello world', complete: true });
  });

  it('says whether it took everything', () => {
    expect(cutter.prefix(`${'x'.repeat(500)} end`, 20)).toEqual({
      text: `${'x'.repeat(101)} end`,
      complete: true,
    });
    expect(cutter.prefix('hello '.repeat(100), 2).complete).toBe(false);
  });
});
