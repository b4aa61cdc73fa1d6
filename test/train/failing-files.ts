// The file system, failing where a test wants it to: every operation of node:fs and node:fs/promises by which a run changes a
// file, and of the file handles it opens, is counted, and the k-th one can fail, or it and all that follow, as if the process
// had been killed before it. Closing never fails, since a process that has gone has closed everything. Nothing is synced to the disk:
// that takes most of a test's time and is not what is tested. To be mocked in by a test:
//
//   vi.mock('node:fs/promises', async (original) => failingFiles(await original()));

import type { FileHandle } from 'node:fs/promises';

/** `none`: it is only told. */
export type Fault = 'none' | 'once' | 'from then on';

interface Plan {
  at: number;
  fault: Fault;
  onReached: (() => void) | undefined;
}

let plan: Plan | undefined;
let count = 0;

/** Runs with a fault at the k-th operation, from 1. @returns how many operations there were */
export async function withFault(
  at: number,
  fault: Fault,
  run: () => Promise<void>,
  onReached?: () => void,
): Promise<number> {
  count = 0;
  plan = { at, fault, onReached };
  try {
    await run();
    return count;
  } finally {
    plan = undefined;
  }
}

function reach(): void {
  if (plan === undefined) return;
  count += 1;
  if (count === plan.at) plan.onReached?.();
  if (plan.fault === 'none' || count < plan.at || (count > plan.at && plan.fault === 'once')) return;
  throw Object.assign(new Error('EIO: the test wants it so'), { code: 'EIO' });
}

const counted = /^(mkdir|rename|rm|rmdir|open|unlink|cp|copyFile|writeFile|write)(Sync)?$/;

type Functions = Record<string, (...given: unknown[]) => unknown>;

/** A module of the file system with its operations counted. */
export function failingFiles<T extends object>(module: T): T {
  const functions = Object.entries(module as Functions).map(([name, original]) => {
    if (!counted.test(name)) return [name, original];
    const sync = name.endsWith('Sync');
    const replaced = (...given: unknown[]) => {
      if (!(name.startsWith('open') && (given[1] ?? 'r') === 'r')) reach();
      return original(...given);
    };
    return [name, sync ? replaced : async (...given: unknown[]) => failingHandle(await replaced(...given))];
  });
  return { ...Object.fromEntries(functions), default: module };
}

/** A file handle likewise; anything else as it is. */
function failingHandle<T>(value: T): T {
  if (typeof value !== 'object' || value === null || !('datasync' in value)) return value;
  const handle = value as unknown as FileHandle;
  const write = handle.write.bind(handle) as (...given: unknown[]) => Promise<unknown>;
  handle.write = (async (...given: unknown[]) => {
    reach();
    return write(...given);
  }) as never;
  handle.sync = async () => {};
  return value;
}
