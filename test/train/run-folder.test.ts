// The folder of a run: nothing in it is touched before everything is checked, nobody else's files are written over, one
// process at a time trains into it, and a resumed run knows what it belongs to by its content.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { ArgumentError, ConfigError, DataError, FileError } from '../../src/errors.ts';
import { train } from '../../src/tasks/train.ts';
import { copyModel, smallModel } from '../embed/small-model.ts';
import { expectError } from '../expect-error.ts';
import { makeRun, stopAfter, writeData } from '../tasks/sentence/small-run.ts';
import * as toy from './toy-run.ts';

/** All files below a folder and what is in them. */
function filesOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = names.map((file) => join(file.parentPath, file.name));
  return Object.fromEntries(paths.map((path) => [path, readFileSync(path, 'base64')]));
}

test('overwrite: a run that fails before its first step leaves the old one as it was', async () => {
  const { config } = makeRun('simcse-unsupervised', { maxSteps: 3, overwrite: true });
  await train(config);
  const before = filesOf(config.output);
  for (const change of [
    { model: '/none' },
    { data: '/none.txt' },
    { evaluation: '/none.csv' },
    { warmup: 50 },
    { noDuplicates: true, batchSize: 64, lastBatch: 'drop' as const },
  ]) {
    await expect(train({ ...config, ...change }), JSON.stringify(change)).rejects.toThrow();
    expect(filesOf(config.output)).toEqual(before);
  }
});

test('a refused run leaves no folder behind', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 3 });
  await expect(train({ ...config, model: '/none' })).rejects.toThrow();
  const controller = new AbortController();
  controller.abort();
  await expect(train(config, { signal: controller.signal })).rejects.toThrow();
  expect(readdirSync(folder)).toEqual(['data.txt']);
});

test('what is trained from is never written over, nor a folder that holds it', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 2, overwrite: true });
  const model = join(folder, 'model');
  cpSync(smallModel, model, { recursive: true });
  const before = filesOf(model);
  for (const output of [model, `${model}/../model/`]) {
    await expectError(
      train({ ...config, model, output }, { resume: true }),
      ArgumentError,
      /expected output to name a different place than model, which it would overwrite/,
    );
  }
  await expectError(train({ ...config, model, output: folder }), ArgumentError, /holds model/);
  expect(filesOf(model)).toEqual(before);
});

test('a finished model is replaced only with overwrite, and is nothing to resume', async () => {
  const { config } = makeRun('simcse-unsupervised', { maxSteps: 2 });
  await copyModel(config.output, {});
  const before = filesOf(config.output);
  for (const resume of [false, true]) {
    await expectError(
      train(config, { resume }),
      FileError,
      /holds a model and no run to resume; .*overwrite=true/,
    );
  }
  expect(filesOf(config.output)).toEqual(before);
  await train({ ...config, overwrite: true });
  expect(filesOf(config.output)).not.toEqual(before);
});

test.each([
  ['a project', ['README.md', 'config.json', 'metrics.jsonl']],
  ['checkpoints of another program', ['checkpoints/step-100/weights.bin', 'notes.txt']],
  ['a modules.json that lists no modules', ['modules.json']],
])("%s is nobody's to replace", async (_what, names) => {
  const { config } = makeRun('simcse-unsupervised', { maxSteps: 2 });
  for (const name of names) {
    mkdirSync(join(config.output, name, '..'), { recursive: true });
    writeFileSync(join(config.output, name), '{}');
  }
  const before = filesOf(config.output);
  for (const [resume, overwrite] of [
    [false, false],
    [true, false],
    [false, true],
  ] as const) {
    await expectError(
      train({ ...config, overwrite }, { resume }),
      FileError,
      /is not empty and holds neither a run nor a sentence-transformers model/,
    );
  }
  expect(filesOf(config.output)).toEqual(before);
});

test('one process at a time; what a dead one left is taken over', async () => {
  const { config, output } = toy.makeRun();
  const lock = join(output, '.lock');
  let inside: unknown;
  const onStep = async () => {
    if (inside === undefined) inside = toy.runOnce(config, { resume: true }).catch((error) => error);
  };
  await toy.runOnce(config, { listener: { onStep } });
  expect(await (inside as Promise<Error>)).toBeInstanceOf(FileError);
  expect(String(await inside)).toMatch(
    new RegExp(`process ${process.pid} on .* is training into it; .*\\.lock`),
  );
  expect(existsSync(lock)).toBe(false);

  for (const [owner, message] of [
    [`1 ${hostname()}`, /process 1 on/],
    ['7 elsewhere', /process 7 on elsewhere/],
    ['', /another process is training/],
  ] as const) {
    writeFileSync(lock, owner === '' ? '' : `${owner}\n`);
    await expectError(toy.runOnce(config, { resume: true }), FileError, message);
    expect(existsSync(lock)).toBe(true);
  }
  const { pid } = spawnSync(process.execPath, ['-e', '0']);
  for (const stale of [pid, process.pid]) {
    writeFileSync(lock, `${stale} ${hostname()}\n`);
    await toy.runOnce(config, { resume: true });
    expect(existsSync(lock)).toBe(false);
  }
});

