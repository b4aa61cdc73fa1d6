// A path that was left out or is of another kind is told by the name of our function, never by a message of Node's; a folder
// without a model is told by what is in it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { loadCovariance, saveCovariance } from '../../src/embed/whitening/covariance-state.ts';
import { Whitening } from '../../src/embed/whitening/whitening.ts';
import { ArgumentError, FileError } from '../../src/errors.ts';
import { fileError } from '../../src/io/files/file-error.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';

const state = { count: 1, mean: new Float64Array(1), m2: new Float64Array(1) };

describe.each([
  ['SentenceEncoder.load', 'load', (path: string) => SentenceEncoder.load(path)],
  ['Whitening.load', 'load', (path: string) => Whitening.load(path)],
  ['loadCovariance', 'loadCovariance', loadCovariance],
  ['saveCovariance', 'saveCovariance', (path: string) => saveCovariance(state, path)],
] as [string, string, (path: string) => Promise<unknown>][])('%s', (_, name, call) => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [3, 'number'],
    [{ model: 'x' }, 'object'],
    ['', 'an empty string'],
  ])('refuses %j as a path', async (path, received) => {
    const message = new RegExp(
      `^\\[${name}\\] expected the path of .* as a string but received ${received}$`,
    );
    await expectError(call(path as string), ArgumentError, message);
  });
});

it('a folder that is no model says what is in it', async () => {
  const folder = temporaryFolder();
  const wanted =
    /has no config.json \(the folder is empty\); name the folder that a model was downloaded or saved to$/;
  await expectError(SentenceEncoder.load(folder), FileError, wanted);
  mkdirSync(join(folder, 'all-MiniLM-L6-v2'));
  for (const name of ['a', 'b', 'c', 'd', 'e']) writeFileSync(join(folder, name), '');
  await expectError(SentenceEncoder.load(folder), FileError, /\(it holds a, all-MiniLM-L6-v2, b, c, d, …\)/);
});

it('what is missing is the file when it is read, and its folder when it is written', () => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' });
  expect(fileError('read', 'x', missing).message).toBe(
    "cannot read 'x': it does not exist; check the path (ENOENT)",
  );
  expect(fileError('write', 'a/x', missing).message).toMatch(
    /the folder that it should be in does not exist; create it/,
  );
});
