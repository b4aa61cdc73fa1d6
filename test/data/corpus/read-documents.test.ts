// Documents from files of each format, compressed or not, from any place on; and what is refused, by file and line.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { expect, test } from 'vitest';
import { corpusFiles } from '../../../src/data/corpus/corpus-files.ts';
import type { CorpusFormat } from '../../../src/data/corpus/corpus-format.ts';
import type { CorpusDocument, FilePosition } from '../../../src/data/corpus/document.ts';
import { type DocumentOptions, readDocuments } from '../../../src/data/corpus/read-documents.ts';
import { SentenceSplitter } from '../../../src/data/corpus/sentence-splitter.ts';
import { ArgumentError, DataError, FileError } from '../../../src/errors.ts';
import { collect } from '../../collect.ts';
import { expectError } from '../../expect-error.ts';
import { temporaryFile, temporaryFolder } from '../../temporary-file.ts';

const splitter = new SentenceSplitter();

async function read(
  path: string,
  format?: CorpusFormat,
  options: Partial<DocumentOptions> = {},
  from?: FilePosition,
): Promise<CorpusDocument[]> {
  const [file] = await corpusFiles([path], format);
  return collect(readDocuments(file as never, { splitter, ...options }, from));
}

const texts = (documents: readonly CorpusDocument[]) =>
  documents.map(({ sentences }) => sentences.map(({ text }) => text));

const lines = '\n\nOne line. Another.\n Second \n\n \t\n三。\n四。\n\n';

test.each([
  [
    'sentences',
    [
      ['One line. Another.', 'Second'],
      ['三。', '四。'],
    ],
  ],
  ['document', [['One line.', 'Another.', 'Second', '三。', '四。']]],
  [
    'paragraphs',
    [
      ['One line.', 'Another.', 'Second'],
      ['三。', '四。'],
    ],
  ],
] as [CorpusFormat, string[][]][])('%s', async (format, expected) => {
  const path = temporaryFile('a.txt', lines);
  expect(texts(await read(path, format))).toEqual(expected);
  const zipped = temporaryFile('a.txt.gz', zlib.gzipSync(lines));
  expect(await read(zipped, format)).toEqual(await read(path, format));
});

test('jsonl: strings and objects, and lines within a text end sentences', async () => {
  const rows = [
    JSON.stringify('One. Two'),
    '',
    JSON.stringify({ text: 'A heading\nThen text.' }),
    '{"text":""}',
  ];
  expect(texts(await read(temporaryFile('a.jsonl', rows.join('\n'))))).toEqual([
    ['One.', 'Two'],
    ['A heading', 'Then text.'],
  ]);
  const other = temporaryFile('b.ndjson', JSON.stringify({ body: 'Here.' }));
  expect(texts(await read(other, undefined, { textField: 'body' }))).toEqual([['Here.']]);
});

test('hard line breaks are spaces between words, and nothing between Chinese characters', async () => {
  const path = temporaryFile('a.txt', 'It was a\ndark night.\n\n今天\n下雨。\n');
  expect(texts(await read(path))).toEqual([['It was a dark night.', '今天下雨。']]);
});

test('reading goes on from where a document began', async () => {
  const content = Array.from({ length: 50 }, (_, i) => `First of ${i}.\nSecond.\n\n`).join('');
  for (const format of ['sentences', 'paragraphs'] as const) {
    for (const name of ['a.txt', 'a.txt.gz']) {
      const path = temporaryFile(name, name.endsWith('.gz') ? zlib.gzipSync(content) : content);
      const all = await read(path, format);
      expect(all.length).toBe(50);
      const { line, number } = all[20] as CorpusDocument;
      expect(await read(path, format, {}, { line, number })).toEqual(all.slice(20));
    }
  }
});

