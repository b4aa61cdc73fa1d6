// Checkpoints: written whole or not at all, damaged ones told apart, the disk full, the folder read-only, old ones gone.

import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { FileError, FormatError } from '../../src/errors.ts';
import { pruneCheckpoints, readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint/checkpoint.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';

afterEach(() => vi.restoreAllMocks());

const content = (step: number) => ({
  state: { step, loss: 1 / 3 },
  tensors: [
    { name: 'values', dtype: 'F32' as const, shape: [3], data: Float32Array.of(step, -0, Number.NaN) },
    { name: 'first_moment', dtype: 'F32' as const, shape: [1000], data: new Float32Array(1000).fill(step) },
  ],
});

async function write(folder: string, step: number): Promise<void> {
  await pruneCheckpoints(folder, await writeCheckpoint(folder, step, content(step)), 2);
}

async function written(...steps: number[]): Promise<string> {
  const folder = join(temporaryFolder(), 'checkpoints');
  for (const step of steps) await write(folder, step);
  return folder;
}

test('what was written is read, and only the newest are kept', async () => {
  const folder = await written(100, 200, 100000000, 300000000);
  expect(readdirSync(folder).sort()).toEqual(['LATEST', 'step-100000000', 'step-300000000']);
  expect(readFileSync(join(folder, 'LATEST'), 'utf8')).toBe('step-300000000\n');
  const loaded = await readCheckpoint(folder);
  expect(loaded).toMatchObject({ step: 300000000, state: { step: 300000000, loss: 1 / 3 }, damaged: [] });
  expect([...(loaded?.tensors.get('values') ?? [])]).toEqual([300000000, -0, Number.NaN]);
});

test('nothing saved is no checkpoint', async () => {
  expect(await readCheckpoint(join(temporaryFolder(), 'none'))).toBeUndefined();
  expect(await readCheckpoint(temporaryFolder())).toBeUndefined();
});

test.each([
  [
    'a flipped byte',
    (path: string) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 5] = (bytes[bytes.length - 5] ?? 0) ^ 1;
      writeFileSync(path, bytes);
    },
  ],
  ['a file cut short', (path: string) => truncateSync(path, 100)],
  ['a longer file', (path: string) => appendFileSync(path, 'x')],
  ['a missing file', (path: string) => rmSync(path)],
])('%s: the one before it is taken, and the damage is told', async (_what, damage) => {
  for (const file of ['tensors.safetensors', 'state.json', 'checksums.json']) {
    const folder = await written(1, 2);
    damage(join(folder, 'step-00000002', file));
    const loaded = await readCheckpoint(folder);
    expect(loaded?.step, file).toBe(1);
    expect(loaded?.damaged).toHaveLength(1);
    expect(loaded?.damaged[0]).toMatchObject({
      name: 'step-00000002',
      message: expect.stringContaining('step-00000002'),
    });
    rmSync(join(folder, 'step-00000001'), { recursive: true });
    await expectError(readCheckpoint(folder), FormatError, /none of the checkpoints in .* is intact/);
  }
});

test('a kill before LATEST leaves the one it names; a kill before any leaves the newest whole one', async () => {
  const folder = await written(1, 2);
  writeFileSync(join(folder, 'LATEST'), 'step-00000001\n');
  expect((await readCheckpoint(folder))?.step).toBe(1);
  await write(folder, 2); // written again beside the one that LATEST did not name
  expect((await readCheckpoint(folder))?.step).toBe(2);
  expect(readdirSync(folder).sort()).toEqual(['LATEST', 'step-00000001', 'step-00000002-2']);
  rmSync(join(folder, 'LATEST'));
  expect((await readCheckpoint(folder))?.step).toBe(2);
});

test('leftovers of a kill are removed by the next write', async () => {
  const folder = await written(1);
  mkdirSync(join(folder, '.step-00000002.0123456789ab.tmp'));
  writeFileSync(join(folder, '.step-00000002.0123456789ab.tmp', 'state.json'), '{');
  await write(folder, 3);
  expect(readdirSync(folder).sort()).toEqual(['LATEST', 'step-00000001', 'step-00000003']);
});

test.each([
  ['write', 'ENOSPC', /cannot write the checkpoint|disk is full/],
  ['sync', 'EIO', /input\/output error/],
] as const)(
  '%s failing with %s at any moment: an error, and the checkpoint before is whole',
  async (method, code, message) => {
    const handle = await open(join(temporaryFolder(), 'prototype'), 'w');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const original = prototype[method] as (...given: unknown[]) => Promise<unknown>;
    for (let failAt = 0; failAt < 20; failAt++) {
      const folder = await written(1);
      let calls = 0;
      vi.spyOn(prototype, method).mockImplementation(function (this: FileHandle, ...given: unknown[]) {
        if (calls++ === failAt) return Promise.reject(Object.assign(new Error(code), { code }));
        return original.apply(this, given);
      } as never);
      const failed = await write(folder, 2).then(
        () => undefined,
        (error: unknown) => error,
      );
      vi.restoreAllMocks();
      if (calls <= failAt) {
        expect([failAt > 2, failed]).toEqual([true, undefined]);
        return;
      }
      expect(failed).toBeInstanceOf(FileError);
      expect((failed as Error).message).toMatch(message);
      expect((await readCheckpoint(folder))?.step, `${method} ${failAt}`).toBeGreaterThanOrEqual(1);
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    }
    expect.unreachable('the failures never ended');
  },
);

test('a folder that cannot be written to', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'checkpoints'), 'a file');
  await expectError(writeCheckpoint(join(folder, 'checkpoints'), 1, content(1)), FileError, /cannot write/);
});
