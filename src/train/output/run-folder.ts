// The folder of a run: the model at its root, as sentence-transformers reads it, and beside it what the run writes down.
//
//   <output>/modules.json, model.safetensors, …    the trained model, when the run has ended
//   <output>/checkpoints/                           to continue from, and the best model so far (checkpoint.ts)
//   <output>/metrics.jsonl, events.out.tfevents.*   what was measured
//   <output>/report.html                            the same to look at
//   <output>/.lock                                  while a process trains into it
//
// Nothing is written before everything else of the run is open and checked, and never over files of somebody else.

import { cp, mkdir, rename, rm, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FileError, FormatError, LikewiseError } from '../../errors.ts';
import { syncFolder } from '../../io/files/atomic-file.ts';
import { fileError, systemErrorCode } from '../../io/files/file-error.ts';
import { exists, kindOf, listFolder } from '../../io/files/folder-path.ts';
import { isReplaceable } from '../../io/files/folder-writer.ts';
import { temporaryName } from '../../io/files/temporary-name.ts';
import { savedStates } from '../checkpoint/checkpoint.ts';
import { parseState, type RunState } from '../checkpoint/run-state.ts';
import { LOCK_FILE, RunLock } from './run-lock.ts';

/** What of an output that exists may be used. */
export interface RunFolderOptions {
  /** A run is gone on with. */
  resume: boolean;
  /** A run or a model is replaced. */
  overwrite: boolean;
}

/** What a run writes beside the model; a kill leaves the temporary ones. */
const ownNames =
  /^(checkpoints|metrics\.jsonl|report\.html|events\.out\.tfevents\..*|\.lock(\..*\.tmp)?|\.(\.?model|metrics\.jsonl|report\.html)(\..*\.tmp)?)$/;
/** What a kill left half written; nobody else writes here while the lock is held. */
const leftNames = /^\.(metrics\.jsonl|report\.html)\..*\.tmp$/;
const savedNames = /^(LATEST|(step|best)-\d{8,}(-\d+)?)$/;

/** What an output holds: `begun` is a run of which nothing was saved but the model before its first step. */
type Content = 'nothing' | 'begun' | 'run' | 'model' | 'other';

export class RunFolder implements AsyncDisposable {
  readonly path: string;
  readonly checkpoints: string;
  readonly #options: RunFolderOptions;
  #lock: RunLock | undefined;
  /** Whether it was made for this run. */
  #made = false;

  private constructor(path: string, options: RunFolderOptions) {
    this.path = path;
    this.checkpoints = join(path, 'checkpoints');
    this.#options = options;
  }

  /**
   * Looks at the folder and changes nothing.
   * @throws FileError when it is a file; when it is not empty and holds neither a run that is to be resumed or overwritten
   *   nor a model that is to be overwritten
   */
  static async open(output: string, options: RunFolderOptions): Promise<RunFolder> {
    const folder = new RunFolder(resolve(output), options);
    await folder.#check();
    return folder;
  }

  /** Makes the folder, unless it is there, and keeps other processes out until it is disposed of. @throws FileError */
  async claim(): Promise<void> {
    this.#made = !(await exists(this.path));
    try {
      await makeFolder(this.path);
    } catch (error) {
      throw fileError('write', this.path, error);
    }
    this.#lock = RunLock.take(this.path);
    await this.#check(); // nobody changes it from here on
  }

  /** Removes what an earlier run wrote beside its model; of a run that is gone on with, only what is half written. @throws FileError */
  async begin({ resumed }: { resumed: boolean }): Promise<void> {
    try {
      const needless = resumed ? leftNames : ownNames;
      for (const name of await listFolder(this.path)) {
        if (needless.test(name) && name !== LOCK_FILE) await rm(join(this.path, name), { recursive: true });
      }
      await makeFolder(this.checkpoints);
    } catch (error) {
      throw fileError('write', this.path, error);
    }
  }

  /** Lets others in. A folder that was made for this run and has nothing in it is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lock?.[Symbol.dispose]();
    if (this.#made) await rmdir(this.path).catch(() => undefined); // refuses when there is something in it
  }

  /** Where the model of a step is kept that was the best so far. */
  bestModel(step: number): string {
    return join(this.checkpoints, bestName(step));
  }