test('one run at a time within a process too, under whatever name; what its predecessor left is taken over', async () => {
  const { config, folder, output } = toy.makeRun();
  mkdirSync(output);
  const link = join(folder, 'link');
  symlinkSync(output, link);
  const runs = await Promise.allSettled([toy.runOnce(config), toy.runOnce({ ...config, output: link })]);
  const refused = runs.flatMap((run) => (run.status === 'rejected' ? [String(run.reason)] : []));
  expect(refused).toEqual([expect.stringMatching(`process ${process.pid} on .* is training into it`)]);
  expect(toy.metricsOf(output).filter(({ step }) => step === 1)).toHaveLength(1);

  const lock = join(output, '.lock');
  writeFileSync(lock, `${process.pid} ${hostname()}\n`);
  const holding =
    "require('fs').openSync(process.argv[2]); require('worker_threads').parentPort.on('message', () => {}).postMessage('')";
  const thread = new Worker(holding, { eval: true, argv: [lock] });
  await once(thread, 'message');
  await expectError(toy.runOnce(config, { resume: true }), FileError, /is training into it/);
  await thread.terminate();
  await toy.runOnce(config, { resume: true });
  expect(existsSync(lock)).toBe(false);

  writeFileSync(lock, ''); // a kill came before the number was in it
  await expectError(toy.runOnce(config, { resume: true }), FileError, /another process is training/);
  utimesSync(lock, Date.now() / 1000 - 100, Date.now() / 1000 - 100);
  await toy.runOnce(config, { resume: true });
});

test('resuming knows the model by its modules too, and evaluation data by its rows', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 8, pooling: undefined as never });
  const model = join(folder, 'model');
  await copyModel(model, {});
  const dev = writeData(folder, 'dev.tsv', 2, true, 20);
  const run = { ...config, model, evaluation: { data: dev, steps: 6 } };
  await expect(train(run, stopAfter(3))).rejects.toThrow(/continue with --resume/);

  const pooling = join(model, '1_Pooling', 'config.json');
  const written = readFileSync(pooling, 'utf8');
  writeFileSync(
    pooling,
    written
      .replace('"pooling_mode_mean_tokens": true', '"pooling_mode_mean_tokens": false')
      .replace('"pooling_mode_cls_token": false', '"pooling_mode_cls_token": true'),
  );
  expect(readFileSync(pooling, 'utf8')).not.toBe(written);
  await expectError(
    train(run, { resume: true }),
    ConfigError,
    /changed: model \(1_Pooling\/config\.json\); put/,
  );
  writeFileSync(pooling, written);

  const rows = readFileSync(dev, 'utf8').trimEnd().split('\n');
  writeFileSync(dev, rows.slice(0, 10).join('\n'));
  await expectError(
    train(run, { resume: true }),
    ConfigError,
    /changed: evaluation\.data \(20 rows before, 10 rows now\)/,
  );
  writeFileSync(dev, rows.toReversed().join('\n'));
  await expectError(
    train(run, { resume: true }),
    ConfigError,
    /evaluation\.data \(20 rows before, other content now\)/,
  );
  const moved = join(folder, 'moved.csv');
  writeFileSync(moved, rows.join('\n').replaceAll('\t', ','));
  await expectError(
    train({ ...run, evaluation: { data: moved, steps: 5 } }, { resume: true }),
    ConfigError,
    /changed: evaluation\.steps \(6 before, 5 now\); put/,
  );
  const summary = await train({ ...run, evaluation: { data: moved, steps: 6 } }, { resume: true });
  expect(summary.resumedFrom).toBeGreaterThanOrEqual(3);
});

test('data that can teach nothing is refused; too few different texts are warned of', async () => {
  const { config, folder, output } = toy.makeRun({ epochs: undefined as never, maxSteps: 10 });
  await expectError(
    toy.runOnce({ ...config, batchSize: 64, lastBatch: 'drop' }),
    DataError,
    /texts\.txt: expected at least one batch of 64 but there are 51 examples: .*lastBatch: keep/,
  );
  const data = join(folder, 'few.txt');
  for (const [text, noDuplicates] of [
    ['one line\n', true],
    ['same\n'.repeat(50), true],
    ['same\n'.repeat(50), false],
  ] as const) {
    writeFileSync(data, text);
    await expectError(
      toy.runOnce({ ...config, data, noDuplicates }),
      DataError,
      /few\.txt: expected at least two different examples, .* but (there is one|all 50 are the same): name/,
    );
  }
  await expectError(
    toy.runOnce({ ...config, batchSize: 1 }),
    DataError,
    /batches of at least two examples.* all 51 have one/,
  );
  expect(existsSync(output)).toBe(false);
  writeFileSync(data, `${'same\n'.repeat(20)}other\n`);
  const { warnings } = await toy.runOnce({ ...config, data });
  expect(warnings.join()).toMatch(
    /few\.txt: 19 of 21 examples are left out of an epoch: nothing else is in their batch/,
  );
  expect(toy.metricsOf(output).filter(({ event }) => event === 'warning')).toHaveLength(1);
});
