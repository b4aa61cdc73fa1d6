// What a run saves to go on from, below checkpoints/ in its folder:
//
//   LATEST                          step-00000250: the checkpoint to go on from
//   step-00000250/                  state.json       counters and places, and which model was the best so far
//                                   tensors.safetensors
//                                   checksums.json   { "<file>": SHA-256 in hexadecimal }
//   step-00000250-2/                the same step, saved a second time
//   best-00000200/                  the model that was the best, a folder of sentence-transformers
//
// The rules, which leave a whole run to resume wherever a crash, an error or an abort comes:
//
// 1. A folder is written under a temporary name, every file synced, then renamed and its parent synced. A checkpoint that
//    has its name is never changed: a step that is saved again, since an evaluation was done or the first one is damaged,
//    gets another name.
// 2. LATEST is written after the checkpoint it names; until then the one before counts.
// 3. Only then goes what has become needless: other checkpoints of the same step, those that were passed over as damaged, and
//    of the steps before all but the newest `keepCheckpoints` - 1.
// 4. A best model is written before the run's state names it, and so before any checkpoint does. It is removed when neither
//    the state nor a checkpoint that is there names it: any of these can be gone on from.
//
// Anything else is a leftover, which goes with the next write or at the end. What the log has of steps and evaluations that
// the state does not count is taken away on resuming (metrics-log.ts), since they will be done again, with the same bits.

import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FileError, FormatError } from '../../errors.ts';
import { syncFolder, writeFileAtomic } from '../../io/files/atomic-file.ts';
import { fileError, systemErrorCode } from '../../io/files/file-error.ts';
import { sha256OfFile } from '../../io/files/file-hash.ts';
import { listFolder } from '../../io/files/folder-path.ts';
import { checkJson, jsonText, readJsonFile } from '../../io/files/json-file.ts';
import { temporaryName } from '../../io/files/temporary-name.ts';
import { SafetensorsFile } from '../../io/safetensors/safetensors.ts';
import { type SafetensorsTensor, writeSafetensors } from '../../io/safetensors/safetensors-writer.ts';

/** What is in a checkpoint. */
export interface Checkpoint {
  /** Any JSON. */
  state: unknown;
  tensors: readonly SafetensorsTensor[];
}

/** One that is there. */
export interface SavedCheckpoint {
  step: number;
  /** Of its folder. */
  name: string;
}

/** One that was passed over. */
export interface DamagedCheckpoint {
  name: string;
  /** What is wrong with it. */
  message: string;
}

export interface LoadedCheckpoint extends SavedCheckpoint {
  state: unknown;
  /** Reads float32 tensors by name. */
  tensors: Map<string, Float32Array>;
  /** Checkpoints that were newer but damaged. */
  damaged: DamagedCheckpoint[];
}

const pointer = 'LATEST';
const stateFile = 'state.json';
const tensorFile = 'tensors.safetensors';
const sumFile = 'checksums.json';
const namePattern = /^step-(\d{8,})(?:-(\d+))?$/;

/** The step of a checkpoint's name, and which of that step's it is, from 1. */
function placeOf(name: string): { step: number; time: number } {
  const [, step, time = 1] = namePattern.exec(name) ?? [];
  return { step: Number(step), time: Number(time) };
}

/** `step-00000250`, then `step-00000250-2`: one that is not among `names`, and newer than they. */
function newName(step: number, names: readonly string[]): string {
  const times = names.map(placeOf).flatMap((place) => (place.step === step ? [place.time] : []));
  const time = Math.max(0, ...times) + 1;
  return `step-${String(step).padStart(8, '0')}${time === 1 ? '' : `-${time}`}`;
}

/**
 * Writes a checkpoint of a step. When it fails, what was there before is untouched.
 * @throws FileError
 */
