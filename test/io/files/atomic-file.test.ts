// Files that appear complete or not at all, and what is said when the file system refuses.

import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { ArgumentError, FileError } from '../../../src/errors.ts';
import { AtomicFile, writeFileAtomic } from '../../../src/io/files/atomic-file.ts';
import { fileError } from '../../../src/io/files/file-error.ts';
import { NpyWriter } from '../../../src/io/npy.ts';
import { writeSafetensors } from '../../../src/io/safetensors/safetensors-writer.ts';
import { expectError } from '../../expect-error.ts';
import { leftovers, scratchFolder } from '../../temporary-file.ts';

const folder = scratchFolder();
const bytes = (text: string) => new TextEncoder().encode(text);

afterEach(() => vi.restoreAllMocks());

/** Makes one method of every open file fail as a full disk would. */
async function breakFiles(method: 'write' | 'sync', code: string): Promise<void> {
  const handle = await open(join(folder, 'prototype'), 'w');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  vi.spyOn(prototype, method).mockRejectedValue(Object.assign(new Error(`${code}: broken`), { code }));
}

describe('AtomicFile', () => {
  it('appears under its final name on commit, with what was rewritten', async () => {
    const path = join(folder, 'a.bin');
    const file = await AtomicFile.create(path);
    await file.write(bytes('0123'));
    await file.write(bytes('4567'));
    await file.writeAt(bytes('XY'), 0);
    expect(file.length).toBe(8);
    expect(readdirSync(folder)).not.toContain('a.bin');
    expect(leftovers(folder)).toHaveLength(1);
    await file.commit();
    expect(readFileSync(path, 'utf8')).toBe('XY234567');
    expect(leftovers(folder)).toEqual([]);
    await file.discard();
    expect(readFileSync(path, 'utf8')).toBe('XY234567');
    await expectError(file.write(bytes('z')), ArgumentError, /already committed/);
  });

  it('leaves the old file alone when discarded', async () => {
    const path = join(folder, 'b.bin');
    await writeFileAtomic(path, 'old');
    const file = await AtomicFile.create(path);
    await file.write(bytes('new'));
    await file.discard();
    await file.discard();
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(leftovers(folder)).toEqual([]);
    await expectError(file.commit(), ArgumentError, /already discarded/);
  });

  it('writes through a symbolic link', async () => {
    writeFileSync(join(folder, 'real'), 'old');
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    await writeFileAtomic(join(folder, 'link'), 'new');
    expect(readFileSync(join(folder, 'real'), 'utf8')).toBe('new');
  });

  it('refuses folders, devices, missing parents and parents that are files', async () => {
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'file'), '');
    await expectError(AtomicFile.create(join(folder, 'folder')), FileError, /cannot write .*it is a folder/);
    await expectError(AtomicFile.create('/dev/null'), FileError, /not a regular file/);
    await expectError(
      AtomicFile.create(join(folder, 'none', 'x')),
      FileError,
      /its folder '.*' does not exist; create it.*\(ENOENT\)/,
    );
    await expectError(AtomicFile.create(join(folder, 'file', 'x')), FileError, /ENOTDIR/);
    await expectError(AtomicFile.create(join(folder, 'n'.repeat(300))), FileError, /ENAMETOOLONG/);
    expect(leftovers(folder)).toEqual([]);
  });

  it.each([
    ['write', 'ENOSPC', /disk is full; free some space/],
    ['sync', 'EIO', /input\/output error/],
  ] as const)('leaves nothing behind when %s fails with %s', async (method, code, message) => {
    await breakFiles(method, code);
    const path = join(folder, `full-${code}`);
    await expectError(writeFileAtomic(path, 'text'), FileError, message);
    await expectError(writeSafetensors(path, []), FileError, message);
    const npy = NpyWriter.create(path, 2).then((writer) => writer.commit());
    await expectError(npy, FileError, message);
    expect(readdirSync(folder).filter((name) => name.includes('full'))).toEqual([]);
  });
});

describe('fileError', () => {
  it.each(['EACCES', 'EROFS', 'EDQUOT', 'EMFILE', 'EISDIR'])(
    'says what to do about %s and keeps the cause',
    (code) => {
      const cause = Object.assign(new Error(`${code}: raw`), { code });
      const error = fileError('write', '/some/file', cause);
      expect(error.message).toMatch(new RegExp(`^cannot write '/some/file': .+; .+ \\(${code}\\)$`));
      expect(error.cause).toBe(cause);
      expect(error.code).toBe('LIKEWISE_FILE');
    },
  );

  it('keeps the message of anything it does not know', () => {
    expect(fileError('read', 'x', new Error('odd')).message).toBe("cannot read 'x': odd");
  });
});
