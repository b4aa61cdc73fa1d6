// Tokenizers from the three kinds of folder, the model's own limits, odd texts, and files that must be refused.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ArgumentError, type LikewiseError, TokenizerError } from '../../src/errors.ts';
import { type RaggedTokens, Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { expectError } from '../expect-error.ts';
import { type Content, scratchFolder, writeTree } from '../temporary-file.ts';
import {
  BERT_NORMALIZER,
  BPE_MERGES,
  BPE_VOCAB,
  idsOf,
  plainToken,
  TOKENS,
  templateWith,
  tokenizerJson,
  UNIGRAM_CHANGES,
  VOCAB_TXT,
  WORD_PIECE,
} from './fixtures.ts';

const root = scratchFolder();
let count = 0;

async function folderWith(tree: Record<string, Content>): Promise<string> {
  count += 1;
  const folder = join(root, `tokenizer-${count}`);
  mkdirSync(folder);
  return writeTree(folder, tree);
}

const load = async (tree: Record<string, Content>, maxLength = 16, lowerCase = false) =>
  Tokenizer.load(await folderWith(tree), { maxLength, lowerCase });

/** The ids of each text. */
function rows({ tokenIds, offsets }: RaggedTokens): number[][] {
  return Array.from(offsets.subarray(1), (end, i) => [...tokenIds.subarray(offsets[i], end)]);
}

async function encodeOne(tokenizer: Tokenizer, text: string): Promise<number[]> {
  return rows(await tokenizer.encode([text]))[0] as number[];
}

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

  it('byte-level BPE from vocab.json and merges.txt', async () => {
    const tokenizer = await load({ 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES });
    const ids = ['<s>', 'hello', 'Ġhello', 'Ġ', 'Ġa', '<mask>', '.', '</s>'].map((token) => BPE_VOCAB[token]);
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
      'special_tokens_map.json': { sep_token: '<s>', mask_token: { content: '<m>' }, cls_token: 'overruled' },
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

  it('lets tokenizer_config.json overrule a BERT normalizer in tokenizer.json, as transformers does', async () => {
    const tree = { 'tokenizer.json': tokenizerJson(), 'tokenizer_config.json': { do_lower_case: false } };
    expect(await encodeOne(await load(tree), 'hello Hello')).toEqual(idsOf('[CLS] hello [UNK] [SEP]'));
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
      (await load({ 'tokenizer.json': tokenizerJson({ ...UNIGRAM_CHANGES, added_tokens: [] }) }))
        .vocabularySize,
    ).toBe(9);
  });
});

const json = (changes: object): Record<string, Content> => ({ 'tokenizer.json': tokenizerJson(changes) });
const charsmap = (bytes: number[]) =>
  json({ normalizer: { type: 'Precompiled', precompiled_charsmap: Buffer.from(bytes).toString('base64') } });
const bpe = { 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES };

