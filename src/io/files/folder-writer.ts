// Folders that appear under their final name only when they are complete: built in a temporary folder beside the target
// and renamed. What may be replaced is decided here as well: never a folder that neither Likewise nor
// sentence-transformers can have written.
import { mkdir, readlink, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ArgumentError, FileError, LikewiseError } from '../../errors.ts';
import { syncFolder } from './atomic-file.ts';
import { fileError } from './file-error.ts';
import { exists, kindOf, listFolder } from './folder-path.ts';
import { readWholeFile } from './input-file.ts';
import { removeAbandoned, temporaryName } from './temporary-name.ts';

/** The file of a whitening, in a folder of its own or beside the model it was built into. */
export const WHITENING_FILE = 'whitening.safetensors';

export interface FolderOptions {
  /** Replace a folder that exists and is not empty: a model's or a whitening's. */
  overwrite?: boolean | undefined;
}

/**
 * Calls `write` with a temporary folder, and gives it the name `target`. What a killed process left of one is removed.
 * @throws FileError as {@link checkFolderTarget}, and when the file system refuses; what `write` throws
 */
export async function writeFolder(
  target: string,
  options: FolderOptions,
  write: (folder: string) => Promise<void>,
): Promise<void> {
  await checkFolderTarget(target, options);
  const path = resolve(target);
  await removeAbandoned(path);
  const temporary = temporaryName(path);
  try {
    await mkdir(temporary);
    await write(temporary);
    await syncFolder(temporary);
    await replaceFolder(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw error instanceof LikewiseError ? error : fileError('write', path, error);
  }
}

/**
 * What can be known before anything is computed.
 * @throws ArgumentError for no name; FileError when `target` is a file or a link to nothing; when its parent is missing or not to be written to; when it is not empty,
 *   unless `overwrite`; with `overwrite`, when it is neither a sentence-transformers model nor a whitening
 */
export async function checkFolderTarget(target: string, { overwrite }: FolderOptions): Promise<void> {
  if (typeof target !== 'string' || target === '')
    throw new ArgumentError(`expected the name of a folder to write but received ${JSON.stringify(target)}`);
  const path = resolve(target);
  const kind = await kindOf(path);
  if (kind === undefined && (await isLink(path))) {
    throw new FileError(
      `cannot write the folder '${path}': it is a link to nothing; remove it or name another`,
    );
  }
  if (kind !== undefined && kind !== 'folder') {
    throw new FileError(`cannot write the folder '${path}': it is a file; name a folder`);
  }
  const names = kind === undefined ? [] : await listFolder(path);
  if (names.length > 0 && overwrite !== true) {
    throw new FileError(
      `cannot write '${path}': the folder is not empty; name another or allow overwriting (--overwrite, option \`overwrite\`)`,
    );
  }
  if (names.length > 0 && !(await isReplaceable(path, names))) {
    throw new FileError(
      `cannot replace the folder '${path}': it holds neither a sentence-transformers model (modules.json) nor a whitening ` +
        `(${WHITENING_FILE} alone); name another or remove it yourself`,
    );
  }
  await checkParent(path);
}

/** Whether there is a link of that name, wherever it leads. */
function isLink(path: string): Promise<boolean> {
  return readlink(path).then(
    () => true,
    () => false,
  );
}

async function checkParent(path: string): Promise<void> {
  const probe = temporaryName(path);
  try {
    await mkdir(probe);
    await rm(probe, { recursive: true });
  } catch (error) {
    throw fileError('write', path, error);
  }
}

const mostModulesBytes = 2 ** 20;

/** Whether a folder with these names in it is one that may be replaced: a sentence-transformers model's or a whitening's. */
export async function isReplaceable(path: string, names: readonly string[]): Promise<boolean> {
  if (names.length === 1 && names[0] === WHITENING_FILE) return true;
  if (!names.includes('modules.json')) return false;
  try {
    const bytes = await readWholeFile(join(path, 'modules.json'), mostModulesBytes);
    const modules: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(modules) && modules.length > 0 && modules.every((module) => isModule(module));
  } catch {
    return false; // what cannot be read is nothing that may be removed
  }
}

function isModule(value: unknown): boolean {
  const { path, type } = (value ?? {}) as { path?: unknown; type?: unknown };
  return typeof path === 'string' && typeof type === 'string';
}

// A folder cannot be renamed over one that is not empty: the old one steps aside first and comes back on failure.
async function replaceFolder(temporary: string, path: string): Promise<void> {
  const aside = (await exists(path)) ? temporaryName(path) : undefined;
  if (aside !== undefined) await rename(path, aside);
  try {
    await rename(temporary, path);
  } catch (error) {
    if (aside !== undefined) await rename(aside, path);
    throw error;
  }
  await syncFolder(dirname(path));
  if (aside !== undefined) await rm(aside, { recursive: true, force: true });
}
