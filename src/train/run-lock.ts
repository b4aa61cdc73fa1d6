// One process at a time writes into the folder of a run: a file that can be created only once holds the process's number.
// What a killed process left is taken over.

import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileError } from '../errors.ts';
import { fileError, systemErrorCode } from '../io/file-error.ts';

/** The lock's name in the folder. */
export const LOCK_FILE = '.lock';

/** The locks of this process. */
const held = new Set<string>();

export class RunLock implements Disposable {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    held.add(path);
  }

  /** @throws FileError naming the process that has the folder */
  static take(folder: string): RunLock {
    const path = join(folder, LOCK_FILE);
    // Twice: what a dead process left is put aside and the file created again, unless another process is quicker.
    let found = '';
    for (const again of [true, false]) {
      try {
        writeFileSync(path, `${process.pid} ${hostname()}\n`, { flag: 'wx' });
        return new RunLock(path);
      } catch (error) {
        if (systemErrorCode(error) !== 'EEXIST') throw fileError('write', path, error);
      }
      found = contentOf(path);
      if (again && !isAlive(path, found)) putAside(path, found);
    }
    throw inUse(folder, path, found);
  }

  [Symbol.dispose](): void {
    if (held.delete(this.#path)) rmSync(this.#path, { force: true });
  }
}

/** Empty when the file has gone. */
function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw fileError('read', path, error);
  }
}

function ownerOf(content: string): { pid: number; host: string } | undefined {
  const [, pid, host] = /^(\d+) (.*)\n$/.exec(content) ?? [];
  return pid === undefined || host === undefined ? undefined : { pid: Number(pid), host };
}

function isAlive(path: string, content: string): boolean {
  const owner = ownerOf(content);
  // One that is being written; and nothing can be known of another machine's processes.
  if (owner === undefined || owner.host !== hostname()) return true;
  if (owner.pid === process.pid) return held.has(path);
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'; // alive, and somebody else's
  }
}

/** Renamed, which only one process can do, and looked at again: it may be another's by now. */
function putAside(path: string, seen: string): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return;
    throw fileError('write', path, error);
  }
  if (contentOf(aside) === seen) rmSync(aside, { force: true });
  else renameSync(aside, path);
}

function inUse(folder: string, path: string, content: string): FileError {
  const owner = ownerOf(content);
  const who = owner === undefined ? 'another process' : `process ${owner.pid} on ${owner.host}`;
  return new FileError(
    `cannot write '${folder}': ${who} is training into it; wait for it, name another folder, or remove '${path}' if it ` +
      'trains no more',
  );
}
