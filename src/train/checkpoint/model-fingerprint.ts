// The untrained model of a run, known again by the files of its folder that decide what it computes.

import { join, relative } from 'node:path';
import { sha256OfFile } from '../../io/files/file-hash.ts';
import { kindOf, listFolder } from '../../io/files/folder-path.ts';
import { readModules } from '../../io/model-folder/sentence-transformers.ts';

const modelFiles =
  /^(.*config.*\.json|modules\.json|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\..*|merges\.txt|.*\.safetensors)$/;

/** SHA-256 of each of a model folder's files that decide what it computes, those of its modules too. @throws FileError */
export async function modelFingerprint(path: string): Promise<Record<string, string>> {
  const modules = (await readModules(path, [])) ?? [];
  const sums: Record<string, string> = {};
  for (const folder of new Set([path, ...modules.map((module) => module.path)])) {
    if ((await kindOf(folder)) !== 'folder') continue; // that of a Normalize is often missing
    for (const name of await listFolder(folder)) {
      if (!modelFiles.test(name)) continue;
      sums[relative(path, join(folder, name))] = await sha256OfFile(join(folder, name));
    }
  }
  return sums;
}