test('a long document goes on as another, in the file and from its middle', async () => {
  const path = temporaryFile(
    'a.txt',
    Array.from({ length: 30 }, (_, i) => `Paragraph ${i} is here.\n\n`).join(''),
  );
  const options = { longestDocument: 100 };
  const all = await read(path, 'document', options);
  expect(all.length).toBeGreaterThan(4);
  expect(texts(all).flat()).toEqual(texts(await read(path, 'document')).flat());
  const { line, number } = all[3] as CorpusDocument;
  expect(await read(path, 'document', options, { line, number })).toEqual(all.slice(3));
});

test('annotations, counted in characters, in the sentence that they lie in', async () => {
  const row = (text: string, entities: unknown) => JSON.stringify({ text, entities });
  const path = temporaryFile(
    'a.jsonl',
    [
      row('😀 Ann saw Bob. Then Carl left.', [[2, 5], { start: 20, end: 24, label: 'PER' }, [10, 13, 'PER']]),
      row('He read “Stop. Go.” twice. End.', [[9, 18]]),
    ].join('\n'),
  );
  const documents = await read(path, undefined, { annotationField: 'entities' });
  const marked = documents.map(({ sentences }) =>
    sentences.map(({ text, spans }) => [text, spans.map((span) => text.slice(...span))]),
  );
  expect(marked).toEqual([
    [
      ['😀 Ann saw Bob.', ['Ann', 'Bob']],
      ['Then Carl left.', ['Carl']],
    ],
    [
      ['He read “Stop. Go.” twice.', ['Stop. Go.']],
      ['End.', []],
    ],
  ]);
});

test.each([
  [
    'outside',
    [[0, 99]],
    /a\.jsonl:2: expected spans in "e" within the text, which has 8 characters, but found \[0, 99\]/,
  ],
  ['empty', [[3, 3]], /a\.jsonl:2: .*found \[3, 3\]/],
  ['negative', [[-1, 3]], /found \[-1, 3\]/],
  [
    'overlapping',
    [
      [2, 5],
      [0, 3],
    ],
    /a\.jsonl:2: expected spans in "e" that do not overlap but "One" and "e t" do/,
  ],
  ['no numbers', [['a', 'b']], /a\.jsonl:2: expected \[start, end\] in "e" but found \["a","b"\]/],
  ['null inside', [null], /a\.jsonl:2: expected \[start, end\] in "e" but found null/],
  ['no list', 'x', /a\.jsonl:2: expected field "e" to be a list/],
])('annotations that are %s', async (_, e, message) => {
  const rows = [JSON.stringify({ text: 'Fine.', e: [] }), JSON.stringify({ text: 'One two.', e })];
  const path = temporaryFile('a.jsonl', rows.join('\n'));
  await expectError(read(path, undefined, { annotationField: 'e' }), DataError, message);
});

test.each([
  ['no JSON', 'a.jsonl', '"ok"\n{"text":\n', /a\.jsonl:2: expected a JSON value but found/],
  [
    'no field',
    'a.jsonl',
    '"ok"\n{"txt":"a"}',
    /a\.jsonl:2: expected a field "text" but the object has "txt"/,
  ],
  [
    'another type',
    'a.jsonl',
    '{"text":[1]}',
    /a\.jsonl:1: expected field "text" to be a string but found an array/,
  ],
  ['blank lines only', 'a.txt', '\n \n', /a\.txt:1: expected text but found blank lines only/],
  ['an empty file', 'a.txt', '', /a\.txt:1: expected text but the file is empty/],
  ['Latin-1', 'a.txt', Buffer.from('fine\ncaf\xe9\n', 'latin1'), /a\.txt:2: expected UTF-8/],
  ['UTF-16', 'a.txt', Buffer.from('\uFEFFfine', 'utf16le'), /a\.txt:1: .*UTF-16/],
  ['gzip by another name', 'a.txt', zlib.gzipSync('fine'), /a\.txt:1: .*gzip/],
  ['no gzip', 'a.txt.gz', 'plain text', /a\.txt\.gz:1: expected gzip data but found other bytes/],
  [
    'Latin-1 in gzip',
    'a.txt.gz',
    zlib.gzipSync(Buffer.from('a\nb\xe9\n', 'latin1')),
    /a\.txt\.gz:2: expected UTF-8/,
  ],
] as [string, string, string | Uint8Array, RegExp][])('%s', async (_, name, content, message) => {
  await expectError(read(temporaryFile(name, content)), DataError, message);
});

