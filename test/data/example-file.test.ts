// Examples from every format, read at random; rows that cannot be used, by either policy; CSV taken apart as csv-parse does.

import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ExampleFile, type ExampleFileOptions } from '../../src/data/examples/example-file.ts';
import { splitCsvRecord } from '../../src/data/formats/csv-record.ts';
import { scanRows } from '../../src/data/formats/row-scan.ts';
import { readTableRecords } from '../../src/data/formats/table-records.ts';
import { ArgumentError, DataError, FileError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { expectError } from '../expect-error.ts';
import { seededRandom } from '../seeded-random.ts';
import { temporaryFile } from '../temporary-file.ts';

const one = { texts: 1, scored: false };
const pair = { texts: 2, scored: false };

async function readAll(path: string, options: ExampleFileOptions) {
  const file = await ExampleFile.open(path, options);
  const examples = await file.read(Array.from({ length: file.length }, (_, row) => row));
  await file.close();
  return { file, texts: examples.map((example) => example.texts), examples };
}

test('txt: a text per line, empty lines counted, a byte order mark and CRLF dropped', async () => {
  const path = temporaryFile('a.txt', '\uFEFFfirst\r\n\r\nzweite Zeile ü\n\n\u5b57\u7b26');
  const { file, texts } = await readAll(path, one);
  expect(texts).toEqual([['first'], ['zweite Zeile ü'], ['\u5b57\u7b26']]);
  expect([file.length, file.blank, file.skipped]).toEqual([3, 2, 0]);
});

test.each([
  ['objects', '{"anchor":"a","positive":"b"}\n{"positive":"d","anchor":"c","x":1}\n', {}],
  ['objects with keys named', '{"q":"a","p":"b"}\n{"p":"d","q":"c"}', { columns: ['q', 'p'] }],
  ['arrays', '["a","b"]\n["c","d"]\n', {}],
  ['arrays with places named', '["x","b","a"]\n["x","d","c"]\n', { columns: ['3', '2'] }],
])('jsonl: %s', async (_, content, more) => {
  const { texts } = await readAll(temporaryFile('a.jsonl', content), { ...pair, ...more });
  expect(texts).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('csv with newlines in quotes, by name and by number; tsv; scores', async () => {
  const csv = temporaryFile('a.csv', 'score,one,two\r\n1.5,"a, ""b""\r\nc",d\r\n"2",e,"f\ng"\r\n');
  const byName = await readAll(csv, { texts: 2, scored: true, columns: ['one', 'two', 'score'] });
  expect(byName.examples).toEqual([
    { texts: ['a, "b"\r\nc', 'd'], score: 1.5 },
    { texts: ['e', 'f\ng'], score: 2 },
  ]);
  const byNumber = await readAll(csv, { ...pair, columns: ['3', '2'], header: true });
  expect(byNumber.texts[0]).toEqual(['d', 'a, "b"\r\nc']);
  const tsv = temporaryFile('a.tsv', 'x\ta "b\tc\ny\td\te\textra\n');
  expect((await readAll(tsv, { ...pair, columns: ['2', '3'] })).texts).toEqual([
    ['a "b', 'c'],
    ['d', 'e'],
  ]);
});

test('rows come back in the order asked for, and no more than maxSamples are taken', async () => {
  const lines = Array.from({ length: 5000 }, (_, index) => `text number ${index} ${'x'.repeat(index % 300)}`);
  const path = temporaryFile('long.txt', lines.join('\n'));
  const file = await ExampleFile.open(path, { ...one, maxSamples: 4000 });
  expect(file.length).toBe(4000);
  const rows = [3999, 0, 17, 17, 2048];
  expect((await file.read(rows)).map((example) => example.texts[0])).toEqual(rows.map((row) => lines[row]));
  await file.close();
});

const broken: [string, string, ExampleFileOptions, string[]][] = [
  [
    'a.jsonl',
    '"ok"\n{"text":\n"fine"\n[1]\n{"other":"x"}\n"last"',
    one,
    [
      '2: expected a JSON value but found "{\\"text\\":"',
      '4: expected text 1 to be a string',
      '5: expected a field "text" but the object has "other"',
    ],
  ],
  [
    'a.tsv',
    'a\tb\nonly\nc\t \nd\te',
    pair,
    ['2: expected a column 2 but the row has 1', '3: expected text 2 to have words but it is empty'],
  ],
  [
    'a.csv',
    'a,b\nc,"d"e\nf,g"h\ni,j,k\nl,"m\nn,o\np,"q"\n',
    pair,
    [
      '2: expected a comma after the closing quote of field 2; are the quotes balanced?',
      '3: expected quotes around field 2, which has one inside; are the quotes balanced?',
      '4: expected 2 fields as in the first record but found 3',
      '5: expected a comma after the closing quote of field 2; are the quotes balanced?',
    ],
  ],
  ['a.csv', '"a",b\nc,"d\ne,f\n', pair, ['2: expected a closing quote; are the quotes balanced?']],
  [
    's.jsonl',
    '["a","b",1]\n["a","b","high"]\n["a","b"]\n',
    { texts: 2, scored: true },
    ['2: expected the score to be a number but found "high"', '3: expected 3 values but found 2'],
  ],
];

test.each(broken)(
  '%s %j: every bad row is named, or ends the reading',
  async (name, content, options, problems) => {
    const path = temporaryFile(name, content);
    const reasons: string[] = [];
    const skipping = {
      ...options,
      onCorrupt: 'skip' as const,
      onSkipped: (reason: string) => reasons.push(reason),
    };
    const { file } = await readAll(path, skipping);
    expect(reasons).toEqual(problems.map((problem) => `${path}:${problem}`));
    expect(file.skipped).toBe(problems.length);
    await expectError(ExampleFile.open(path, options), DataError, /a\.\w+:2: .*onCorrupt: skip|s\.jsonl:2: /);
  },
);

test('a line that is not UTF-8 is one bad row', async () => {
  const bytes = Buffer.concat([
    Buffer.from('good\n'),
    Buffer.from([0x62, 0xff, 0x0a]),
    Buffer.from('also good'),
  ]);
  const path = temporaryFile('a.txt', bytes);
  const { texts, file } = await readAll(path, { ...one, onCorrupt: 'skip' });
  expect([texts, file.skipped]).toEqual([[['good'], ['also good']], 1]);
  await expectError(ExampleFile.open(path, one), DataError, /a\.txt:2: expected UTF-8/);
});

test('refusals: no rows, a missing file, columns that do not fit', async () => {
  await expectError(ExampleFile.open(temporaryFile('a.txt', '\n\n'), one), DataError, /there is none/);
  await expectError(ExampleFile.open('/none/a.txt', one), FileError, /ENOENT|does not exist/);
  const csv = temporaryFile('a.csv', 'x,y\n1,2\n');
  await expectError(
    ExampleFile.open(csv, { ...pair, columns: ['x', 'z'] }),
    DataError,
    /column "z" but the header has "x", "y"/,
  );
  await expectError(
    ExampleFile.open(csv, { ...pair, columns: ['x'] }),
    ArgumentError,
    /expected 2 columns, for 2 texts/,
  );
  await expectError(
    ExampleFile.open(temporaryFile('b.txt', 'x'), pair),
    ArgumentError,
    /a line of txt is one text/,
  );
});

test.each([
  ['txt', { columns: ['1'] }, /expected no columns in txt, .* but received "1": leave them out/],
  ['txt', { header: true }, /expected no header in txt, .* leave it out/],
  ['jsonl', { header: true }, /expected no header in jsonl, .* leave it out/],
  ['csv', { columns: ['q'], header: false }, /expected a header, which has the column "q", /],
])('what would be without effect in %s, or could not be, is refused: %j', async (format, change, message) => {
  const path = temporaryFile(`a.${format}`, '"text"\n');
  await expectError(ExampleFile.open(path, { ...one, ...change }), ArgumentError, message);
});

test('jsonl: columns by name need objects, and numbers as many values', async () => {
  const path = temporaryFile('a.jsonl', '["a","b"]\n');
  await expectError(
    ExampleFile.open(path, { ...pair, columns: ['q', 'p'] }),
    DataError,
    /a\.jsonl:1: expected an object with the field "q", which columns names, but found values without names/,
  );
  await expectError(
    ExampleFile.open(path, { ...pair, columns: ['2', '3'] }),
    DataError,
    /a\.jsonl:1: expected a value 3 but found 2/,
  );
});

test('the fingerprint is of the rows in use, and a file that changes under the run is noticed', async () => {
  const path = temporaryFile('a.txt', 'one\ntwo\nthree\n');
  const fingerprint = async (content: string, maxSamples?: number) =>
    (await readAll(temporaryFile('b.txt', content), { ...one, maxSamples })).file.fingerprint;
  const file = await ExampleFile.open(path, one);
  expect(file.fingerprint).toBe(await fingerprint('one\ntwo\n\nthree'));
  expect(file.fingerprint).not.toBe(await fingerprint('one\ntwo\nthree\nfour'));
  expect(file.fingerprint).toBe(await fingerprint('one\ntwo\nthree\nfour', 3));
  writeFileSync(path, 'one\nTWO\nthree\n');
  await expectError(file.read([0, 1]), DataError, /a\.txt: expected the same rows as at the start/);
  await file.close();
});

test('the fingerprint is of what the header makes of the rows: columns that exchange their names are other data', async () => {
  const rows = 'one\ttwo\nthree\tfour\n';
  const fingerprint = async (header: string) => {
    const columns = ['query', 'answer'];
    return (await readAll(temporaryFile('a.tsv', `${header}\n${rows}`), { ...pair, columns })).file
      .fingerprint;
  };
  const before = await fingerprint('query\tanswer');
  expect(await fingerprint('query\tanswer')).toBe(before);
  expect(await fingerprint('answer\tquery')).not.toBe(before);
});

test('a score that changes under the run is noticed', async () => {
  const path = temporaryFile('a.tsv', 'a\tb\t0.5\nc\td\t0.25\n');
  const file = await ExampleFile.open(path, { texts: 2, scored: true });
  writeFileSync(path, 'a\tb\t0.6\nc\td\t0.25\n');
  expect((await file.read([1]))[0]).toEqual({ texts: ['c', 'd'], score: 0.25 });
  await expectError(file.read([0]), DataError, /expected the same rows as at the start/);
  await file.close();
});

test('well-formed CSV of any shape gives the records that csv-parse gives', async () => {
  const random = seededRandom(5);
  const pieces = ['a', ' ', ',', '"', '\n', '\r\n', 'é', '""', 'x,y'];
  const fields = () =>
    Array.from({ length: 1 + Math.floor(random() * 5) }, () => pieces[Math.floor(random() * pieces.length)]);
  const quoted = (text: string) =>
    /[",\n\r]/.test(text) || random() < 0.3 ? `"${text.replaceAll('"', '""')}"` : text;
  const rows = Array.from({ length: 400 }, () => [0, 1, 2].map(() => quoted(fields().join(''))).join(','));
  const path = temporaryFile('a.csv', `${rows.join('\r\n')}\n`);
  const expected = (await collect(readTableRecords(path, 'csv'))).map(({ fields }) => fields);
  const scanned = await collect(scanRows(path, 'csv'));
  expect(scanned.map(({ text }) => splitCsvRecord(text as string))).toEqual(expected);
});
