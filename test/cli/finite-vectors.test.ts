// A model whose vectors are not finite: no command that encodes prints them, writes them or ends with success.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { damagedModel } from '../embed/small-model.ts';
import { scratchFolder, writeTree } from '../temporary-file.ts';
import { runCli } from './run-cli.ts';

const folder = scratchFolder();
const [model, output] = [join(folder, 'damaged'), join(folder, 'vectors.npy')];
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  await damagedModel(model);
  await writeTree(folder, {
    'texts.txt': 'the cat\na dog\nthe mat\n',
    'pairs.csv': 'the cat,a dog,3\na dog,the mat,1\n',
  });
});

const COMMANDS: [string, string[], number][] = [
  ['embed', ['--input', file('texts.txt'), '--output', output], 2],
  ['similarity', ['the cat', 'the mat'], 1],
  ['evaluate sts', ['--data', file('pairs.csv')], 2],
];

test.each(COMMANDS)('%s %j', async (command, options, text) => {
  const { code, stdout, stderr } = await runCli([...command.split(' '), '--model', model, ...options]);
  expect(stderr).toMatch(
    new RegExp(
      `^likewise: expected finite vectors but that of text ${text} holds NaN .*\\[LIKEWISE_EXECUTION\\]\\n$`,
    ),
  );
  expect([code, stdout, existsSync(output)]).toEqual([1, '', false]);
});