const REFUSED: [string, Record<string, Content>, RegExp][] = [
  ['an empty folder', {}, /expected tokenizer\.json, vocab\.txt, or vocab\.json with merges\.txt/],
  ['vocab.json without merges', { 'vocab.json': BPE_VOCAB }, /holds no tokenizer/],
  ['only a SentencePiece model', { 'sentencepiece.bpe.model': 'x' }, /holds no tokenizer/],
  ['an empty tokenizer.json', { 'tokenizer.json': '' }, /tokenizer\.json' is not valid JSON/],
  [
    'a cut tokenizer.json',
    { 'tokenizer.json': JSON.stringify(tokenizerJson()).slice(0, 500) },
    /not valid JSON/,
  ],
  ['a tokenizer.json that is a list', { 'tokenizer.json': [] }, /does not hold a JSON object/],
  ['a tokenizer.json that is a folder', { 'tokenizer.json/x': '' }, /not a regular file/],
  ['a tokenizer.json in UTF-16', { 'tokenizer.json': Buffer.from('{}', 'utf16le') }, /not valid JSON/],
  [
    'bytes that are not UTF-8',
    { 'vocab.txt': Buffer.from([0x61, 0x0a, 0xff]) },
    /vocab\.txt': it is not valid UTF-8/,
  ],
  ['no model', json({ model: null }), /tokenizer\.json' cannot be used in model/],
  [
    'an unknown model',
    json({ model: { ...WORD_PIECE, type: 'Word2Vec' } }),
    /tokenizer\.json' cannot be used: /,
  ],
  ['a vocabulary with text ids', json({ model: { ...WORD_PIECE, vocab: { a: '1' } } }), /model\.vocab/],
  ['a vocabulary with negative ids', json({ model: { ...WORD_PIECE, vocab: { a: -1 } } }), /model\.vocab/],
  [
    'a vocabulary without [UNK]',
    json({ model: { ...WORD_PIECE, vocab: { a: 0 } }, added_tokens: [] }),
    /vocabulary lacks the unk_token "\[UNK\]"/,
  ],
  [
    'an unknown normalizer',
    json({ normalizer: { type: 'Upsidedown' } }),
    /tokenizer\.json' cannot be used: /,
  ],
  ['a normalizer without a type', json({ normalizer: {} }), /normalizer\.type/],
  [
    'a pattern that is no regular expression',
    json({ pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated', invert: false } }),
    /cannot be used: /,
  ],
  [
    'truncation on the left',
    json({ truncation: { direction: 'Left', max_length: 3, strategy: 'LongestFirst', stride: 0 } }),
    /truncated on the left/,
  ],
  [
    'truncation_side left',
    { ...json({}), 'tokenizer_config.json': { truncation_side: 'left' } },
    /truncated on the left/,
  ],
  [
    'a template with an unknown special token',
    json({ post_processor: templateWith('[X] $A') }),
    /special token '\[X\]'/,
  ],
  ['a template with a second text', json({ post_processor: templateWith('$A $B') }), /something else/],
  ['a template with the text twice', json({ post_processor: templateWith('$A $A') }), /exactly once/],
  ['a template without the text', json({ post_processor: templateWith('[CLS]') }), /exactly once/],
  ['no template', json({ post_processor: { type: 'TemplateProcessing', single: 'x' } }), /no template/],
  [
    'a bad template inside a sequence',
    json({ post_processor: { type: 'Sequence', processors: [templateWith('[Y] $A')] } }),
    /special token '\[Y\]'/,
  ],
  [
    'merges without the prefix',
    json({
      model: {
        type: 'BPE',
        vocab: { a: 0, b: 1, ab: 2 },
        merges: [['a', 'b']],
        continuing_subword_prefix: '##',
      },
    }),
    /lacks the continuing_subword_prefix/,
  ],
  ['pieces of no length', json({ pre_tokenizer: { type: 'FixedLength', length: 0 } }), /FixedLength/],
  ['an empty normalisation table', charsmap([]), /charsmap is damaged: its trie is cut short/],
  ['a cut normalisation table', charsmap([16, 0, 0, 0, 1, 2, 3]), /trie is cut short/],
  ['a normalisation table that is not UTF-8', charsmap([4, 0, 0, 0, 0, 0, 0, 0, 0xff]), /not UTF-8/],
  ['a normalisation table with a wild trie', charsmap([4, 0, 0, 0, 0, 0xff, 0xff, 0x7f, 0]), /leads nowhere/],
  ['an empty vocab.txt', { 'vocab.txt': '' }, /vocab\.txt' is empty/],
  ['a vocab.txt of empty lines', { 'vocab.txt': '\n\n\n' }, /vocab\.txt' is empty/],
  [
    'a vocab.txt with a token twice',
    { 'vocab.txt': `${VOCAB_TXT}hello\n` },
    /"hello" twice, on lines 6 and 29/,
  ],
  [
    'a vocab.txt without special tokens',
    { 'vocab.txt': 'hello\nworld\n' },
    /lacks the special token "\[UNK\]"/,
  ],
  [
    'a vocab.txt without the configured token',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { cls_token: '<s>' } },
    /lacks the special token "<s>"/,
  ],
  [
    'a class that splits words by other means',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { tokenizer_class: 'BertJapaneseTokenizer' } },
    /BertJapaneseTokenizer, which needs a tokenizer\.json/,
  ],
  [
    'do_basic_tokenize false',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { do_basic_tokenize: false } },
    /do_basic_tokenize/,
  ],
  [
    'added tokens without tokenizer.json',
    { 'vocab.txt': VOCAB_TXT, 'added_tokens.json': { extra: 99 } },
    /adds the token "extra"/,
  ],
  [
    'a setting of the wrong kind',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { do_lower_case: 'yes' } },
    /tokenizer_config\.json' cannot be used in do_lower_case/,
  ],
  [
    'a tokenizer_config.json that is cut',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': '{' },
    /tokenizer_config\.json' is not valid JSON/,
  ],
  ['vocab.json with text ids', { ...bpe, 'vocab.json': { ...BPE_VOCAB, x: '1' } }, /"x" the id "1"/],
  [
    'vocab.json with an id twice',
    { ...bpe, 'vocab.json': { ...BPE_VOCAB, x: 0 } },
    /the id 0 to both "<s>" and "x"/,
  ],
  ['vocab.json without special tokens', { ...bpe, 'vocab.json': { a: 0 } }, /lacks the special token "<s>"/],
  ['a merge of three parts', { ...bpe, 'merges.txt': '#version: 0.2\nh e l\n' }, /"h e l" on line 2/],
  ['a merge outside the vocabulary', { ...bpe, 'merges.txt': 'q u\n' }, /"q u" on line 1/],
];

describe('refused files', () => {
  it.each(REFUSED)('%s', async (_name, tree, message) => {
    const errorClass: new (m: string) => LikewiseError = TokenizerError;
    await expectError(load(tree), errorClass, message);
  });

  it('a folder that is a file', async () => {
    const folder = await folderWith({ file: '' });
    await expectError(Tokenizer.load(join(folder, 'file'), { maxLength: 8 }), TokenizerError, /cannot read/);
  });

  it('knows the normalizer its table of changes starts from', () => {
    expect(BERT_NORMALIZER.lowercase).toBe(true);
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
