// What may have changed when a run is resumed: another backend is told of, other meanings of the same rows are refused.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { train } from '../../../src/tasks/train.ts';
import { expectError } from '../../expect-error.ts';
import { makeRun, metricsOf, stopAfter } from './small-run.ts';

async function warningsOf(config: Parameters<typeof train>[0]): Promise<string[]> {
  const warnings: string[] = [];
  const listener = { onWarning: (message: string) => void warnings.push(message) };
  await train(config, { resume: true, listener });
  return warnings;
}

test('another backend is told of, each time that it changes, and is in the log', async () => {
  const { config } = makeRun('simcse-unsupervised', { maxSteps: 6, checkpointSteps: 1 });
  const [first, second] = [
    { ...config, backend: 'avx2' },
    { ...config, backend: 'reference' },
  ];
  await expect(train(first, stopAfter(2))).rejects.toThrow(/continue with --resume/);
  const stopping = stopAfter(4);
  const warnings: string[] = [];
  const listener = { ...stopping.listener, onWarning: (message: string) => void warnings.push(message) };
  await expect(train(second, { ...stopping, listener, resume: true })).rejects.toThrow(
    /continue with --resume/,
  );
  const message =
    /^the run was computed by the backend avx2 and continues with reference: .*; backend=avx2 avoids/;
  expect(warnings).toEqual([expect.stringMatching(message)]);
  expect(metricsOf(config.output).filter(({ event }) => event === 'warning')).toHaveLength(1);
  expect(await warningsOf(first)).toEqual([
    expect.stringMatching(/backend reference and continues with avx2/),
  ]);
  expect(await warningsOf(first)).toEqual([]);
});

test('a header that names the same columns the other way round is refused', async () => {
  const { folder, config } = makeRun('multiple-negatives', { maxSteps: 4 });
  const path = join(folder, 'named.tsv');
  const rows = readFileSync(join(folder, 'data.tsv'), 'utf8');
  writeFileSync(path, `query\tanswer\n${rows}`);
  const run = { ...config, data: { path, columns: ['query', 'answer'] } };
  await expect(train(run, stopAfter(2))).rejects.toThrow(/continue with --resume/);
  writeFileSync(path, `answer\tquery\n${rows}`);
  await expectError(
    train(run, { resume: true }),
    ConfigError,
    /these changed: data\.0 \(60 rows before, other content now\)/,
  );
});