export async function writeCheckpoint(
  folder: string,
  step: number,
  { state, tensors }: Checkpoint,
): Promise<SavedCheckpoint> {
  let temporary: string | undefined;
  try {
    await mkdir(folder, { recursive: true });
    await removeLeftovers(folder);
    const name = newName(step, await checkpointNames(folder));
    const path = join(folder, name);
    temporary = temporaryName(path);
    await mkdir(temporary);
    await writeFileAtomic(join(temporary, stateFile), jsonText(state));
    await writeSafetensors(join(temporary, tensorFile), tensors);
    const sums = {
      [stateFile]: await sha256OfFile(join(temporary, stateFile)),
      [tensorFile]: await sha256OfFile(join(temporary, tensorFile)),
    };
    await writeFileAtomic(join(temporary, sumFile), jsonText(sums));
    await syncFolder(temporary);
    await rename(temporary, path);
    await syncFolder(folder);
    await writeFileAtomic(join(folder, pointer), `${name}\n`);
    return { step, name };
  } catch (error) {
    throw fileError(`write the checkpoint of step ${step} in`, folder, error);
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  }
}

/**
 * Removes what a checkpoint has made needless (rule 3).
 * @param newest one that is whole, the newest that LATEST names or named
 * @param damaged names of checkpoints that were passed over
 * @throws FileError
 */
export async function pruneCheckpoints(
  folder: string,
  { step, name: newest }: SavedCheckpoint,
  keep: number,
  damaged: readonly string[] = [],
): Promise<void> {
  await removeLeftovers(folder);
  const all = (await checkpointNames(folder)).filter((name) => name !== newest);
  const others = all.filter((name) => !damaged.includes(name));
  const older = others.filter((name) => placeOf(name).step < step);
  const needless = [
    ...all.filter((name) => damaged.includes(name)),
    ...others.filter((name) => placeOf(name).step === step),
    ...older.slice(0, Math.max(0, older.length - keep + 1)),
  ];
  for (const name of needless) {
    // Renamed first, so that a kill leaves no half of a checkpoint under its name.
    const aside = temporaryName(join(folder, name));
    try {
      await rename(join(folder, name), aside);
      await rm(aside, { recursive: true, force: true });
    } catch (error) {
      throw fileError('remove the old checkpoint', join(folder, name), error);
    }
  }
}

/** The states of all checkpoints that are there, whole or not. @throws FileError, FormatError when one cannot be read */
export async function savedStates(folder: string): Promise<unknown[]> {
  const names = await checkpointNames(folder);
  return Promise.all(names.map((name) => readJsonFile(join(folder, name, stateFile))));
}

/**
 * The checkpoint that LATEST names, else the newest that is whole; undefined when there is none.
 * @throws FileError, or FormatError when there are checkpoints and none is whole
 */
export async function readCheckpoint(folder: string): Promise<LoadedCheckpoint | undefined> {
  const latest = await latestName(folder);
  const names = (await checkpointNames(folder)).reverse();
  const candidates = latest === undefined ? names : [latest, ...names.filter((name) => name !== latest)];
  const damaged: DamagedCheckpoint[] = [];
  for (const name of candidates) {
    try {
      return {
        ...(await readComplete(join(folder, name))),
        step: placeOf(name).step,
        name,
        damaged,
      };
    } catch (error) {
      if (!(error instanceof FormatError) && !(error instanceof FileError)) throw error;
      damaged.push({ name, message: error.message });
    }
  }
  if (damaged.length === 0) return undefined;
  throw new FormatError(
    `none of the checkpoints in '${folder}' is intact: ${damaged.map(({ message }) => message).join('; ')}; start without resuming, in another folder`,
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
    throw new FormatError(`'${join(path, name)}' is damaged: its checksum does not match`);
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
    const places = names.map((name) => ({ name, ...placeOf(name) }));
    return places
      .sort((left, right) => left.step - right.step || left.time - right.time)
      .map(({ name }) => name);
  } catch (error) {
    if (error instanceof FileError && systemErrorCode(error.cause) === 'ENOENT') return [];
    throw error;
  }
}

/** What a killed run left half written or half removed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await listFolder(folder)) {
    if (!/^\.(step-[\d-]+|LATEST)\.[0-9a-f-]+\.tmp$/.test(name)) continue;
    const path = join(folder, name);
    await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
      throw fileError('remove', path, error);
    });
  }
}
