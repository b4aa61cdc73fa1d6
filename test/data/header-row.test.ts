// A first row that names columns is no row: told by known names or by a column of numbers, refused where nothing says what
// it is, in training's files and in every table that columns are taken of by number.
import { readdirSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { ExampleFile, type ExampleFileOptions } from '../../src/data/examples/example-file.ts';
import { namesColumns } from '../../src/data/formats/header-row.ts';
import { readRows } from '../../src/data/readers/read-rows.ts';
import { readScoredPairs } from '../../src/data/readers/read-scored-pairs.ts';
import { readTexts } from '../../src/data/readers/read-texts.ts';
import { DataError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile } from '../temporary-file.ts';

describe('namesColumns', () => {
  it.each([
    ['SimCSE', 'sent0,sent1,hard_neg'],
    ['AllNLI', 'anchor,positive,negative'],
    ['Quora', 'id,qid1,qid2,question1,question2,is_duplicate'],
    ['GLUE', 'index\tsentence1\tsentence2\tscore'],
    ['SICK', 'pair_ID,sentence_A,sentence_B,relatedness_score'],
    ['a column alone', 'text'],
    ['an index without a name', ',text,label'],
  ])('%s', (_name, header) => {
    const fields = header.split(/[,\t]/);
    expect(namesColumns([fields, fields.map(() => 'some other words, at length')])).toBe(true);
  });

  it('MRPC, whose names are its own, above numbers', () => {
    const header = ['Quality', '#1 ID', '#2 ID', '#1 String', '#2 String'];
    expect(
      namesColumns([header, ['1', '702876', '702977', 'Amrozi accused his brother .', 'Referring to']]),
    ).toBe(true);
  });

  it('names nobody knows, above numbers', () => {
    expect(
      namesColumns([
        ['fst', 'snd', 'gold'],
        ['a b', 'c d', '0.5'],
        ['e', 'f', ''],
      ]),
    ).toBe(true);
    expect(
      namesColumns([
        ['fst', 'snd', 'gold'],
        ['a b', 'c d', 'high'],
      ]),
    ).toBe(false);
  });

  it.each([
    [
      [
        ['the cat sat on the mat', 'a cat sat'],
        ['x', 'y'],
      ],
    ],
    [
      [
        ['the cat', 'a dog', '5'],
        ['red mat', 'a dog', '3'],
      ],
    ],
    [
      [
        ['question', 'the cat sat on the mat, and stayed'],
        ['x', 'y'],
      ],
    ],
    [
      [
        ['cat', 'dog'],
        ['sun', 'moon'],
      ],
    ],
    [
      [
        ['1', '2'],
        ['3', '4'],
      ],
    ],
    [
      [
        ['', ''],
        ['a', 'b'],
      ],
    ],
    [[]],
  ])('no header: %j', (rows) => {
    expect(namesColumns(rows)).toBe(false);
  });
});

const nli =
  'sent0,sent1,hard_neg\n"a cat, sitting",a cat sits,a dog runs\nthe mat is red,a red mat,a blue mat\n';
const triplets = { texts: 3, scored: false };
async function opened(content: string, options: Partial<ExampleFileOptions> = {}) {
  const file = await ExampleFile.open(temporaryFile('nli.csv', content), { ...triplets, ...options });
  await file.close();
  return file;
}

test('a header is not trained on: refused with the keys to set, or taken where one is set', async () => {
  const refused = opened(nli, { key: 'data.1' });
  await expect(refused).rejects.toThrow(DataError);
  await expect(refused).rejects.toThrow(
    /nli\.csv:1: .*"sent0", "sent1", "hard_neg".* data\.1\.header: true, .* data\.1\.header: false, or name the columns/,
  );
  expect((await opened(nli, { header: true })).length).toBe(2);
  expect((await opened(nli, { columns: ['sent0', 'sent1', 'hard_neg'] })).length).toBe(2);
  const rows = await opened(nli, { header: false });
  expect(rows.length).toBe(3);
  expect(rows.first.texts).toEqual(['sent0', 'sent1', 'hard_neg']);
  const below = await opened(`\n\n${nli}`, { header: true });
  expect([below.length, below.blank]).toEqual([2, 2]);
  expect(below.first.texts).toEqual(['a cat, sitting', 'a cat sits', 'a dog runs']);
});

test('a header above scores is refused before its score is', async () => {
  const scored = { texts: 2, scored: true };
  await expect(opened('fst,snd,gold\na b,c d,0.5\n', scored)).rejects.toThrow(
    /like a header, "fst", "snd", "gold"/,
  );
  expect((await opened('a b,c d,0.5\n', scored)).length).toBe(1);
});

test('a table by number: refused, taken with header, or read as it is without', async () => {
  const path = temporaryFile('t.tsv', 'sentence1\tsentence2\tscore\na b\tc d\t1\ne\tf\t2\n');
  const columns = ['1', '2', '3'];
  for (const reading of [
    collect(readRows(path, { columns })),
    collect(readTexts(path, { textField: '1' })),
    collect(readScoredPairs(path, { columns })),
  ]) {
    await expect(reading).rejects.toThrow(/t\.tsv:1: .* with --header, .* with --no-header$/);
  }
  await expect(collect(readScoredPairs(path, { columns, key: 'evaluation' }))).rejects.toThrow(
    /evaluation\.header: true/,
  );
  expect(await collect(readRows(path, { columns, header: true }))).toHaveLength(2);
  expect(await collect(readRows(path, { columns, header: false }))).toHaveLength(3);
  expect(await collect(readRows(path, { columns: ['score'] }))).toEqual([
    { fields: ['1'], line: 2 },
    { fields: ['2'], line: 3 },
  ]);
  await expect(collect(readRows(path, { columns: ['score'], header: false }))).rejects.toThrow(
    /names need a header/,
  );
});

test('a file that is refused is closed', async () => {
  const open = () => readdirSync('/dev/fd').length;
  const path = temporaryFile('t.csv', `text,label\n${'a b,1\n'.repeat(200_000)}`);
  const before = open();
  for (let round = 0; round < 5; round++) {
    await expect(collect(readRows(path, { columns: ['1'] }))).rejects.toThrow(DataError);
    await expect(ExampleFile.open(path, { texts: 1, scored: false })).rejects.toThrow(DataError);
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open() - before).toBeLessThan(5);
});

test.each([
  ['a.jsonl', '"one"\n\n  \n{"text": "two"}\n\n'],
  ['a.csv', 'text\none\n\n  \ntwo\n\n'],
  ['a.tsv', 'text\none\n\n  \ntwo\n\n'],
])('blank lines of %s are no texts, and are counted', async (name, content) => {
  let blank = 0;
  const options = { onBlank: () => (blank += 1) };
  expect(await collect(readTexts(temporaryFile(name, content), options))).toEqual(['one', 'two']);
  expect(blank).toBe(3);
});
