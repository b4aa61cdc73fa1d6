// `likewise similarity`: the table, the file of pairs, and that both agree.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

const similarity = ['similarity', '--model', tinyModel];

test('a table of cosines, symmetric, ones on the diagonal', async () => {
  const { code, stdout, stderr } = await runCli([...similarity, 'the cat', 'a dog\nsat', 'the cat']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const lines = stdout.trimEnd().split('\n');
  expect(lines.length).toBe(4);
  expect(lines[2]).toMatch(/^ {3}2( +-?[01]\.\d{4}){3} {2}a dog sat$/);
  const cells = lines.slice(1).map((line) => line.trim().split(/ +/).slice(1, 4));
  for (const i of [0, 1, 2]) {
    expect(cells[i]?.[i]).toBe('1.0000');
    for (const j of [0, 1, 2]) expect(cells[i]?.[j]).toBe(cells[j]?.[i]);
  }
  expect(cells[0]?.[2]).toBe('1.0000');
  expect(cells[0]?.[1]).not.toBe('1.0000');
});

test('a file of pairs: one cosine per row, the same as in the table, whatever the columns', async () => {
  const table = await runCli([...similarity, 'the cat', 'a dog', '--json']);
  const { texts, similarities } = JSON.parse(table.stdout) as { texts: string[]; similarities: number[][] };
  expect(texts).toEqual(['the cat', 'a dog']);

  const input = temporaryFile('pairs.tsv', 'the cat\tx\ta dog\nthe cat\tx\tthe cat\n'.repeat(1500));
  const output = join(temporaryFolder(), 'scores.tsv');
  const pairs = [...similarity, '--input', input, '--columns', '1,3'];
  const { code, stdout, stderr } = await runCli([...pairs, '--output', output]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/scores\.tsv: 3,000 cosine similarities in [\d.]+ s\n$/);
  const scores = readFileSync(output, 'utf8').trimEnd().split('\n').map(Number);
  expect(scores.length).toBe(3000); // more than one piece of output
  for (const [row, score] of scores.entries())
    expect(score).toBeCloseTo(row % 2 === 0 ? (similarities[0]?.[1] ?? 2) : 1, 8);

  const printed = await runCli(pairs);
  expect(printed.stdout).toBe(readFileSync(output, 'utf8'));
  const json = JSON.parse((await runCli([...pairs, '--json'])).stdout) as { pairs: number; scores: number[] };
  expect(json.pairs).toBe(3000);
  expect(json.scores[1]).toBeCloseTo(1, 12);
});

test('columns by name, with a header', async () => {
  const input = temporaryFile('pairs.csv', 'left,right\nthe cat,the cat\n');
  const { stdout } = await runCli([...similarity, '--input', input, '--columns', 'left,right']);
  expect(Number(stdout)).toBeCloseTo(1, 6);
});

test('a row without the column names file and line and leaves nothing behind', async () => {
  const folder = temporaryFolder();
  const input = temporaryFile('pairs.tsv', 'a\tb\na\n');
  const { code, stderr } = await runCli([
    ...similarity,
    '--input',
    input,
    '--output',
    join(folder, 'scores.tsv'),
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^likewise: .*pairs\.tsv:2: expected a column 2 .* \[LIKEWISE_DATA\]\n$/);
  expect(readdirSync(folder)).toEqual([]);
});

test('a reader that closes the pipe ends the command quietly', async () => {
  const input = temporaryFile('pairs.tsv', 'the cat\ta dog\n'.repeat(20_000));
  const { code, stderr } = await runCli([...similarity, '--input', input], {
    started: (child) => child.stdout?.once('data', () => child.stdout?.destroy()),
  });
  expect(stderr).not.toContain('EPIPE');
  expect(code).toBe(141);
});
