// Texts of a corpus in each format.

import { expect, test } from 'vitest';
import { readTexts, type TextOptions } from '../../src/data/readers/read-texts.ts';
import { ArgumentError, DataError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile } from '../temporary-file.ts';

function texts(name: string, content: string, options: TextOptions = {}) {
  return collect(readTexts(temporaryFile(name, content), options));
}

test('txt: every line is a text, empty ones too', async () => {
  expect(await texts('a.txt', 'one\n\ntwo\n')).toEqual(['one', '', 'two']);
});

test('jsonl: strings and objects, escapes and lone surrogates included', async () => {
  const content = '"one\\nline"\n{"id": 1, "text": "two"}\r\n"\\ud83d"\n{"text": ""}';
  expect(await texts('a.jsonl', content)).toEqual(['one\nline', 'two', '\ud83d', '']);
  expect(await texts('a.ndjson', '{"body": "x"}\n', { textField: 'body' })).toEqual(['x']);
});

test.each([
  ['{"title": "x", "body": "y"}', 'expected a field "text" but the object has "title", "body"'],
  ['{}', 'expected a field "text" but the object has no fields'],
  ['{"text": 3}', 'expected field "text" to be a string but found the number 3'],
  ['{"text": null}', 'expected field "text" to be a string but found null'],
  ['["x"]', 'expected a string or an object but found an array'],
  ['17', 'expected a string or an object but found the number 17'],
  ['{"text": "x"', 'expected a JSON value but found "{\\"text\\": \\"x\\""'],
])('jsonl: %s is a data error with its line', async (line, message) => {
  const failure = texts('a.jsonl', `"first"\n${line}\n"last"\n`);
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(`a.jsonl:2: ${message}`);
});

test('jsonl: a key that every object inherits is not a field', async () => {
  await expect(texts('a.jsonl', '{}', { textField: 'toString' })).rejects.toThrow(
    'expected a field "toString"',
  );
});

test('csv: a column by name has a header, by number has none', async () => {
  const content = 'id,text\n1,"a, b"\n2,"two\nlines"\n';
  expect(await texts('a.csv', content)).toEqual(['a, b', 'two\nlines']);
  expect(await texts('a.csv', content, { textField: 'id' })).toEqual(['1', '2']);
  expect(await texts('a.csv', content, { textField: '1', header: false })).toEqual(['id', '1', '2']);
  expect(await texts('a.csv', content, { textField: '1', header: true })).toEqual(['1', '2']);
});

test('tsv: quotes are text', async () => {
  expect(await texts('a.tsv', '"x\t1\n\t2\n', { textField: '1' })).toEqual(['"x', '']);
});

test('a missing column says what there is', async () => {
  await expect(texts('a.csv', 'id,body\n1,x\n')).rejects.toThrow(
    'a.csv:1: expected a column "text" but the header has',
  );
  await expect(texts('a.tsv', 'x\ty\nz\n', { textField: '2' })).rejects.toThrow(
    'a.tsv:2: expected a column 2 but the row has 1',
  );
});

test('column numbers start at 1', async () => {
  await expect(texts('a.csv', 'x\n', { textField: '0' })).rejects.toThrow(ArgumentError);
});

test('the format must be known', async () => {
  await expect(texts('a.dat', 'x\n')).rejects.toThrow(/does not say what format it has: expected \.txt/);
  expect(await texts('a.dat', 'x\n', { format: 'txt' })).toEqual(['x']);
  await expect(collect(readTexts('-'))).rejects.toThrow('stdin has no file name');
});

test('an empty file has no texts, in every format', async () => {
  for (const name of ['a.txt', 'a.jsonl', 'a.csv', 'a.tsv']) expect(await texts(name, '')).toEqual([]);
});
