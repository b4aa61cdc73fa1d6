// Names of what is not finished yet, `.<name>.<owner>.tmp` beside its target, and the removal of what a killed process left
// under such a name. The owner is a machine and a process, so that what another process still writes stays.

import { createHash, randomBytes } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from './file-error.ts';

/** Tells machines and containers apart that share a folder; hexadecimal. */
const machine = () => createHash('sha256').update(hostname()).digest('hex').slice(0, 8);

const shortened = (target: string) => basename(target).slice(0, 200);

/** `.<name>.<machine>-<process>-<random>.tmp` beside `target`. */
export function temporaryName(target: string): string {
  const owner = `${machine()}-${process.pid}-${randomBytes(6).toString('hex')}`;
  return join(dirname(target), `.${shortened(target)}.${owner}.tmp`);
}

/**
 * Removes what processes of this machine that have ended left of `target`. What cannot be removed stays, for it harms
 * nobody; nothing can be known of another machine's processes.
 */
export async function removeAbandoned(target: string): Promise<void> {
  const folder = dirname(target);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const owner = ownerOf(name, shortened(target));
    if (owner === undefined || owner.machine !== machine()) continue;
    const path = join(folder, name);
    if (await isAlive(owner.process, path)) continue;
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Of a temporary name of `target`, or of a temporary file of one. */
function ownerOf(name: string, target: string): { machine: string; process: number } | undefined {
  const bare = name.replace(/^\.+/, '');
  if (bare === name || !bare.startsWith(`${target}.`)) return undefined;
  const [, of, id] =
    /^([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.tmp(\.[0-9a-f]{8}-\d+-[0-9a-f]{12}\.tmp)*$/.exec(
      bare.slice(target.length + 1),
    ) ?? [];
  return of === undefined ? undefined : { machine: of, process: Number(id) };
}

/** Milliseconds by which clocks of files and of the process may differ. */
const tolerance = 5000;

async function isAlive(id: number, path: string): Promise<boolean> {
  if (id === process.pid) {
    // In a container a process often has the number that the one before had: what is older than this one is not its own.
    const started = Date.now() - 1000 * process.uptime();
    const found = await lstat(path).catch(() => undefined);
    return found === undefined || found.mtimeMs > started - tolerance;
  }
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH'; // EPERM: alive, and somebody else's
  }
}
