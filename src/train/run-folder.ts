// The folder of a run: the model at its root, as sentence-transformers reads it, and beside it what the run writes down.
//
//   <output>/modules.json, model.safetensors, …    the trained model, when the run has ended
//   <output>/checkpoints/                           to continue from; and the best model so far, best-<step>/
//   <output>/metrics.jsonl, events.out.tfevents.*   what was measured

import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FileError } from '../errors.ts';
import { syncFolder } from '../io/atomic-file.ts';
import { fileError, systemErrorCode } from '../io/file-error.ts';
import { exists, kindOf, listFolder } from '../io/folder-path.ts';

export class RunFolder {
  readonly path: string;
  readonly checkpoints: string;

  private constructor(path: string) {
    this.path = path;
    this.checkpoints = join(path, 'checkpoints');
  }

  /**
   * Makes the folder ready.
   * @throws FileError when it holds a run or a model that is neither to be resumed nor overwritten, or cannot be written to
   */
  static async prepare(
    output: string,
    { resume, overwrite }: { resume: boolean; overwrite: boolean },
  ): Promise<RunFolder> {
    const folder = new RunFolder(resolve(output));
    const kind = await kindOf(folder.path);
    if (kind !== undefined && kind !== 'folder') {
      throw new FileError(`cannot write the model '${output}': it is a file; name a folder`);
    }
    if (!resume && kind === 'folder') await folder.#clear(overwrite);
    try {
      await makeFolder(folder.path);
      await makeFolder(folder.checkpoints);
    } catch (error) {
      throw fileError('write', folder.path, error);
    }
    return folder;
  }

  /** Where the model of a step is kept that was the best so far. */
  bestModel(step: number): string {
    return join(this.checkpoints, `best-${String(step).padStart(8, '0')}`);
  }

  /** Removes all models that were the best once but the one of `step`. */
  async pruneBest(step: number | undefined): Promise<void> {
    const kept = step === undefined ? undefined : this.bestModel(step);
    for (const name of await listFolder(this.checkpoints)) {
      const path = join(this.checkpoints, name);
      if (/^\.?best-\d+/.test(name) && path !== kept) await rm(path, { recursive: true, force: true });
    }
  }

  /**
   * Puts a model at the root: written whole beside it first, then moved file by file, modules.json last.
   * @param write writes the model's folder; a path is copied
   */
  async install(write: ((target: string) => Promise<void>) | string): Promise<void> {
    const temporary = join(this.path, '.model');
    try {
      await rm(temporary, { recursive: true, force: true });
      if (typeof write === 'string') await cp(write, temporary, { recursive: true });
      else await write(temporary);
      const names = await listFolder(temporary);
      for (const name of names.sort(
        (left, right) => Number(left === 'modules.json') - Number(right === 'modules.json'),
      )) {
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

  async #clear(overwrite: boolean): Promise<void> {
    const names = (await listFolder(this.path)).filter((name) =>
      /^(checkpoints|metrics\.jsonl|events\.out\..*)$/.test(name),
    );
    const began = names.includes('checkpoints') && (await listFolder(this.checkpoints)).length > 0;
    if (!overwrite && (began || (await exists(join(this.path, 'modules.json'))))) {
      throw new FileError(
        `cannot write the model '${this.path}': the folder holds ${began ? 'a run' : 'a model'}; resume it (--resume), ` +
          'name another folder, or replace it with overwrite=true',
      );
    }
    try {
      for (const name of names) await rm(join(this.path, name), { recursive: true });
    } catch (error) {
      throw fileError('write', this.path, error);
    }
  }
}

/** Not `recursive` at first: that says of a read-only file system that the folder does not exist. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') await mkdir(path, { recursive: true });
    else if (systemErrorCode(error) !== 'EEXIST') throw error;
  }
}
