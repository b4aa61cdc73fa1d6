// Lines: endings, byte order mark, encodings, block borders.

import { expect, test } from 'vitest';
import { readLines } from '../../src/data/formats/lines.ts';
import { AbortedError, DataError, FileError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';

async function texts(content: string | Uint8Array) {
  return (await collect(readLines(temporaryFile('lines.txt', content)))).map((line) => line.text);
}

test.each([
  ['nothing', '', []],
  ['one empty line', '\n', ['']],
  ['a last line without a newline', 'a\nb', ['a', 'b']],
  ['a last line with one', 'a\nb\n', ['a', 'b']],
  ['Windows line endings', 'a\r\n\r\nb\r\n', ['a', '', 'b']],
  ['a carriage return inside a line', 'a\rb\n', ['a\rb']],
  ['a byte order mark', '\uFEFFa\nb', ['a', 'b']],
  ['only a byte order mark', '\uFEFF', []],
  ['a byte order mark further on', 'a\n\uFEFFb', ['a', '\uFEFFb']],
  ['other separators of Unicode', 'a\u2028b\u0085c\n', ['a\u2028b\u0085c']],
  ['NUL and control characters', 'a\0b\n\x1b\n', ['a\0b', '\x1b']],
])('%s', async (_, content, expected) => {
  expect(await texts(content)).toEqual(expected);
});

test('lines and characters that cross the borders of what is read at once', async () => {
  const long = '語😀'.repeat(100_000); // 700,000 bytes
  const lines = Array.from({ length: 60_000 }, (_, index) => `行 ${index}`);
  const expected = ['first', long, ...lines, long];
  const read = await collect(readLines(temporaryFile('long.txt', expected.join('\n'))));
  expect(read.map((line) => line.text)).toEqual(expected);
  expect(read.map((line) => line.number)).toEqual(expected.map((_, index) => index + 1));
});

test('bytes that are not UTF-8 are an error naming the line', async () => {
  const content = Buffer.concat([
    Buffer.from('ok\n'.repeat(100)),
    Buffer.from([0x61, 0xff, 0x0a]),
    Buffer.from('ok'),
  ]);
  const path = temporaryFile('latin.txt', content);
  await expect(collect(readLines(path))).rejects.toThrow(DataError);
  await expect(collect(readLines(path))).rejects.toThrow('latin.txt:101: expected UTF-8');
});

test('a character cut off by the end of the file is not UTF-8', async () => {
  await expect(texts(Buffer.from('é').subarray(0, 1))).rejects.toThrow(':1: expected UTF-8');
});

test('UTF-16 and gzip are named', async () => {
  await expect(texts(Buffer.from('\uFEFFa', 'utf16le'))).rejects.toThrow('UTF-16');
  await expect(texts(Buffer.from([0x1f, 0x8b, 8, 0]))).rejects.toThrow('gzip');
});

test('a line past the limit is an error, not a full memory', async () => {
  const path = temporaryFile('long.txt', `short\n${'x'.repeat(600_000)}`);
  await expect(collect(readLines(path, { maxLineBytes: 500_000 }))).rejects.toThrow(
    'long.txt:2: expected a line of',
  );
});

test('a file that cannot be read is a file error', async () => {
  const folder = temporaryFolder();
  await expect(collect(readLines(`${folder}/missing.txt`))).rejects.toThrow(FileError);
  await expect(collect(readLines(`${folder}/missing.txt`))).rejects.toThrow(
    /cannot read .*missing\.txt.*\(ENOENT\)/,
  );
  await expect(collect(readLines(folder))).rejects.toThrow(FileError);
});

test('the bytes read are reported up to the size of the file', async () => {
  const reported: number[] = [];
  const path = temporaryFile('bytes.txt', 'x\n'.repeat(300_000));
  await collect(readLines(path, { onBytes: (bytes) => reported.push(bytes) }));
  expect(reported.length).toBe(300_000);
  expect([reported[0], reported[149_999], reported.at(-1)]).toEqual([2, 300_000, 600_000]);
});

test('a signal ends the reading', async () => {
  const controller = new AbortController();
  const path = temporaryFile('signal.txt', 'x\n'.repeat(500_000));
  const lines = readLines(path, { signal: controller.signal });
  await lines.next();
  controller.abort();
  await expect(collect(lines)).rejects.toThrow(AbortedError);
});
