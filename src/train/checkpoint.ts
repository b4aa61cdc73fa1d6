// Checkpoints that are complete or not there. One is a folder, written under a temporary name, every file synced, then
// the folder renamed and its parent synced; LATEST, which names the one to continue from, is written last. A sum per file
// says whether what is read is what was written.
//
//   checkpoints/LATEST                        step-00000250
//   checkpoints/step-00000250/state.json      counters and places, by the trainer
//   checkpoints/step-00000250/tensors.safetensors
//   checkpoints/step-00000250/checksums.json  { "<file>": SHA-256 in hexadecimal }

import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, FormatError } from '../errors.ts';
import { syncFolder, temporaryName, writeFileAtomic } from '../io/atomic-file.ts';
import { fileError, systemErrorCode } from '../io/file-error.ts';
import { sha256OfFile } from '../io/file-hash.ts';
import { listFolder } from '../io/folder-path.ts';
import { checkJson, jsonText, readJsonFile } from '../io/json-file.ts';
import { SafetensorsFile } from '../io/safetensors.ts';
import { type SafetensorsTensor, writeSafetensors } from '../io/safetensors-writer.ts';

/** What is in a checkpoint. */
export interface Checkpoint {
  /** Any JSON. */
  state: unknown;
  tensors: readonly SafetensorsTensor[];
}

export interface LoadedCheckpoint {
  step: number;
  state: unknown;
  /** Reads float32 tensors by name. */
  tensors: Map<string, Float32Array>;
  /** Checkpoints that were newer but damaged. */
  damaged: string[];
}

const pointer = 'LATEST';
const stateFile = 'state.json';
const tensorFile = 'tensors.safetensors';
const sumFile = 'checksums.json';
const namePattern = /^step-(\d{8,})$/;

/** `step-00000250` */
function checkpointName(step: number): string {
  return `step-${String(step).padStart(8, '0')}`;
}

/**
 * Writes the checkpoint of a step, then removes all but the newest `keep`. When it fails, what was there before is
 * untouched.
 * @throws FileError
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  { state, tensors }: Checkpoint,
  keep: number,
): Promise<void> {
  const name = checkpointName(step);
  const path = join(folder, name);
  const temporary = temporaryName(path);
  try {
    await mkdir(folder, { recursive: true });
    await removeLeftovers(folder);
    await mkdir(temporary);
    await writeFileAtomic(join(temporary, stateFile), jsonText(state));
    await writeSafetensors(join(temporary, tensorFile), tensors);
    const sums = {
      [stateFile]: await sha256OfFile(join(temporary, stateFile)),
      [tensorFile]: await sha256OfFile(join(temporary, tensorFile)),
    };
    await writeFileAtomic(join(temporary, sumFile), jsonText(sums));
    await syncFolder(temporary);
    if ((await latestName(folder)) === name) return; // nothing has been done since
    await rm(path, { recursive: true, force: true }); // complete, but a kill came before LATEST named it
    await rename(temporary, path);
    await syncFolder(folder);
    await writeFileAtomic(join(folder, pointer), `${name}\n`);
    await prune(folder, name, keep);
  } catch (error) {
    throw fileError('write the checkpoint', path, error);
  } finally {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * The checkpoint that LATEST names, else the newest that is whole; undefined when there is none.
 * @throws FileError, or FormatError when there are checkpoints and none is whole
 */
export async function readCheckpoint(folder: string): Promise<LoadedCheckpoint | undefined> {
  const latest = await latestName(folder);
  const names = (await checkpointNames(folder)).reverse();
  const candidates = latest === undefined ? names : [latest, ...names.filter((name) => name !== latest)];
  const damaged: string[] = [];
  for (const name of candidates) {
    try {
      return {
        ...(await readComplete(join(folder, name))),
        step: Number(namePattern.exec(name)?.[1]),
        damaged,
      };
    } catch (error) {
      if (!(error instanceof FormatError) && !(error instanceof FileError)) throw error;
      damaged.push(error.message);
    }
  }
  if (damaged.length === 0) return undefined;
  throw new FormatError(
    `none of the checkpoints in '${folder}' is whole: ${damaged.join('; ')}; start without resuming, in another folder`,
  );
}

const sumSchema = z.object({ [stateFile]: z.string(), [tensorFile]: z.string() });

async function readComplete(path: string): Promise<{ state: unknown; tensors: Map<string, Float32Array> }> {
  const source = join(path, sumFile);
  const sums = checkJson(
    sumSchema,
    await readJsonFile(source),
    source,
    (message) => new FormatError(message),
  );
  for (const [name, sum] of Object.entries(sums)) {
    if ((await sha256OfFile(join(path, name))) === sum) continue;
    throw new FormatError(`'${join(path, name)}' is damaged: its checksum is not the one that was written`);
  }
  const file = await SafetensorsFile.open(join(path, tensorFile));
  try {
    const tensors = new Map<string, Float32Array>();
    for (const name of file.names) tensors.set(name, await file.readFloat32(name, { allowNonFinite: true }));
    return { state: await readJsonFile(join(path, stateFile)), tensors };
  } finally {
    await file.close();
  }
}

async function latestName(folder: string): Promise<string | undefined> {
  try {
    const name = (await readFile(join(folder, pointer), 'utf8')).trim();
    return namePattern.test(name) ? name : undefined;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileError('read', join(folder, pointer), error);
  }
}

/** Oldest first. */
async function checkpointNames(folder: string): Promise<string[]> {
  try {
    const names = (await listFolder(folder)).filter((name) => namePattern.test(name));
    return names.sort((left, right) => Number(left.slice(5)) - Number(right.slice(5)));
  } catch (error) {
    if (error instanceof FileError && systemErrorCode(error.cause) === 'ENOENT') return [];
    throw error;
  }
}

async function prune(folder: string, newest: string, keep: number): Promise<void> {
  const older = (await checkpointNames(folder)).filter((name) => name !== newest);
  for (const name of older.slice(0, Math.max(0, older.length - keep + 1))) {
    // Renamed first, so that a kill leaves no half of a checkpoint under its name.
    const aside = temporaryName(join(folder, name));
    await rename(join(folder, name), aside);
    await rm(aside, { recursive: true, force: true });
  }
}

/** What a killed run left half written or half removed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (/^\.(step-\d+|LATEST)\.[0-9a-f]+\.tmp$/.test(name))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}
