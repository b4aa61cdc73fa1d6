// Pairs with scores, and the columns they are read from.

import { expect, test } from 'vitest';
import { readScoredPairs } from '../../src/data/readers/read-scored-pairs.ts';
import { ArgumentError, DataError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile } from '../temporary-file.ts';

test('columns by number, in the order asked for', async () => {
  const path = temporaryFile('a.tsv', '5\tx\tignored\ty\n0.5\tv\tignored\tw\n');
  expect(await collect(readScoredPairs(path, { columns: ['2', '4', '1'] }))).toEqual([
    { first: 'x', second: 'y', score: 5 },
    { first: 'v', second: 'w', score: 0.5 },
  ]);
});

test('columns by name imply a header; a header may be skipped with numbers too', async () => {
  const path = temporaryFile('a.csv', 'a,b,score\r\n"x, x",y,4.25\r\n');
  const expected = [{ first: 'x, x', second: 'y', score: 4.25 }];
  expect(await collect(readScoredPairs(path, { columns: ['a', 'b', 'score'] }))).toEqual(expected);
  expect(await collect(readScoredPairs(path, { columns: ['1', '2', '3'], header: true }))).toEqual(expected);
});

test('an empty score is null', async () => {
  const path = temporaryFile('a.tsv', 'x\ty\t\nx\ty\t 1 \n');
  const pairs = await collect(readScoredPairs(path, { columns: ['1', '2', '3'] }));
  expect(pairs.map((pair) => pair.score)).toEqual([null, 1]);
});

test.each(['high', '1,5', 'NaN', '1e999'])('a score of %s is a data error with its line', async (score) => {
  const path = temporaryFile('a.tsv', `x\ty\t1\nx\ty\t${score}\n`);
  const failure = collect(readScoredPairs(path, { columns: ['1', '2', '3'] }));
  await expect(failure).rejects.toThrow(DataError);
  await expect(failure).rejects.toThrow(`a.tsv:2: expected the score to be a number but found "${score}"`);
});

test('a name without a header, and a file that is no table', async () => {
  const path = temporaryFile('a.tsv', 'x\ty\t1\n');
  const named = { columns: ['x', '2', '3'], header: false };
  await expect(collect(readScoredPairs(path, named))).rejects.toThrow('column "x" is a name');
  const text = temporaryFile('a.txt', 'x\ty\t1\n');
  await expect(collect(readScoredPairs(text, { columns: ['1', '2', '3'] }))).rejects.toThrow(ArgumentError);
});
