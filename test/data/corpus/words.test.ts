// Chinese words by both segmenters, English phrases, and what is said where a package is missing.

import { expect, test } from 'vitest';
import type { LocatedBlock } from '../../../src/data/corpus/corpus.ts';
import { type OpenCorpusOptions, openCorpus } from '../../../src/data/corpus/open-corpus.ts';
import { createPhraseFinder } from '../../../src/data/corpus/phrase-finder.ts';
import { IN_SPAN, SPAN_START, WORD_START } from '../../../src/data/corpus/token-block.ts';
import { createWordSegmenter, type WordSegmentation } from '../../../src/data/corpus/word-segmenter.ts';
import { ArgumentError } from '../../../src/errors.ts';
import { importOptional } from '../../../src/options/optional-package.ts';
import { SentenceTokenizer } from '../../../src/tokenizer/sentence-tokenizer.ts';
import { expectError } from '../../expect-error.ts';
import { scratchTrees } from '../../temporary-file.ts';

const newTree = scratchTrees();

/** Whether an optional package is here; where it is not, its tests are skipped, loudly. */
async function installed(name: string): Promise<boolean> {
  const found = await import(name).then(
    () => true,
    () => false,
  );
  if (!found) console.warn(`skipped: ${name} is not installed`);
  return found;
}

const hasJieba = await installed('@node-rs/jieba');
const hasWink = (await installed('wink-nlp')) && (await installed('wink-eng-lite-web-model'));

const text = '我来到北京清华大学，使用Node.js 20。';

async function words(segmentation: WordSegmentation): Promise<string[]> {
  const starts = (await createWordSegmenter(segmentation))(text);
  return [...starts].map((start, i) => text.slice(start, starts[i + 1]));
}

test('Intl.Segmenter', async () => {
  expect(await words('intl')).toEqual(expect.arrayContaining(['我', '来到', '北京', '，', '使用']));
  expect((await words('intl')).join('')).toBe(text);
});

test.skipIf(!hasJieba)('jieba', async () => {
  expect(await words('jieba')).toEqual(
    expect.arrayContaining(['我', '来到', '北京', '清华大学', '，', '使用']),
  );
  expect((await words('jieba')).join('')).toBe(text);
});

test.skipIf(!hasWink)('entities and noun phrases', async () => {
  const sentence = 'Barack Obama gave the old man a red book in Paris and New York.';
  const entities = (await createPhraseFinder('entities'))(sentence).map((span) => sentence.slice(...span));
  expect(entities).toEqual(['Barack Obama', 'Paris', 'New York']);
  const phrases = (await createPhraseFinder('noun-phrases'))(sentence).map((span) => sentence.slice(...span));
  expect(phrases).toEqual(['Barack Obama', 'the old man', 'a red book', 'Paris', 'New York']);
});

test.skipIf(!hasWink)('phrases lie where they are, whatever surrounds them', async () => {
  const find = await createPhraseFinder('entities');
  const sentence = '  “Well,”   said 😀 Alice ,  “Paris—Paris is in\tFrance…”  ';
  const found = find(sentence).map((span) => sentence.slice(...span));
  expect(found).toContain('Alice');
  expect(found).toContain('France');
  expect(find('')).toEqual([]);
});

test.skipIf(!hasWink || !hasJieba)('a corpus is marked with both', async () => {
  const pieces = [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    'alice',
    'left',
    'new',
    'york',
    '.',
    ...'我来到清华大学。',
  ];
  const tokenizer = await SentenceTokenizer.load(await newTree({ 'vocab.txt': pieces.join('\n') }));
  const paths = [await newTree({ 'a.txt': 'Alice left New York.\n\n我来到清华大学。' })];
  const marksOf = async (options: Partial<OpenCorpusOptions>) => {
    const corpus = await openCorpus({ paths, tokenizer, seed: 1, ...options });
    const { value } = await corpus.blocks(0).next();
    return [...(value as LocatedBlock).tokens.marks];
  };
  const start = WORD_START | SPAN_START | IN_SPAN;
  const chinese = [1, 1, 0, 1, 0, 0, 0, 1];
  expect(await marksOf({ chineseWords: 'jieba' })).toEqual([1, 1, 1, 1, 1, ...chinese]);
  const marks = await marksOf({ phrases: 'entities' });
  expect(marks.slice(0, 5)).toEqual([start, WORD_START, start, WORD_START | IN_SPAN, WORD_START]);
  await expectError(
    marksOf({ phrases: 'entities', annotationField: 'a' }),
    ArgumentError,
    /but received both/,
  );
});

test('a package that is not there is an error that says how to install it', async () => {
  await expectError(
    importOptional(['@nobody/nothing/file.js', '@nobody/nothing'], 'doing this', 'do that'),
    ArgumentError,
    /^doing this needs @nobody\/nothing, which cannot be loaded; install with npm install @nobody\/nothing, or do that$/,
  );
});
