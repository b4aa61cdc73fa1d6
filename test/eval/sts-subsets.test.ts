// The three aggregations of an STS year by hand, and SentEval's files.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSentEval } from '../../src/data/readers/read-senteval.ts';
import { DataError, FileError } from '../../src/errors.ts';
import { pearson, spearman } from '../../src/eval/correlation.ts';
import { evaluateStsSubsets } from '../../src/eval/sts-subsets.ts';
import { sharedPath } from '../shared-folder.ts';
import { temporaryFolder } from '../temporary-file.ts';

/** A text is an angle: the cosine of two texts is that of their difference. */
function angleEncoder() {
  const asked: string[][] = [];
  return {
    asked,
    encode(texts: string[]) {
      asked.push(texts);
      const rows = texts.map((text) => Float32Array.of(Math.cos(Number(text)), Math.sin(Number(text))));
      return Promise.resolve({ row: (index: number) => rows[index] as Float32Array });
    },
  };
}

const pairs = (...scored: [angle: number, score: number | null][]) =>
  scored.map(([angle, score]) => ({ first: '0', second: `${angle}`, score }));
const subsets = [
  { name: 'images', pairs: pairs([0.1, 5], [0.5, 3], [1, 4], [2, 1]) },
  { name: 'news', pairs: pairs([0.2, 2], [0.9, null], [1.5, 3]) },
];

test('all, mean and wmean, each text encoded once', async () => {
  const encoder = angleEncoder();
  const result = await evaluateStsSubsets(encoder, subsets, 'wmean');
  const angles = [0.1, 0.5, 1, 2, 0.2, 1.5];
  const scores = [5, 3, 4, 1, 2, 3];
  const cosines = angles.map(Math.cos);
  const parts = [pearson(cosines.slice(0, 4), scores.slice(0, 4)), -1] as const;
  expect(result).toMatchObject({ aggregation: 'wmean', pairs: 6, skipped: 1 });
  expect(result.aggregations.all.spearman).toBeCloseTo(spearman(cosines, scores), 12);
  expect(result.aggregations.all.pearson).toBeCloseTo(pearson(cosines, scores), 6);
  expect(result.aggregations.mean.spearman).toBeCloseTo((0.8 - 1) / 2, 12);
  expect(result.aggregations.mean.pearson).toBeCloseTo((parts[0] - 1) / 2, 6);
  expect(result.aggregations.wmean.spearman).toBeCloseTo((4 * 0.8 - 2) / 6, 12);
  expect(result.spearman).toBe(result.aggregations.wmean.spearman);
  expect(result.pearson).toBe(result.aggregations.wmean.pearson);
  expect(result.subsets.map(({ name, pairs: count }) => [name, count])).toEqual([
    ['images', 4],
    ['news', 2],
  ]);
  expect(encoder.asked).toEqual([['0', '0.1', '0.5', '1', '2', '0.2', '1.5']]);
  expect((await evaluateStsSubsets(encoder, subsets)).aggregation).toBe('all');
});

test('a subset with a single score is refused by name', async () => {
  const short = [...subsets, { name: 'short', pairs: pairs([1, 2], [2, null]) }];
  await expect(evaluateStsSubsets(angleEncoder(), short)).rejects.toThrow(
    /^short: expected at least two pairs/,
  );
});

function writeYear(files: Record<string, string>): string {
  const folder = join(temporaryFolder(), 'STS99-en-test');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

test("SentEval's files: pairs by line, empty scores, other files left alone", async () => {
  const folder = writeYear({
    'STS.input.surprise.b.txt': 'a "b\tc d\nx\ty\tmore\n',
    'STS.gs.surprise.b.txt': '4.5\n\n',
    'STS.input.a.txt': 'one\ttwo\n',
    'STS.gs.a.txt': '0\n',
    'STS.input.a.LICENSE': 'text',
  });
  expect(await readSentEval(folder)).toEqual([
    { name: 'a', pairs: [{ first: 'one', second: 'two', score: 0 }] },
    {
      name: 'surprise.b',
      pairs: [
        { first: 'a "b', second: 'c d', score: 4.5 },
        { first: 'x', second: 'y', score: null },
      ],
    },
  ]);
});

test.each([
  ['no files', {}, /expected files STS.input.NAME.txt/],
  [
    'one text',
    { 'STS.input.a.txt': 'one\n', 'STS.gs.a.txt': '1\n' },
    /STS.input.a.txt:1: expected two texts/,
  ],
  [
    'a word',
    { 'STS.input.a.txt': 'a\tb\n', 'STS.gs.a.txt': 'x\n' },
    /STS.gs.a.txt:1: .* number but found "x"/,
  ],
  [
    'missing lines',
    { 'STS.input.a.txt': 'a\tb\na\tb\n', 'STS.gs.a.txt': '1\n' },
    /each of 2 pairs but found 1/,
  ],
])('%s in a folder', async (_name, files, message) => {
  const error = await readSentEval(writeYear(files as Record<string, string>)).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
});

test('a missing file or folder', async () => {
  await expect(readSentEval('/no/such/folder')).rejects.toThrow(FileError);
  await expect(readSentEval(writeYear({ 'STS.input.a.txt': 'a\tb\n' }))).rejects.toThrow(FileError);
});

const data = sharedPath('data', 'senteval-sts');
test.skipIf(data === undefined)('the STS tasks have as many scored pairs as papers say', async () => {
  const scored: Record<string, number[]> = {};
  for (const year of ['12', '13', '14', '15']) {
    const read = await readSentEval(join(data ?? '', `STS${year}-en-test`));
    scored[year] = read.map((subset) => subset.pairs.filter(({ score }) => score !== null).length);
  }
  const total = (year: string) => scored[year]?.reduce((sum, count) => sum + count, 0);
  expect(['12', '13', '14', '15'].map(total)).toEqual([3108, 1500, 3750, 3000]);
  expect(scored['15']).toHaveLength(5);
});
