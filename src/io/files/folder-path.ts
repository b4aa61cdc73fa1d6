// Paths that come out of a model's own files. They may name things inside the model folder only, which is decided on
// the text of the path: symbolic links are not resolved, because the Hugging Face cache is made of them.

import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, win32 } from 'node:path';

import { ModelError } from '../../errors.ts';
import { fileError, systemErrorCode } from './file-error.ts';

/** `folder` joined with `path`; a ModelError when `path` is absolute or steps out of the folder. */
export function insideFolder(folder: string, path: string, source: string): string {
  const steps = path.split(/[\\/]/);
  if (
    isAbsolute(path) ||
    win32.isAbsolute(path) ||
    /^[A-Za-z]:/.test(path) ||
    steps.includes('..') ||
    path.includes('\0')
  ) {
    throw new ModelError(
      `'${source}' names the path ${JSON.stringify(path)}, which leaves the model folder; ` +
        'only relative paths without .. are accepted',
    );
  }
  return join(folder, path);
}

/** What `path` is, or undefined when nothing is there. FileError for anything else, such as a loop of links. */
export async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw fileError('read', path, error);
  }
}

/** Whether there is something at `path`; reading it then says what is wrong with it. */
export async function exists(path: string): Promise<boolean> {
  return (await kindOf(path)) !== undefined;
}

/** Names in a folder, sorted. FileError when it cannot be listed. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw fileError('read', folder, error);
  }
}
