// One run at a time writes into the folder of a run: a file that can be created only once holds the process's number, and
// stays open while the lock is held. What a killed process left is taken over.
//
// Whether a lock with this process's own number is held in it, or was left by another that had the number before (in a
// container it is often the same), is told by that open file: descriptors belong to the process, so it does not matter in
// which thread the lock was taken, by which copy of this module, or under which name of the folder.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FileError } from '../../errors.ts';
import { fileError, systemErrorCode } from '../../io/files/file-error.ts';

/** The lock's name in the folder. */
export const LOCK_FILE = '.lock';

export class RunLock implements Disposable {
  readonly #path: string;
  #descriptor: number | undefined;

  private constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  /** @throws FileError naming the process that has the folder */
  static take(folder: string): RunLock {
    const path = join(folder, LOCK_FILE);
    // Twice: what a dead process left is put aside and the file created again, unless another run is quicker.
    let found = '';
    for (const again of [true, false]) {
      const lock = RunLock.#create(path);
      if (lock !== undefined) return lock;
      found = contentOf(path);
      if (again && !isAlive(path, found)) putAside(path, found);
    }
    throw inUse(folder, path, found);
  }

  /** Undefined when there is one. */
  static #create(path: string): RunLock | undefined {
    let lock: RunLock | undefined;
    try {
      const descriptor = openSync(path, 'wx');
      lock = new RunLock(path, descriptor);
      writeSync(descriptor, `${process.pid} ${hostname()}\n`);
      return lock;
    } catch (error) {
      lock?.[Symbol.dispose]();
      if (systemErrorCode(error) === 'EEXIST') return undefined;
      throw fileError('write', path, error);
    }
  }

  /** @throws FileError when the file cannot be removed */
  [Symbol.dispose](): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#descriptor = undefined;
    try {
      rmSync(this.#path, { force: true });
    } catch (error) {
      throw fileError('remove', this.#path, error);
    } finally {
      closeSync(descriptor);
    }
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
  if (owner === undefined) return isNew(path);
  if (owner.host !== hostname()) return true; // nothing can be known of another machine's processes
  if (owner.pid === process.pid) return isOpenHere(path);
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) === 'EPERM'; // alive, and somebody else's
  }
}

/** Whether a lock without a process may be one that is being written, and not what a kill left in that moment. */
function isNew(path: string): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs < 60_000;
  } catch {
    return true; // it has gone
  }
}

/** Whether this process has the file open; so it is taken to be where descriptors are not listed, or the file has gone. */
function isOpenHere(path: string): boolean {
  try {
    const file = statSync(path, { bigint: true });
    return readdirSync('/dev/fd').some((descriptor) => {
      try {
        const { dev, ino } = fstatSync(Number(descriptor), { bigint: true });
        return dev === file.dev && ino === file.ino;
      } catch {
        return false; // closed since, as the list's own is
      }
    });
  } catch {
    return true;
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
      'no longer trains',
  );
}