test('a truncated .gz is an error at the line where it breaks off', async () => {
  const whole = zlib.gzipSync(Array.from({ length: 100_000 }, (_, i) => `Line ${i * 7919}.\n`).join(''));
  const path = temporaryFile('a.txt.gz', whole.subarray(0, whole.length - 50_000));
  await expectError(
    read(path, 'sentences'),
    DataError,
    /a\.txt\.gz:\d{4,}: the gzip data ends too early; the file is truncated/,
  );
  await expectError(
    read(temporaryFile('b.txt.gz', whole.subarray(0, 5))),
    DataError,
    /b\.txt\.gz:1: the gzip data ends too early/,
  );
});

test('.zst is read, or said to need another Node', async () => {
  const compress = (zlib as { zstdCompressSync?: (content: string) => Buffer }).zstdCompressSync;
  if (compress === undefined) {
    const path = temporaryFile('a.txt.zst', 'x');
    await expectError(read(path), ArgumentError, /zstd, which Node reads from version 22\.15 on/);
  } else {
    expect(texts(await read(temporaryFile('a.txt.zst', compress('One. Two.'))))).toEqual([['One.', 'Two.']]);
    const broken = compress(lines.repeat(1000));
    const path = temporaryFile('b.txt.zst', broken.subarray(0, broken.length - 9));
    await expectError(read(path), DataError, /b\.txt\.zst:\d+: the zstd data ends too early/);
  }
});

test('files, folders and patterns', async () => {
  const folder = temporaryFolder();
  for (const name of ['b/c', 'd', '.hidden']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of [
    'z.txt',
    'b/a.jsonl',
    'b/c/x.txt.gz',
    'b/readme.md',
    'b/.x.txt',
    '.hidden/a.txt',
    'd/y.text',
  ]) {
    writeFileSync(join(folder, name), '"x"');
  }
  symlinkSync(join(folder, 'z.txt'), join(folder, 'd', 'link.txt'));
  const names = async (...paths: string[]) =>
    (await corpusFiles(paths.map((path) => join(folder, path)))).map(({ path }) =>
      path.slice(folder.length + 1),
    );
  expect(await names('')).toEqual(['b/a.jsonl', 'b/c/x.txt.gz', 'd/link.txt', 'd/y.text', 'z.txt']);
  expect(await names('z.txt', 'b', 'z.txt')).toEqual(['b/a.jsonl', 'b/c/x.txt.gz', 'z.txt']);
  expect(await names('*.txt')).toEqual(['z.txt']);
  expect(await names('**/*.txt')).toEqual(['d/link.txt', 'z.txt']);
  expect(await names('?/c/x*')).toEqual(['b/c/x.txt.gz']);
  const formats = (await corpusFiles([folder])).map(({ format }) => format);
  expect(formats).toEqual(['jsonl', 'document', 'document', 'document', 'document']);
});

test('nothing to read', async () => {
  const folder = temporaryFolder();
  await expectError(corpusFiles([]), ArgumentError, /received none/);
  await expectError(corpusFiles([folder]), DataError, /expected files of text but it holds no file of text/);
  await expectError(
    corpusFiles([join(folder, '*.txt')]),
    DataError,
    /\*\.txt: expected files of text but no file matches it/,
  );
  await expectError(corpusFiles([join(folder, 'none.txt')]), FileError, /none\.txt.*does not exist/);
  writeFileSync(join(folder, 'notes.md'), 'x');
  await expectError(corpusFiles([join(folder, 'notes.md')]), ArgumentError, /does not say how it is written/);
  expect((await corpusFiles([join(folder, 'notes.md')], 'paragraphs')).length).toBe(1);
});
