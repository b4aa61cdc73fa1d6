// Tokenizers from the three kinds of folder, the model's own limits and odd texts; refused-tokenizer.test.ts has the files
// that cannot be used.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ArgumentError } from '../../src/errors.ts';
import { Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { expectError } from '../expect-error.ts';
import { type Content, scratchTrees } from '../temporary-file.ts';
import {
  BPE_MERGES,
  BPE_VOCAB,
  idsOf,
  plainToken,
  TOKENS,
  templateWith,
  tokenizerJson,
  UNIGRAM_CHANGES,
  VOCAB_TXT,
} from './fixtures.ts';
import { encodeOne, rows, tokenizerLoader } from './load-tokenizer.ts';

const load = tokenizerLoader();
const newTree = scratchTrees();

const TRUNCATION = { max_length: 3, strategy: 'LongestFirst', stride: 0 };

const text = 'Hello, WALKING world!';
const textIds = idsOf('[CLS] hello , walk ##ing world ! [SEP]');

describe('kinds of folder', () => {
  it.each<[string, Record<string, Content>]>([
    ['tokenizer.json', { 'tokenizer.json': tokenizerJson() }],
    [
      'tokenizer.json with a byte order mark',
      { 'tokenizer.json': `\ufeff${JSON.stringify(tokenizerJson())}` },
    ],
    ['vocab.txt', { 'vocab.txt': VOCAB_TXT }],
    ['vocab.txt with CRLF and no last newline', { 'vocab.txt': TOKENS.join('\r\n') }],
    ['vocab.txt with an empty line at the end of the ids', { 'vocab.txt': `${VOCAB_TXT}\nlast\n` }],
    ['tokenizer.json before vocab.txt', { 'tokenizer.json': tokenizerJson(), 'vocab.txt': 'nonsense' }],
  ])('%s', async (_name, tree) => {
    const tokenizer = await load(tree);
    expect(await encodeOne(tokenizer, text)).toEqual(textIds);
    expect(await encodeOne(tokenizer, '')).toEqual(idsOf('[CLS] [SEP]'));
  });

  it.each<[string, Record<string, Content>, string[]]>([
    ['tokenizer.json', { 'tokenizer.json': tokenizerJson() }, ['[CLS]', '[SEP]', '[UNK]', '[PAD]', '[MASK]']],
    ['vocab.txt', { 'vocab.txt': VOCAB_TXT }, ['[CLS]', '[SEP]', '[UNK]', '[PAD]', '[MASK]']],
  ])('%s says which ids no word gets, and which one stands for a hidden word', async (_name, tree, names) => {
    const tokenizer = await load(tree);
    expect([...tokenizer.specialIds].sort()).toEqual(names.flatMap((name) => idsOf(name)).sort());
    expect([tokenizer.maskId]).toEqual(idsOf('[MASK]'));
  });

  it('takes the mask token that the folder names, or none', async () => {
    const named = { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { mask_token: 'hello' } };
    expect([(await load(named)).maskId]).toEqual(idsOf('hello'));
    const bytes = await load({ 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES });
    expect(bytes.maskId).toBe(BPE_VOCAB['<mask>']);
    expect(bytes.specialIds).toContain(BPE_VOCAB['</s>']);
    const added = { 'tokenizer.json': tokenizerJson(), 'tokenizer_config.json': { mask_token: '[NEW]' } };
    expect((await load(added)).maskId).toBe(TOKENS.length);
    const none = { 'tokenizer.json': tokenizerJson({ ...UNIGRAM_CHANGES, added_tokens: [] }) };
    expect((await load(none)).maskId).toBeUndefined();
  });

  it('byte-level BPE from vocab.json and merges.txt', async () => {
    const tokenizer = await load({ 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES });
    const ids = ['<s>', 'hello', 'Ġhello', 'Ġ', 'Ġa', 'Ġ', '<mask>', '.', '</s>'].map(
      (token) => BPE_VOCAB[token],
    );
    expect(await encodeOne(tokenizer, 'hello hello  a <mask>.')).toEqual(ids);
    expect(tokenizer.vocabularySize).toBe(Object.keys(BPE_VOCAB).length);
    const accents = ['<s>', 'Ã', '©', '</s>'].map((token) => BPE_VOCAB[token]);
    expect(await encodeOne(tokenizer, 'é')).toEqual(accents);
  });

  it('honours add_prefix_space of a byte-level tokenizer', async () => {
    const tokenizer = await load({
      ...{ 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES },
      'tokenizer_config.json': { add_prefix_space: true, tokenizer_class: 'RobertaTokenizerFast' },
    });
    expect(await encodeOne(tokenizer, 'hello')).toEqual([0, BPE_VOCAB.Ġhello, 2]);
  });

  it('reads names of special tokens from the configuration, as text or object', async () => {
    const tokens = ['<u>', '<c>', '<s>', 'hello', '<m>'];
    const tokenizer = await load({
      'vocab.txt': tokens.join('\n'),
      'tokenizer_config.json': { unk_token: '<u>', cls_token: { content: '<c>', lstrip: false } },
      'special_tokens_map.json': { sep_token: '<s>', mask_token: { content: '<m>' }, unk_token: '<u>' },
    });
    expect(await encodeOne(tokenizer, 'hello x <m>')).toEqual([1, 3, 0, 4, 2]);
  });
});

describe('normalisation', () => {
  const cased = { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { do_lower_case: false } };
  it('follows do_lower_case, strip_accents and tokenize_chinese_chars', async () => {
    expect(await encodeOne(await load({ 'vocab.txt': VOCAB_TXT }), 'Café 中国')).toEqual(
      idsOf('[CLS] cafe 中 国 [SEP]'),
    );
    expect(await encodeOne(await load(cased), 'Café Hello')).toEqual(idsOf('[CLS] Café [UNK] [SEP]'));
    const settings = { do_lower_case: true, strip_accents: false, tokenize_chinese_chars: false };
    const other = await load({ 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': settings });
    expect(await encodeOne(other, 'É 中国')).toEqual(idsOf('[CLS] é [UNK] [SEP]'));
  });

  it('takes its switches from tokenizer_config.json where the class builds the tokenizer, and says so', async () => {
    const json = { 'tokenizer.json': tokenizerJson() };
    const switched = { tokenizer_class: 'BertTokenizer', do_lower_case: false };
    const built = await load({ ...json, 'tokenizer_config.json': switched });
    expect(await encodeOne(built, 'hello Hello')).toEqual(idsOf('[CLS] hello [UNK] [SEP]'));
    expect(built.notes).toEqual([
      expect.stringMatching(/normalizer of its own, but the class BertTokenizer builds/),
    ]);
    const taken = await load({
      ...json,
      'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast', do_lower_case: false },
    });
    expect(await encodeOne(taken, 'hello Hello')).toEqual(idsOf('[CLS] hello hello [SEP]'));
    expect(taken.notes).toEqual([]);
  });

  it('takes settings over those of tokenizer_config.json', async () => {
    const folder = await newTree({
      'vocab.txt': VOCAB_TXT,
      'tokenizer_config.json': { do_lower_case: true },
    });
    const tokenizer = await Tokenizer.load(folder, { maxLength: 16, settings: { do_lower_case: false } });
    expect(await encodeOne(tokenizer, 'hello Hello')).toEqual(idsOf('[CLS] hello [UNK] [SEP]'));
  });

  it('lower-cases first when asked to, whatever the tokenizer does', async () => {
    expect(await encodeOne(await load(cased, 16, true), 'HELLO CAFÉ')).toEqual(
      idsOf('[CLS] hello [UNK] [SEP]'),
    );
    for (const normalizer of [
      null,
      { type: 'Lowercase' },
      { type: 'Sequence', normalizers: [{ type: 'NFC' }] },
    ]) {
      const tree = { 'tokenizer.json': tokenizerJson({ normalizer }) };
      expect(await encodeOne(await load(tree, 16, true), 'HELLO')).toEqual(idsOf('[CLS] hello [SEP]'));
    }
  });
});

describe('encode', () => {
  it('lays texts end to end and marks the truncated ones', async () => {
    const tokenizer = await load({ 'tokenizer.json': tokenizerJson() }, 5);
    const texts = ['hello world', '', text, 'hello hello hello', 'hello hello hello hello', '   '];
    const tokens = await tokenizer.encode(texts);
    expect(rows(tokens)).toEqual([
      idsOf('[CLS] hello world [SEP]'),
      idsOf('[CLS] [SEP]'),
      idsOf('[CLS] hello , walk [SEP]'),
      idsOf('[CLS] hello hello hello [SEP]'),
      idsOf('[CLS] hello hello hello [SEP]'),
      idsOf('[CLS] [SEP]'),
    ]);
    expect([...tokens.truncated]).toEqual([0, 0, 1, 0, 1, 0]);
    expect([...tokens.offsets]).toEqual([0, 4, 6, 11, 16, 21, 23]);
    expect(rows(await tokenizer.encode([]))).toEqual([]);
  });

  it('cuts on the left where the folder says so, long texts too', async () => {
    const words = Array.from({ length: 20_000 }, (_, i) => TOKENS[5 + (i % 2)]);
    const expected = [2, ...words.slice(-3).map((word) => TOKENS.indexOf(word as string)), 3];
    for (const tree of [
      { 'tokenizer.json': tokenizerJson({ truncation: { ...TRUNCATION, direction: 'Left' } }) },
      { 'tokenizer.json': tokenizerJson(), 'tokenizer_config.json': { truncation_side: 'left' } },
    ]) {
      const tokens = await (await load(tree, 5)).encode([words.join(' '), 'hello']);
      expect(rows(tokens)).toEqual([expected, idsOf('[CLS] hello [SEP]')]);
      expect([...tokens.truncated]).toEqual([1, 0]);
    }
  });

  it('keeps the order over many calls of the library', async () => {
    const tokenizer = await load({ 'tokenizer.json': tokenizerJson() });
    const texts = Array.from(
      { length: 1000 },
      (_, i) => 'hello '.repeat(i % 7) + (i % 3 === 0 ? 'a '.repeat(5000) : ''),
    );
    const expected = texts.map((each) => Math.min(16, 2 + each.split(' ').length - 1));
    expect(rows(await tokenizer.encode(texts)).map((row) => row.length)).toEqual(expected);
  });

  it('puts the prompt before every text and counts its tokens', async () => {
    const tokenizer = await load({ 'tokenizer.json': tokenizerJson() });
    const tokens = await tokenizer.encode(['hello', ''], { prompt: 'walking, ' });
    expect(rows(tokens)).toEqual([
      idsOf('[CLS] walk ##ing , hello [SEP]'),
      idsOf('[CLS] walk ##ing , [SEP]'),
    ]);
    expect(await tokenizer.promptLength('walking, ')).toBe(4);
    expect(await tokenizer.promptLength('')).toBe(1);
    const bare = await load({ 'tokenizer.json': tokenizerJson({ post_processor: null }) });
    expect(await bare.promptLength('walking, ')).toBe(3);
  });

  it('takes odd texts as they come', async () => {
    const tokenizer = await load({ 'tokenizer.json': tokenizerJson() }, 64);
    const cases: [string, string][] = [
      ['a\0b', '[CLS] a ##b [SEP]'],
      ['a\ufffdb', '[CLS] a ##b [SEP]'],
      ['a\ud800b', '[CLS] a ##b [SEP]'],
      ['\udc00 hello \ud800', '[CLS] hello [SEP]'],
      ['hello [SEP] world', '[CLS] hello [SEP] world [SEP]'],
      ['\u3000hello\t\r\nworld\u00a0', '[CLS] hello world [SEP]'],
      ['😀', '[CLS] [UNK] [SEP]'],
      ['\u200b\u200d', '[CLS] [SEP]'],
      ['a'.repeat(101), '[CLS] [UNK] [SEP]'],
    ];
    for (const [given, expected] of cases)
      expect(await encodeOne(tokenizer, given), given).toEqual(idsOf(expected));
    expect(await encodeOne(tokenizer, 'a'.repeat(50))).toHaveLength(52);
  });

  it('treats lone surrogates as U+FFFD in a tokenizer that keeps it', async () => {
    const tokenizer = await load({ 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES });
    expect(await encodeOne(tokenizer, 'a\ud800b')).toEqual(await encodeOne(tokenizer, 'a\ufffdb'));
  });

  it('refuses texts that are not strings and lengths without room', async () => {
    const tokenizer = await load({ 'tokenizer.json': tokenizerJson() });
    await expectError(
      tokenizer.encode(['a', 3 as unknown as string]),
      ArgumentError,
      /text 1 .* received number/,
    );
    await expectError(
      tokenizer.encode([null as unknown as string]),
      ArgumentError,
      /text 0 .* received null/,
    );
    for (const length of [2, 0, -1, 2.5, Number.NaN, 2 ** 30]) {
      await expectError(
        load({ 'tokenizer.json': tokenizerJson() }, length),
        ArgumentError,
        /above 2, the number of special/,
      );
    }
  });
});

describe('vocabularySize', () => {
  it('is one more than the largest id, wherever that is', async () => {
    expect((await load({ 'tokenizer.json': tokenizerJson() })).vocabularySize).toBe(TOKENS.length);
    const added = await load({ 'tokenizer.json': tokenizerJson({ added_tokens: [plainToken('xyz')] }) });
    expect(added.vocabularySize).toBe(41);
    const template = {
      ...templateWith('[CLS] $A [SEP]'),
      special_tokens: {
        '[CLS]': { id: '[CLS]', ids: [99], tokens: ['x'] },
        '[SEP]': { id: '[SEP]', ids: [3], tokens: ['y'] },
      },
    };
    expect(
      (await load({ 'tokenizer.json': tokenizerJson({ post_processor: template }) })).vocabularySize,
    ).toBe(100);
    const roberta = {
      type: 'RobertaProcessing',
      sep: ['s', 70],
      cls: ['c', 60],
      trim_offsets: true,
      add_prefix_space: false,
    };
    expect(
      (await load({ 'tokenizer.json': tokenizerJson({ post_processor: roberta }) })).vocabularySize,
    ).toBe(71);
    expect(
      (
        await load({
          'tokenizer.json': tokenizerJson({ ...UNIGRAM_CHANGES, added_tokens: [], padding: null }),
        })
      ).vocabularySize,
    ).toBe(9);
  });
});

const minilm = join(import.meta.dirname, '../../../shared/models/all-MiniLM-L6-v2');
if (!existsSync(minilm)) console.warn(`skipped: the tests of the published tokenizer need ${minilm}`);

describe.skipIf(!existsSync(minilm))('all-MiniLM-L6-v2', () => {
  it('gives the published ids, and the same from vocab.txt as from tokenizer.json', async () => {
    const fromJson = await Tokenizer.load(minilm, { maxLength: 256 });
    const vocabulary = readFileSync(join(minilm, 'vocab.txt'));
    const fromText = await load({ 'vocab.txt': vocabulary }, 256);
    const texts = [
      'This is an example sentence.',
      'naïve CAFÉ 中文 😀',
      'x'.repeat(1_000_000),
      'word, '.repeat(100_000),
      '中'.repeat(100_000),
    ];
    const tokens = await fromJson.encode(texts);
    expect(rows(tokens)[0]).toEqual([101, 2023, 2003, 2019, 2742, 6251, 1012, 102]);
    expect(rows(tokens).map((row) => row.length)).toEqual([8, 7, 3, 256, 256]);
    expect([...tokens.truncated]).toEqual([0, 0, 0, 1, 1]);
    expect(await fromText.encode(texts)).toEqual(tokens);
    expect(fromJson.vocabularySize).toBe(30522);
  });
});
