// Sentences: English abbreviations, quotes and initials, Chinese punctuation and brackets, very long paragraphs.

import { expect, test } from 'vitest';
import { SentenceSplitter } from '../../../src/data/corpus/sentence-splitter.ts';

const splitter = new SentenceSplitter();
const split = (text: string) => splitter.split(text).map(([start, end]) => text.slice(start, end));

test.each([
  ['two plain ones', ['It rains.', 'He stays in.']],
  ['titles', ['Mr. Smith met Dr. Jones and Mrs. Brown.', 'St. Petersburg is big!', 'Prof. Lee came.']],
  ['initials', ['J. R. R. Tolkien wrote it.', 'So did I.', 'Then he left.']],
  [
    'dotted initials',
    ['The U.S. Army came.', 'He left the U.S.', 'The rest stayed.', 'He lives in Washington, D.C. now.'],
  ],
  ['numbers after a word', ['See Fig. 3 and No. 5 of Vol. 2.', 'On Jan. 5 he said no.', 'Nobody came.']],
  ['what the segmenter knows by itself', ['He paid $3.50, e.g. for tea.', 'It was 5 p.m. and dark.']],
  ['speech', ['"Really?" she asked.', '“Come!” cried he.', '"Yes."', 'He left.']],
  ['ends of several characters', ['And so on...', 'What?!', 'Yes!']],
  ['brackets', ['It ended (he was sure).', '(Nobody else was.)', 'Good.']],
])('English: %s', (_, sentences) => {
  expect(split(sentences.join(' '))).toEqual(sentences);
});

test.each([
  ['plain', ['今天下雨。', '他没有出去！', '真的吗？！', '是的……好吧。']],
  ['quotes', ['他说：“你好。”', '然后走了。', '“是吗？”', '“是。”']],
  ['brackets', ['好吧！', '（完。）', '《红楼梦》很长。', '「對。」', '再見。']],
  ['numbers and letters', ['第3.5节；A.B公司成立。', '价格是3.50元。']],
])('Chinese: %s', (_, sentences) => {
  expect(split(sentences.join(''))).toEqual(sentences);
});

test('spaces are left out, and of nothing else a single character is lost', () => {
  expect(split('  One.   Two.  ')).toEqual(['One.', 'Two.']);
  expect(split('')).toEqual([]);
  expect(split(' \t ')).toEqual([]);
  const text =
    'A tale (of "two" cities). “No!” he said... Mr. X. Y. left the U.K. for good. 他说：“好。”（完）'.repeat(
      40,
    );
  expect(split(text).join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
});

test('a long paragraph is split as its parts are, in time that grows with its length', () => {
  const sentences = Array.from(
    { length: 4000 },
    (_, i) => `Sentence number ${i} is a little longer than the last.`,
  );
  const started = performance.now();
  expect(split(sentences.join(' '))).toEqual(sentences);
  const chinese = Array.from({ length: 20_000 }, (_, i) => `第${i}句话到此为止。`);
  expect(split(chinese.join(''))).toEqual(chinese);
  expect(performance.now() - started).toBeLessThan(10_000); // 35 s where the segmenter is given all at once
});

test('a text without an end is cut, between words where there are some', () => {
  const words = split('word '.repeat(20_000));
  expect(words.length).toBeGreaterThan(2);
  expect(words.every((piece) => /^word( word)*$/.test(piece))).toBe(true);
  const run = split('😀'.repeat(30_000));
  expect(run.length).toBeGreaterThan(2);
  expect(run.every((piece) => piece.isWellFormed())).toBe(true);
});
