// Compressed text files, told by their names: .gz, and .zst where Node's own zlib reads it (from 22.15 on).

import { createReadStream, type ReadStream } from 'node:fs';
import { extname } from 'node:path';
import { pipeline, type Readable, Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import { ArgumentError } from '../../errors.ts';
import { systemErrorCode } from '../../io/files/file-error.ts';
import { ZstdFrames } from './zstd-frames.ts';

/** A file that is being read. */
export interface OpenText {
  /** The text's bytes. */
  stream: Readable;
  /** The file itself, whose `bytesRead` is how far it has been read; undefined for stdin. */
  file: ReadStream | undefined;
  /** How the file is compressed. */
  compression: Compression | undefined;
}

export type Compression = 'gzip' | 'zstd';

const blockBytes = 2 ** 18;
const compressions: Record<string, Compression> = { '.gz': 'gzip', '.zst': 'zstd' };

/** The compression that a file's name tells, or undefined. */
export function compressionOf(path: string): Compression | undefined {
  return compressions[extname(path).toLowerCase()];
}

/** A file's name without the ending that tells its compression. */
export function withoutCompression(path: string): string {
  return compressionOf(path) === undefined ? path : path.slice(0, -extname(path).length);
}

/**
 * Opens a file, or stdin for `-`, and decompresses it as its name says.
 *
 * @throws {ArgumentError} The file is .zst and this Node cannot read it.
 */
export function openText(path: string): OpenText {
  if (path === '-') return { stream: process.stdin, file: undefined, compression: undefined };
  const compression = compressionOf(path);
  const decompress = compression === undefined ? undefined : decompressor(compression, path);
  const file = createReadStream(path, { highWaterMark: blockBytes });
  if (decompress === undefined) return { stream: file, file, compression };
  const steps = compression === 'zstd' ? [watchZstd(), decompress] : [decompress];
  pipeline([file, ...steps], () => {}); // an error of one ends all, and reaches who reads
  return { stream: decompress, file, compression };
}

/** Passes compressed bytes on, and fails where they end within a frame. */
function watchZstd(): Transform {
  const frames = new ZstdFrames();
  return new Transform({
    transform(chunk: Buffer, _, done) {
      frames.push(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(
        frames.complete
          ? null
          : Object.assign(new Error('the data is truncated'), { code: 'ZSTD_truncated' }),
      );
    },
  });
}

function decompressor(compression: Compression, path: string): Transform {
  const options = { chunkSize: blockBytes };
  if (compression === 'gzip') return zlib.createGunzip(options);
  const { createZstdDecompress } = zlib as { createZstdDecompress?: (options: object) => Transform };
  if (createZstdDecompress !== undefined) return createZstdDecompress(options);
  throw new ArgumentError(
    `${path} is compressed with zstd, which Node reads from version 22.15 on, and this is ${process.version}; ` +
      'decompress it with zstd -d, or use a newer Node',
  );
}

/** What is wrong with compressed bytes, from what zlib threw; undefined for an error of another kind. */
export function compressionProblem(compression: Compression, error: unknown): string | undefined {
  const code = systemErrorCode(error);
  if (code === undefined || !/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) return undefined;
  if (
    code === 'Z_BUF_ERROR' ||
    /truncated|src_size|unexpected end/i.test(`${code} ${(error as Error).message}`)
  ) {
    return `the ${compression} data ends too early; the file is truncated: copy it again`;
  }
  return `expected ${compression} data but found other bytes (${(error as Error).message}); the file is damaged or misnamed`;
}
