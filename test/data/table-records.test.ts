// CSV and TSV records: quoting, line numbers, ragged records.

import { expect, test } from 'vitest';
import { readTableRecords } from '../../src/data/formats/table-records.ts';
import { DataError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile } from '../temporary-file.ts';

async function records(format: 'csv' | 'tsv', content: string) {
  const path = temporaryFile(`table.${format}`, content);
  return collect(readTableRecords(path, format));
}

test('quotes, doubled quotes and newlines inside quotes', async () => {
  const content = 'a,"b, with comma"\r\n"two\nlines","say ""hi"""\nlast,row';
  expect(await records('csv', content)).toEqual([
    { fields: ['a', 'b, with comma'], line: 1 },
    { fields: ['two\nlines', 'say "hi"'], line: 3 },
    { fields: ['last', 'row'], line: 4 },
  ]);
});

test('a line ending inside quotes is kept as it is', async () => {
  expect((await records('csv', 'a,"x\r\ny"\r\n'))[0]?.fields).toEqual(['a', 'x\r\ny']);
});

test.each(['csv', 'tsv'] as const)(
  '%s: blank lines are no records, wherever they are, and counted',
  async (format) => {
    let blank = 0;
    const path = temporaryFile(
      `table.${format}`,
      '\na\tb,c\n\n  \r\nd\te,f\n\n\n'.replaceAll('\t', format === 'csv' ? '' : '\t'),
    );
    const read = await collect(readTableRecords(path, format, { onBlank: () => (blank += 1) }));
    const fields = read.map((record) => record.fields);
    expect(fields).toEqual(
      format === 'csv'
        ? [
            ['ab', 'c'],
            ['de', 'f'],
          ]
        : [
            ['a', 'b,c'],
            ['d', 'e,f'],
          ],
    );
    expect(read.map(({ line }) => line)).toEqual([2, 5]);
    expect(blank).toBe(5);
  },
);

test('what is quoted, or has separators, is a record though it is empty', async () => {
  expect((await records('csv', 'a\n""\n\nb\n')).map(({ fields }) => fields)).toEqual([['a'], [''], ['b']]);
  expect((await records('csv', 'a,b\n,\n')).map(({ fields }) => fields)).toEqual([
    ['a', 'b'],
    ['', ''],
  ]);
  expect((await records('tsv', 'a\tb\n\t\n')).map(({ fields }) => fields)).toEqual([
    ['a', 'b'],
    ['', ''],
  ]);
});

test('a record with another number of fields names its line', async () => {
  await expect(records('csv', 'a,b\nc,d\ne\n')).rejects.toThrow(/table\.csv:3: expected 2 fields .* found 1/);
});

test('an unclosed quote is a data error with file and line', async () => {
  const failure = records('csv', 'a,b\n"c,d\n');
  await expect(failure).rejects.toBeInstanceOf(DataError);
  await expect(failure).rejects.toThrow(/table\.csv:\d+: expected a CSV record: .*[Qq]uote/);
});

test('in TSV a quote is an ordinary character', async () => {
  expect(await records('tsv', '"a\tb"\r\n\tx\n')).toEqual([
    { fields: ['"a', 'b"'], line: 1 },
    { fields: ['', 'x'], line: 2 },
  ]);
});

test('a large file streams and keeps its line numbers', async () => {
  const rows = Array.from({ length: 30_000 }, (_, index) => `${index},"text ${index} é"`);
  const read = await records('csv', rows.join('\r\n'));
  expect(read.length).toBe(30_000);
  expect(read[29_999]).toEqual({ fields: ['29999', 'text 29999 é'], line: 30_000 });
});
