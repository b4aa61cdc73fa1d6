// Chinese words by both segmenters, English phrases, and what is said where a package is missing.

import { expect, test } from 'vitest';
import { createPhraseFinder } from '../../../src/data/corpus/phrase-finder.ts';
import { createWordSegmenter, type WordSegmentation } from '../../../src/data/corpus/word-segmenter.ts';
import { ArgumentError } from '../../../src/errors.ts';
import { importOptional } from '../../../src/options/optional-package.ts';
import { expectError } from '../../expect-error.ts';

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

test('a package that is not there is an error that says how to install it', async () => {
  await expectError(
    importOptional(['@nobody/nothing/file.js', '@nobody/nothing'], 'doing this', 'do that'),
    ArgumentError,
    /^doing this needs @nobody\/nothing, which cannot be loaded; install with npm install @nobody\/nothing, or do that$/,
  );
});
