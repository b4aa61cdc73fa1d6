// The files sentence-transformers puts at the root of a model: modules.json (the pipeline) and
// config_sentence_transformers.json (prompts, similarity).

import { join } from 'node:path';
import { z } from 'zod';
import { ModelError } from '../../errors.ts';
import { checkFileKeys } from '../../options/file-keys.ts';
import { exists, insideFolder } from '../files/folder-path.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import type { DenseSpec } from './dense-config.ts';
import { MODULES_KEYS, SENTENCE_KEYS } from './folder-keys.ts';
import type { PoolingSpec } from './pooling-config.ts';
import { SIMILARITY_FUNCTIONS, type SimilarityFunction } from './similarity-function.ts';

/** L2 normalisation of the sentence vector. */
export interface NormalizeSpec {
  kind: 'normalize';
}

/** One step after the encoder. */
export type ModuleSpec = PoolingSpec | DenseSpec | NormalizeSpec;

/** The module classes we know, by the last component of their dotted name. */
const MODULE_CLASSES = ['Transformer', 'Pooling', 'Dense', 'Normalize'] as const;

/** An entry of modules.json, its path resolved and inside the model folder. */
export interface ModuleEntry {
  className: (typeof MODULE_CLASSES)[number];
  path: string;
}

const modulesSchema = z
  .array(
    z.looseObject({
      idx: z.number().min(0).optional(),
      name: z.union([z.string(), z.number()]).optional(),
      path: z.string(),
      type: z.string(),
    }),
  )
  .min(1, 'expected at least one module');

/**
 * The pipeline of modules.json, or undefined when the folder has none.
 * @param notes gets the keys that are passed over
 * @throws ModelError for another class of module, and for a list that contradicts itself
 */
export async function readModules(folder: string, notes: string[]): Promise<ModuleEntry[] | undefined> {
  const source = join(folder, 'modules.json');
  if (!(await exists(source))) return undefined;
  const raw = checkJson(modulesSchema, await readJsonFile(source), source);
  for (const [position, entry] of raw.entries())
    notes.push(...checkFileKeys(MODULES_KEYS, entry, `'${source}', module ${position},`, modelError));
  checkOrder(raw, source);
  return raw.map(({ path, type }) => {
    // Anything else of the same name is code of the model's own, which cannot be run here.
    const ours = type.startsWith('sentence_transformers.');
    const className = MODULE_CLASSES.find((known) => ours && known === type.split('.').at(-1));
    if (className === undefined) {
      throw new ModelError(
        `'${source}' has a module of type '${type}', which is not supported; expected ${MODULE_CLASSES.join(', ')}`,
      );
    }
    return { className, path: insideFolder(folder, path, source) };
  });
}

// sentence-transformers runs modules in the order of the list, whatever idx says, and drops the first of two of one name.
function checkOrder(modules: z.infer<typeof modulesSchema>, source: string): void {
  const indices = modules.map((entry, position) => entry.idx ?? position);
  if (new Set(indices).size < indices.length)
    throw new ModelError(`'${source}' gives one idx to two modules`);
  if (indices.some((idx, position) => position > 0 && idx < (indices[position - 1] as number))) {
    throw new ModelError(
      `'${source}' lists its modules in a different order than their idx says (${indices.join(', ')}); ` +
        'put them in the order in which they run',
    );
  }
  const names = modules.flatMap(({ name }) => (name === undefined ? [] : [String(name)]));
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new ModelError(`'${source}' gives the name '${twice}' to two modules`);
}

const modelError = (message: string) => new ModelError(message);

/** Prompts and similarity of a model. */
export interface SentenceSettings {
  prompts: Record<string, string>;
  defaultPromptName?: string;
  similarity: SimilarityFunction;
}

const settingsSchema = z.looseObject({
  prompts: z.record(z.string(), z.string().nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.enum(SIMILARITY_FUNCTIONS).nullish(),
});

/** Prompts that every model has, empty unless it says otherwise. */
const ALWAYS = ['query', 'document'];

/**
 * Prompts and similarity from config_sentence_transformers.json; none and cosine when there is no such file.
 * @param notes gets the keys that are passed over
 * @throws ModelError
 */
export async function readSentenceSettings(folder: string, notes: string[]): Promise<SentenceSettings> {
  const source = join(folder, 'config_sentence_transformers.json');
  if (!(await exists(source))) return { prompts: {}, similarity: 'cosine' };
  const raw = checkJson(settingsSchema, await readJsonFile(source), source);
  notes.push(...checkFileKeys(SENTENCE_KEYS, raw, `'${source}'`, modelError));
  const prompts = Object.fromEntries(
    Object.entries(raw.prompts ?? {}).map(([name, text]) => [name, text ?? '']),
  );
  const similarity = raw.similarity_fn_name ?? 'cosine';
  const defaultPromptName = raw.default_prompt_name;
  if (defaultPromptName == null) return { prompts, similarity };
  if (!Object.hasOwn(prompts, defaultPromptName)) {
    if (ALWAYS.includes(defaultPromptName)) return { prompts, similarity };
    throw new ModelError(
      `'${source}' names the default prompt '${defaultPromptName}' but its prompts are: ` +
        (Object.keys(prompts).join(', ') || 'none'),
    );
  }
  return { prompts, defaultPromptName, similarity };
}
