// How many threads the tokenizer's own pool gets: a quarter of the cores, also when a worker thread comes first, and
// nothing of it stays in the environment. Counted as the threads that the first load adds to a process of its own.

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tinyModel } from './run-cli.ts';

const tokenizer = join(import.meta.dirname, '..', '..', 'dist', 'tokenizer', 'tokenizer.js');

const load = `
  const { readdirSync } = require('node:fs');
  const { readFile } = require('node:fs/promises');
  const { env } = require('node:process');
  const threads = () => readdirSync('/proc/self/task').length;
  async function load() {
    const { Tokenizer } = await import(${JSON.stringify(tokenizer)});
    await import('tokenizers');
    await Promise.all(Array.from({ length: 16 }, () => readFile('/proc/self/stat'))); // libuv's own threads start
    const before = threads();
    await Tokenizer.load(${JSON.stringify(tinyModel)}, { maxLength: 16 });
    const added = threads() - before;
    await Tokenizer.load(${JSON.stringify(tinyModel)}, { maxLength: 16 });
    return { added, again: threads() - before - added, variable: env.RAYON_NUM_THREADS ?? 'unset' };
  }`;

const inMain = `${load} load().then((found) => console.log(JSON.stringify(found)));`;
const inWorker = `
  const { Worker } = require('node:worker_threads');
  const code = ${JSON.stringify(`${load} load().then((found) => require('node:worker_threads').parentPort.postMessage(found));`)};
  new Worker(code, { eval: true }).once('message', (found) => {
    console.log(JSON.stringify({ ...found, variable: process.env.RAYON_NUM_THREADS ?? 'unset' }));
  });`;

const capped = Math.max(1, Math.floor(availableParallelism() / 4));

it.runIf(process.platform === 'linux').each([
  ['in the main thread', inMain, {}, { added: capped, again: 0, variable: 'unset' }],
  ['in a worker thread', inWorker, {}, { added: capped, again: 0, variable: 'unset' }],
  ['as told', inMain, { RAYON_NUM_THREADS: '5' }, { added: 5, again: 0, variable: '5' }],
  [
    'as told, in a worker thread',
    inWorker,
    { RAYON_NUM_THREADS: '5' },
    { added: 5, again: 0, variable: '5' },
  ],
])('%s', (_, script, variables, expected) => {
  const env: NodeJS.ProcessEnv = { ...process.env, ...variables };
  if (!('RAYON_NUM_THREADS' in variables)) delete env.RAYON_NUM_THREADS;
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', script], {
    encoding: 'utf8',
    env,
    cwd: join(tinyModel, '..'),
  });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual(expected);
});
