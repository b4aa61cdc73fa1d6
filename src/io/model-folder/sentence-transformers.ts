// The files sentence-transformers puts around an encoder: modules.json (the pipeline), sentence_bert_config.json
// (length and lower-casing) and config_sentence_transformers.json (prompts, similarity), older and newer spellings.

import { join } from 'node:path';
import { z } from 'zod';

import { ModelError } from '../../errors.ts';
import { exists, insideFolder } from '../files/folder-path.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import type { DenseSpec } from './dense-config.ts';
import type { PoolingSpec } from './pooling-config.ts';

/** L2 normalisation of the sentence vector. */
export interface NormalizeSpec {
  kind: 'normalize';
}

/** One step after the encoder. */
export type ModuleSpec = PoolingSpec | DenseSpec | NormalizeSpec;

/** How two vectors of a model are meant to be compared. */
export type SimilarityName = 'cosine' | 'dot' | 'euclidean' | 'manhattan';

/** The module classes we know, by the last component of their dotted name. */
const MODULE_CLASSES = ['Transformer', 'Pooling', 'Dense', 'Normalize'] as const;

/** An entry of modules.json, its path resolved and inside the model folder. */
export interface ModuleEntry {
  className: (typeof MODULE_CLASSES)[number];
  path: string;
}

const modulesSchema = z
  .array(z.object({ idx: z.int().min(0).optional(), path: z.string(), type: z.string() }))
  .min(1, 'expected at least one module');

/** The pipeline of modules.json in order of `idx`, or undefined when the folder has none. */
export async function readModules(folder: string): Promise<ModuleEntry[] | undefined> {
  const source = join(folder, 'modules.json');
  if (!(await exists(source))) return undefined;
  const raw = checkJson(modulesSchema, await readJsonFile(source), source);
  const indices = raw.map((entry, position) => entry.idx ?? position);
  if (new Set(indices).size < indices.length)
    throw new ModelError(`'${source}' gives one idx to two modules`);
  const order = raw.map((_, position) => position);
  order.sort((a, b) => (indices[a] as number) - (indices[b] as number));
  return order.map((position) => {
    const { path, type } = raw[position] as (typeof raw)[number];
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

/** What the Transformer module's own configuration says. */
export interface TransformerSettings {
  maxSequenceLength?: number;
  lowerCase: boolean;
}

// sentence-transformers looks for the first of these, whatever the encoder's family.
const TRANSFORMER_CONFIGS = [
  'bert',
  'roberta',
  'distilbert',
  'camembert',
  'albert',
  'xlm-roberta',
  'xlnet',
].map((family) => `sentence_${family}_config.json`);

const transformerSchema = z.object({
  max_seq_length: z.int().positive().nullish(),
  do_lower_case: z.boolean().nullish(),
  transformer_task: z.string().nullish(),
  module_output_name: z.string().nullish(),
  modality_config: z.record(z.string(), z.looseObject({ method_output_name: z.unknown() })).nullish(),
  query_length: z.int().nullish(),
  document_length: z.int().nullish(),
  query_expansion: z.unknown().nullish(),
});

/** Length and lower-casing from the Transformer module's folder; ModelError when it asks for something else. */
export async function readTransformerSettings(folder: string): Promise<TransformerSettings> {
  for (const name of TRANSFORMER_CONFIGS) {
    const source = join(folder, name);
    if (!(await exists(source))) continue;
    const raw = checkJson(transformerSchema, await readJsonFile(source), source);
    const wanted: [string, unknown, unknown][] = [
      ['transformer_task', raw.transformer_task, 'feature-extraction'],
      ['module_output_name', raw.module_output_name, 'token_embeddings'],
      [
        'modality_config.text.method_output_name',
        raw.modality_config?.text?.method_output_name,
        'last_hidden_state',
      ],
      ['query_length', raw.query_length, undefined],
      ['document_length', raw.document_length, undefined],
      ['query_expansion', raw.query_expansion, undefined],
    ];
    for (const [key, found, supported] of wanted) {
      if (found == null || found === supported) continue;
      const expected = supported === undefined ? 'leaving it out' : `only '${supported}'`;
      throw new ModelError(`'${source}' sets ${key} to ${JSON.stringify(found)}; ${expected} is supported`);
    }
    return {
      ...(raw.max_seq_length == null ? {} : { maxSequenceLength: raw.max_seq_length }),
      lowerCase: raw.do_lower_case ?? false,
    };
  }
  return { lowerCase: false };
}

/** Prompts and similarity of a model. */
export interface SentenceSettings {
  prompts: Record<string, string>;
  defaultPromptName?: string;
  similarity: SimilarityName;
}

const settingsSchema = z.object({
  model_type: z.string().nullish(),
  prompts: z.record(z.string(), z.string().nullable()).nullish(),
  default_prompt_name: z.string().nullish(),
  similarity_fn_name: z.enum(['cosine', 'dot', 'euclidean', 'manhattan']).nullish(),
});

/** Prompts and similarity from config_sentence_transformers.json; none and cosine when there is no such file. */
export async function readSentenceSettings(folder: string): Promise<SentenceSettings> {
  const source = join(folder, 'config_sentence_transformers.json');
  if (!(await exists(source))) return { prompts: {}, similarity: 'cosine' };
  const raw = checkJson(settingsSchema, await readJsonFile(source), source);
  if (raw.model_type != null && raw.model_type !== 'SentenceTransformer') {
    throw new ModelError(
      `'${source}' describes a ${raw.model_type}; only SentenceTransformer models are supported`,
    );
  }
  const prompts = Object.fromEntries(
    Object.entries(raw.prompts ?? {}).map(([name, text]) => [name, text ?? '']),
  );
  const similarity = raw.similarity_fn_name ?? 'cosine';
  const defaultPromptName = raw.default_prompt_name;
  if (defaultPromptName == null) return { prompts, similarity };
  if (!Object.hasOwn(prompts, defaultPromptName)) {
    throw new ModelError(
      `'${source}' names the default prompt '${defaultPromptName}' but its prompts are: ` +
        (Object.keys(prompts).join(', ') || 'none'),
    );
  }
  return { prompts, defaultPromptName, similarity };
}
