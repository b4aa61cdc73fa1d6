// A regular file opened for bounded, positioned reads. Files are never mapped: a mapped file that shrinks
// kills the process, while a short read here is a FormatError.

import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

import { FileError, FormatError } from '../../errors.ts';
import { fileError } from './file-error.ts';

/** The largest single read; keeps one request from pinning a worker thread of libuv for seconds. */
const READ_CHUNK_BYTES = 64 * 1024 * 1024;

/** An open regular file of known size. */
export class InputFile {
  readonly path: string;
  /** Size in bytes when the file was opened. */
  readonly size: number;
  readonly #handle: FileHandle;

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** Opens `path`; a FileError when it is missing, not readable or not a regular file. */
  static async open(path: string): Promise<InputFile> {
    let handle: FileHandle | undefined;
    try {
      // O_NONBLOCK keeps the open of a named pipe from waiting for a writer; it means nothing for files.
      handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
      const stat = await handle.stat();
      if (!stat.isFile()) {
        const what = stat.isDirectory() ? 'a folder' : 'not a regular file';
        throw new FileError(`cannot read '${path}': it is ${what}; name a regular file`);
      }
      return new InputFile(path, stat.size, handle);
    } catch (error) {
      await handle?.close();
      throw fileError('read', path, error);
    }
  }

  /** Fills `target` with the bytes from `position` on; a FormatError when the file ends before that. */
  async readExactly(target: Uint8Array, position: number): Promise<void> {
    let done = 0;
    while (done < target.byteLength) {
      const want = Math.min(READ_CHUNK_BYTES, target.byteLength - done);
      let got: number;
      try {
        got = (await this.#handle.read(target, done, want, position + done)).bytesRead;
      } catch (error) {
        throw fileError('read', this.path, error);
      }
      if (got === 0) {
        throw new FormatError(
          `'${this.path}' is cut short: expected ${target.byteLength} bytes at offset ${position} but only ` +
            `${done} are there; fetch or write the file again`,
        );
      }
      done += got;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** The whole file at `path`; a FormatError when it is larger than `maxBytes`. */
export async function readWholeFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await InputFile.open(path);
  try {
    if (file.size > maxBytes) {
      throw new FormatError(
        `'${path}' has ${file.size} bytes but at most ${maxBytes} are read for a file of this kind; ` +
          'check that it is the file you meant',
      );
    }
    const bytes = new Uint8Array(file.size);
    await file.readExactly(bytes, 0);
    return bytes;
  } finally {
    await file.close();
  }
}
