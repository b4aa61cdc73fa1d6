// Tokens for pretraining: the library's own, whether pieces are looked up or sentences given whole; where tokens begin.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as Library } from 'tokenizers';
import { expect, test } from 'vitest';
import { TokenizerError } from '../../src/errors.ts';
import { SentenceTokenizer } from '../../src/tokenizer/sentence-tokenizer.ts';
import { readTokenizerSpec } from '../../src/tokenizer/spec/tokenizer-spec.ts';
import { expectError } from '../expect-error.ts';
import { sharedPath } from '../shared-folder.ts';
import { scratchTrees } from '../temporary-file.ts';

const newTree = scratchTrees();

const vocabulary = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'],
  ...['the', 'cat', 'play', '##ing', '##s', 'é', 'e', '中', '文', '.', ',', '##t', 'ca', "'"],
];

async function wordPiece(config: object = {}): Promise<string> {
  return newTree({ 'vocab.txt': vocabulary.join('\n'), 'tokenizer_config.json': config });
}

const ofFirst = async (tokenizer: SentenceTokenizer, text: string, first = true) => {
  const { tokenIds, starts } = await tokenizer.encode([{ text, first }]);
  return { tokens: [...tokenIds], starts: [...starts] };
};

test('tokens without special ones, and where they begin', async () => {
  const tokenizer = await SentenceTokenizer.load(await wordPiece());
  expect(tokenizer).toMatchObject({
    maskId: 4,
    frame: { first: 2, last: 3 },
    vocabularySize: vocabulary.length,
  });
  const text = 'The  CATS, 中文playing. 😀 the';
  const { tokens, starts } = await ofFirst(tokenizer, text);
  expect(tokens.map((id) => vocabulary[id])).toEqual([
    'the',
    'cat',
    '##s',
    ',',
    '中',
    '文',
    'play',
    '##ing',
    '.',
    '[UNK]',
    'the',
  ]);
  expect(starts).toEqual([0, 5, 8, 9, 11, 12, 13, 17, 20, 22, 25]);
  expect(tokens.map((id) => tokenizer.continues[id])).toEqual([0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0]);
  expect(await ofFirst(tokenizer, '')).toEqual({ tokens: [], starts: [] });
  expect(await ofFirst(tokenizer, '\u0000 \u200b')).toEqual({ tokens: [], starts: [] });
});

test('several sentences, and the same again from the cache', async () => {
  const tokenizer = await SentenceTokenizer.load(await wordPiece());
  const sentences = ['The cat plays.', '', 'The cat, the cat'].map((text, i) => ({ text, first: i === 0 }));
  const made = await tokenizer.encode(sentences);
  expect([...made.offsets]).toEqual([0, 5, 5, 10]);
  expect(await tokenizer.encode(sentences)).toEqual(made);
});

test('an added token in a text is found as the library finds it', async () => {
  const tokenizer = await SentenceTokenizer.load(await wordPiece());
  const { tokens } = await ofFirst(tokenizer, 'the [MASK] cat[SEP]s');
  expect(tokens).toEqual([5, 4, 6, 3, 1]);
});

test('a folder without a tokenizer', async () => {
  await expectError(
    SentenceTokenizer.load(await newTree({ 'a.txt': 'a' })),
    TokenizerError,
    /holds no tokenizer/,
  );
});

const folders = ['bert-base-uncased', 'bert-base-cased', 'bert-base-chinese', 'roberta-base'] as const;
const texts = [
  sharedPath('data', 'corpus-en', 'wikitext-2', 'valid.txt'),
  sharedPath('data', 'corpus-zh', 'CLUECorpusSmall_bert_sampled.txt'),
].filter((path) => path !== undefined);
const odd = [
  '  two  spaces\tand a tab ',
  "don't we'll 'tis o'clock's",
  'naïve Ａｂｃ ① ½ ﷽',
  '中文。English混合text',
  '😀😀 👩‍👩‍👧 x',
  'a\u00a0b\u3000c\u2028d\u0085e',
  'x'.repeat(250),
  'ก็ สวัสดี',
  '\ufeffa\u200bb',
  '!!!...---???',
  'ΆΣΑΣ İstanbul ß',
  '한국어 テスト',
];

test.skipIf(texts.length < 2).each(folders)(
  '%s: real texts have the tokens that the library gives them whole',
  async (name) => {
    const folder = sharedPath('data', 'vocab', name) as string;
    const config = name === 'bert-base-cased' ? { do_lower_case: false } : {};
    const files = name === 'roberta-base' ? ['vocab.json', 'merges.txt'] : ['vocab.txt'];
    const tree = Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
    const copy = await newTree({ ...tree, 'tokenizer_config.json': config });
    const tokenizer = await SentenceTokenizer.load(copy);
    const { spec } = await readTokenizerSpec(copy);
    const library = Library.fromString(JSON.stringify(spec));
    const lines = texts.flatMap((path) =>
      readFileSync(path as string, 'utf8')
        .split('\n')
        .slice(0, 1500),
    );
    const sentences = [...odd, ...lines.map((line) => line.trim())].filter((line) => line !== '');
    const made = await tokenizer.encode(sentences.map((text) => ({ text, first: true })));
    const expected = await library.encodeBatch(sentences, { addSpecialTokens: false });
    for (const [i, encoding] of expected.entries()) {
      const range = [made.offsets[i], made.offsets[i + 1]] as const;
      const sentence = sentences[i] as string;
      expect({ sentence, ids: [...made.tokenIds.subarray(...range)] }).toEqual({
        sentence,
        ids: encoding.getIds(),
      });
      const codePoints = [...sentence];
      const units = encoding.getOffsets().map(([start = 0]) => codePoints.slice(0, start).join('').length);
      if (name !== 'roberta-base') expect([...made.starts.subarray(...range)]).toEqual(units);
    }
  },
);

test.skipIf(texts.length < 2)('byte-level: a sentence after another begins with its space', async () => {
  const tokenizer = await SentenceTokenizer.load(sharedPath('data', 'vocab', 'roberta-base') as string);
  const { spec } = await readTokenizerSpec(sharedPath('data', 'vocab', 'roberta-base') as string);
  const library = Library.fromString(JSON.stringify(spec));
  const text = 'The first one. A second, longer sentence.';
  const made = await tokenizer.encode([
    { text: 'The first one.', first: true },
    { text: 'A second, longer sentence.', first: false },
  ]);
  const whole = await library.encode(text, null, { addSpecialTokens: false });
  expect([...made.tokenIds]).toEqual(whole.getIds());
  expect([...made.starts.subarray(made.offsets[1])].slice(0, 3)).toEqual([0, 2, 8]);
  expect([...made.tokenIds].map((id) => tokenizer.continues[id])).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
});
