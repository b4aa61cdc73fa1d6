// Output that appears under its final name only when it is complete: written to a temporary file in the same
// folder, synced, renamed, and the folder synced so that the rename survives a crash.

import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { ArgumentError, FileError } from '../../errors.ts';
import { fileError, systemErrorCode } from './file-error.ts';
import { removeAbandoned, temporaryName } from './temporary-name.ts';

/** A file being written; call exactly one of `commit` and `discard`. Every failure is a {@link FileError}. */
export class AtomicFile {
  /** The final name. */
  readonly path: string;
  readonly #temporary: string;
  readonly #handle: FileHandle;
  #length = 0;
  #state: 'open' | 'committed' | 'discarded' = 'open';

  private constructor(path: string, temporary: string, handle: FileHandle) {
    this.path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /**
   * Starts a file that will replace `path`; refuses a folder, a device or a pipe of that name. What a killed process left of
   * an earlier one is removed.
   */
  static async create(path: string): Promise<AtomicFile> {
    const target = await finalName(resolve(path));
    await removeAbandoned(target);
    const temporary = temporaryName(target);
    try {
      return new AtomicFile(target, temporary, await open(temporary, 'wx'));
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw fileError('write', path, error);
      const missing = `its folder '${dirname(target)}' does not exist; create it or choose another (ENOENT)`;
      throw new FileError(`cannot write '${path}': ${missing}`, { cause: error });
    }
  }

  /** Bytes written so far, counted from the start of the file. */
  get length(): number {
    return this.#length;
  }

  /** Appends `bytes`. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.writeAt(bytes, this.#length);
  }

  /** Writes `bytes` at `position`, which may lie before the end: a header is rewritten when its content is known. */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    this.#mustBeOpen();
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        const result = await this.#handle.write(bytes, done, bytes.byteLength - done, position + done);
        done += result.bytesWritten;
      }
    } catch (error) {
      throw fileError('write', this.path, error);
    }
    this.#length = Math.max(this.#length, position + bytes.byteLength);
  }

  /** Makes the file appear under its final name. On failure the temporary file is removed. */
  async commit(): Promise<void> {
    this.#mustBeOpen();
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.#temporary, this.path);
      this.#state = 'committed';
      await syncFolder(dirname(this.path));
    } catch (error) {
      await this.discard();
      throw fileError('write', this.path, error);
    }
  }

  /** Removes the temporary file; harmless after `commit` or a second time. */
  async discard(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'discarded';
    await this.#handle.close().catch(() => undefined);
    await unlink(this.#temporary).catch(() => undefined);
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw new ArgumentError(`the file '${this.path}' is already ${this.#state}`);
  }
}

/** Whether `path` could be written now, before the work that fills it. @throws FileError as {@link AtomicFile.create} */
export async function checkWritable(path: string): Promise<void> {
  const file = await AtomicFile.create(path);
  await file.discard();
}

/** Writes `content` (text as UTF-8) to `path`, completely or not at all. */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const file = await AtomicFile.create(path);
  try {
    await file.write(typeof content === 'string' ? Buffer.from(content, 'utf8') : content);
    await file.commit();
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** Syncs a folder so that a rename inside it survives a crash; systems that cannot (Windows) are left alone. */
export async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    const code = systemErrorCode(error);
    if (code !== 'EISDIR' && code !== 'EPERM' && code !== 'EINVAL' && code !== 'ENOTSUP') throw error;
  } finally {
    await handle?.close();
  }
}

// A symbolic link is kept and its target replaced. Renaming over a device or pipe (`/dev/null`) would destroy it.
async function finalName(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isFile()) return await realpath(path);
    const what = found.isDirectory() ? 'a folder' : 'not a regular file';
    throw new FileError(`cannot write '${path}': it is ${what}; name a file`);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return path;
    throw fileError('write', path, error);
  }
}
