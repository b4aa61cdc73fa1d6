// `likewise evaluate sts`: the output, and sentence-transformers' figures with published weights.

import { expect, test } from 'vitest';
import { sharedPath } from '../shared-folder.ts';
import { temporaryFile } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

test('a small file: the correlations of the cosines that `similarity` gives', async () => {
  const rows = 'the cat,the cat,5\nthe cat,a dog,3\nthe cat,red mat,1\n"sat, on",over,\n';
  const data = temporaryFile('sts.csv', `a,b,score\n${rows}`);
  const args = ['evaluate', 'sts', '--model', tinyModel, '--data', data, '--header'];
  const { code, stdout, stderr } = await runCli([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const result = JSON.parse(stdout) as Record<string, number>;
  expect(Object.keys(result)).toEqual(['spearman', 'pearson', 'pairs', 'skipped', 'seconds']);
  expect(result).toMatchObject({ pairs: 3, skipped: 1 });
  expect(Math.abs(result.spearman as number)).toBeLessThanOrEqual(1);

  const text = (await runCli(args)).stdout;
  expect(text).toMatch(
    /^spearman {2}-?[01]\.\d{6}\npearson {3}-?[01]\.\d{6}\npairs {5}3 \(1 without a score left out\)\n/,
  );
  expect(text).toContain((result.spearman as number).toFixed(6));
});

test('a score that is no number names file and line', async () => {
  const data = temporaryFile('sts.tsv', 'a\tb\tscore\nx\ty\t1\n');
  const { code, stdout, stderr } = await runCli(['evaluate', 'sts', '--model', tinyModel, '--data', data]);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^likewise: .*sts\.tsv:1: expected the score to be a number .* \[LIKEWISE_DATA\]\n$/,
  );
});

const model = sharedPath('models', 'all-MiniLM-L6-v2');
const stsb = sharedPath('data', 'stsb-multi-mt', 'stsb-en-dev.csv');

test.skipIf(model === undefined || stsb === undefined)(
  "all-MiniLM-L6-v2 on STS-B dev reaches sentence-transformers' figures",
  { timeout: 300_000 },
  async () => {
    const args = [
      '--model',
      model ?? '',
      '--data',
      stsb ?? '',
      '--format',
      'csv',
      '--columns',
      '1,2,3',
      '--json',
    ];
    const { code, stdout } = await runCli(['evaluate', 'sts', ...args]);
    expect(code).toBe(0);
    const { spearman, pearson, pairs } = JSON.parse(stdout) as Record<string, number>;
    expect(pairs).toBe(1500);
    expect(spearman).toBeCloseTo(0.867163, 5); // sentence-transformers in float32
    expect(pearson).toBeCloseTo(0.869619, 5);
  },
);
