// `likewise quantize` and --precision: a folder in int8 that every command reads, with the vectors of --precision int8.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readNpy } from '../../src/io/npy.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

async function run(...args: string[]) {
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

test('writes a folder whose vectors are those of --precision int8', async () => {
  const folder = temporaryFolder();
  const [target, corpus] = [join(folder, 'int8'), join(folder, 'corpus.txt')];
  writeFileSync(corpus, 'the cat sat\na dog ran over the mat\n');
  const stdout = await run('quantize', '--model', tinyModel, '--output', target);
  expect(stdout).toMatch(/int8: weights of \d\d\.\d kB, [23]\d\.\d % of \d+\.\d kB\n$/);

  const vectorsOf = async (name: string, ...args: string[]) => {
    const output = join(folder, name);
    await run('embed', '--input', corpus, '--output', output, ...args);
    return (await readNpy(output)).data;
  };
  const written = await vectorsOf('written.npy', '--model', target);
  expect(written).toEqual(await vectorsOf('asked.npy', '--model', tinyModel, '--precision', 'int8'));
  expect(written).not.toEqual(await vectorsOf('float32.npy', '--model', tinyModel));

  const again = await runCli(['quantize', '--model', target, '--output', target]);
  expect([again.code, again.stdout]).toEqual([1, '']);
  expect(again.stderr).toMatch(/the folder is not empty.*\[LIKEWISE_FILE\]\n$/);
  const json = await run('quantize', '--model', target, '--output', target, '--overwrite', '--json');
  const { precision, bytes, sourceBytes } = JSON.parse(json);
  expect([precision, bytes]).toEqual(['int8', sourceBytes]);
});

test('a folder in int8 is not read as float32, and not trained', async () => {
  const folder = temporaryFolder();
  const target = join(folder, 'int8');
  await run('quantize', '--model', tinyModel, '--output', target);
  const refused = await runCli(['similarity', '--model', target, '--precision', 'float32', 'a', 'b']);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(/holds them in int8: load it with precision int8.*\[LIKEWISE_MODEL\]\n$/);

  const data = join(folder, 'sentences.txt');
  writeFileSync(data, 'the cat\na dog\n');
  const output = join(folder, 'trained');
  const settings = [`model=${target}`, `data=${data}`, `output=${output}`].flatMap((text) => ['--set', text]);
  const trained = await runCli(['train', 'simcse-unsupervised', ...settings]);
  expect(trained.code).toBe(1);
  expect(trained.stderr).toMatch(/expected float32 weights to train.*\[LIKEWISE_MODEL\]\n$/);
  expect(existsSync(join(output, 'model.safetensors'))).toBe(false);
});