  /**
   * Keeps a model as that of a step: written whole beside its place, then moved there.
   * @param write writes the model's folder, which is not there yet
   */
  async saveBest(step: number, write: (target: string) => Promise<void>): Promise<void> {
    const path = this.bestModel(step);
    const temporary = temporaryName(path);
    try {
      await write(temporary);
      await syncFolder(temporary);
      if (await exists(path)) await rename(path, temporaryName(path)); // of the same step, before a kill
      await rename(temporary, path);
      await syncFolder(this.checkpoints);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
      throw error instanceof LikewiseError ? error : fileError('write', path, error);
    }
  }

  /** @throws FileError when the model of a step is not there that was the best so far */
  async checkBestModel(step: number): Promise<void> {
    if ((await kindOf(this.bestModel(step))) === 'folder') return;
    throw new FileError(
      `cannot read '${this.bestModel(step)}', the best model of the run that is resumed: it does not exist; put it back, ` +
        'or continue with keepBest=false, which gives the model of the last step',
    );
  }

  /**
   * Removes the models that were the best once and that neither `state` nor a checkpoint names any more; none when a
   * checkpoint does not say which it names.
   */
  async pruneBest(state: RunState): Promise<void> {
    const named = new Set([nameOfBest(state)]);
    try {
      for (const saved of await savedStates(this.checkpoints)) {
        named.add(nameOfBest(parseState(saved, this.checkpoints)));
      }
    } catch (error) {
      if (error instanceof FormatError || error instanceof FileError) return;
      throw error;
    }
    for (const name of await listFolder(this.checkpoints)) {
      if (!/^\.*best-\d+/.test(name) || named.has(name)) continue;
      const path = join(this.checkpoints, name);
      await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
        throw fileError('remove', path, error);
      });
    }
  }

  /**
   * Puts a model at the root: written whole beside it first, then moved file by file, those last that say what it is.
   * @param write writes the model's folder; a path is copied
   */
  async install(write: ((target: string) => Promise<void>) | string): Promise<void> {
    const temporary = join(this.path, '.model');
    try {
      await rm(temporary, { recursive: true, force: true });
      if (typeof write === 'string') await cp(write, temporary, { recursive: true });
      else await write(temporary);
      const names = await listFolder(temporary);
      for (const name of names.sort((left, right) => lastNames.indexOf(left) - lastNames.indexOf(right))) {
        const target = join(this.path, name);
        if ((await kindOf(target)) === 'folder') await rm(target, { recursive: true });
        await rename(join(temporary, name), target);
      }
      await syncFolder(this.path);
    } catch (error) {
      throw fileError('write', this.path, error);
    } finally {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  async #check(): Promise<void> {
    const { resume, overwrite } = this.#options;
    const kind = await kindOf(this.path);
    if (kind !== undefined && kind !== 'folder') {
      throw new FileError(`cannot write the model '${this.path}': it is a file; name a folder`);
    }
    const content = kind === undefined ? 'nothing' : await this.#content();
    if (content === 'nothing' || content === 'begun' || (content === 'run' && resume)) return;
    if (overwrite && content !== 'other') return;
    throw new FileError(`cannot write the model '${this.path}': the folder ${refusals[content]}`);
  }

  async #content(): Promise<Content> {
    const names = (await listFolder(this.path)).filter((name) => name !== LOCK_FILE);
    if (names.length === 0) return 'nothing';
    if (names.includes('checkpoints') && (await kindOf(this.checkpoints)) === 'folder') {
      const saved = await listFolder(this.checkpoints);
      if (saved.some((name) => savedNames.test(name) && name !== bestName(0))) return 'run';
      if (names.every((name) => ownNames.test(name))) return 'begun';
    }
    return (await isReplaceable(this.path, names)) ? 'model' : 'other';
  }
}

/** Files without which a folder is no model to anybody, in the order in which they appear. */
const lastNames = ['config.json', 'modules.json'];

const bestName = (step: number) => `best-${String(step).padStart(8, '0')}`;
const nameOfBest = ({ best }: RunState) => (best === null ? undefined : bestName(best.step));

const refusals = {
  run: 'holds a run; continue it (--resume), name another folder, or replace it with overwrite=true',
  model: 'holds a model and no run to resume; name another folder, or replace it with overwrite=true',
  other:
    'is not empty and holds neither a run nor a sentence-transformers model (modules.json); name another folder',
};

/** Not `recursive` at first: that says of a read-only file system that the folder does not exist. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') await mkdir(path, { recursive: true });
    else if (systemErrorCode(error) !== 'EEXIST') throw error;
  }
}
