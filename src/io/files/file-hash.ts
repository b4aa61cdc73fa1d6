// What a file's bytes come to, for telling whether they are the ones that were there before.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileError } from './file-error.ts';

const chunkBytes = 2 ** 20;

/** SHA-256 of a file, hexadecimal; it is read a piece at a time. @throws FileError */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
      hash.update(chunk as Buffer);
    }
  } catch (error) {
    throw fileError('read', path, error);
  }
  return hash.digest('hex');
}
