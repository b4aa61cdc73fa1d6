// The command line of pretraining: train from nothing and from a model, then fill masks and measure what came of it.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeTexts } from '../tasks/pretraining/small-run.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

async function json(args: string[]) {
  const { code, stdout, stderr } = await runCli(args);
  expect({ code, stdout: stdout.slice(0, 1), stderr: code === 0 ? '' : stderr }).toEqual({
    code: 0,
    stdout: '{',
    stderr: '',
  });
  return JSON.parse(stdout);
}

test('spanbert from nothing, domain-adapt from it, then fill-mask, evaluate mlm and embed', async () => {
  const folder = temporaryFolder();
  const { data, heldOut } = writeTexts(folder);
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  const small = ['maxLength=24', 'batchTokens=96', 'threads=1', 'format=sentences'];
  const spanbert = ['train', 'spanbert', '--set', `model=${tinyModel}`, 'weights=random', `data=${data}`];
  expect((await json([...spanbert, `output=${first}`, 'maxSteps=4', ...small, '--json'])).steps).toBe(4);
  const adapt = ['train', 'domain-adapt', '--set', `model=${first}`, `data=${data}`, `output=${second}`];
  expect((await json([...adapt, 'maxSteps=3', 'seed=1', ...small, '--json'])).steps).toBe(3);
  const filled = await json(['fill-mask', '--model', second, 'the [MASK] sat .', '--top', '2', '--json']);
  expect(filled.results[0].masks[0].length).toBe(2);
  const mlm = ['evaluate', 'mlm', '--model', second, '--data', data, heldOut];
  const options = ['--format', 'sentences', '--max-length', '24', '--seed', '1', '--json'];
  const measured = await json([...mlm, ...options]);
  expect(measured).toMatchObject({ loss: expect.any(Number), positions: expect.any(Number) });
  expect(await json([...mlm, ...options])).toEqual(measured);
  const plain = await runCli([...mlm, ...options.slice(0, -1)]);
  expect(plain.stdout).toMatch(
    /^loss +\d\.\d{4} nats\nperplexity +[\d.]+\naccuracy +[\d.]+ %\nmasked +\d+ words/,
  );
  const output = join(folder, 'vectors.npy');
  expect((await runCli(['embed', '--model', second, '--input', data, '--output', output])).code).toBe(0);
});
