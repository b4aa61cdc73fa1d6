// A model folder as Hugging Face and sentence-transformers write it, read into one description: the encoder, the steps
// after it, prompts and limits. Contradictions between its files are errors here, before any weight is read.

import { join } from 'node:path';
import { z } from 'zod';

import { FileError, ModelError } from '../../errors.ts';
import type { EncoderConfig } from '../../nn/encoder/encoder-config.ts';
import type { StoredPrecision } from '../../nn/layers/precision.ts';
import { exists, kindOf, listFolder } from '../files/folder-path.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import { parseDenseConfig } from './dense-config.ts';
import { parseEncoderConfig } from './model-config.ts';
import { parsePoolingConfig } from './pooling-config.ts';
import { parseStoredPrecision } from './quantization-config.ts';
import {
  type ModuleEntry,
  type ModuleSpec,
  readModules,
  readSentenceSettings,
  readTransformerSettings,
  type SentenceSettings,
} from './sentence-transformers.ts';

/** Everything a folder says about its model, except the weights. */
export interface ModelFolder extends SentenceSettings {
  path: string;
  config: EncoderConfig;
  /** What the encoder's weights are stored in; float16 and bfloat16, which become float32 when they are read, are float32. */
  precision: StoredPrecision;
  transformer: {
    /** The folder of config.json, the weights and the tokenizer; usually the model folder itself. */
    path: string;
    /** Most tokens of one text, special tokens included. */
    maxSequenceLength: number;
    /** Whether texts are lower-cased before the tokenizer's own normalisation. */
    lowerCase: boolean;
  };
  /** The steps after the encoder; the first is always a pooling. */
  modules: ModuleSpec[];
  /** Width of the vectors the last module gives. */
  dimension: number;
  /** What was assumed because the folder does not say it. */
  notes: string[];
}

/** tokenizer_config.json holds 1e30 where the model's maximum is not known. */
const SANE_LENGTH = 1e6;

/** Reads a model folder. FileError, FormatError or ModelError naming the file at fault. */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const kind = await kindOf(path);
  if (kind !== 'folder') {
    const what = kind === undefined ? 'it does not exist' : 'it is not a folder';
    throw new FileError(`cannot read the model '${path}': ${what}; name a folder with a config.json`);
  }
  const notes: string[] = [];
  const entries = await readModules(path);
  const transformerPath = transformerFolder(path, entries);
  const configPath = join(transformerPath, 'config.json');
  await checkHasConfig(transformerPath);
  const configJson = await readJsonFile(configPath);
  const config = parseEncoderConfig(configJson, configPath);
  const settings = await readTransformerSettings(transformerPath);
  const [modules, dimension] = await readPipeline(path, entries, config.hiddenSize, notes);
  return {
    path,
    config,
    precision: parseStoredPrecision(configJson, configPath),
    transformer: {
      path: transformerPath,
      maxSequenceLength: await maximumLength(transformerPath, config, settings.maxSequenceLength, notes),
      lowerCase: settings.lowerCase,
    },
    modules,
    dimension,
    ...(await readSentenceSettings(path)),
    notes,
  };
}

/** A folder that is no model's is told by what is in it. */
async function checkHasConfig(folder: string): Promise<void> {
  const found = await listFolder(folder);
  if (found.includes('config.json')) return;
  const some = `${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`;
  const what = found.length === 0 ? 'the folder is empty' : `it holds ${some}`;
  throw new FileError(
    `'${folder}' is no model folder: it has no config.json (${what}); name the folder that a model was downloaded or saved to`,
  );
}

function transformerFolder(path: string, entries: readonly ModuleEntry[] | undefined): string {
  if (entries === undefined) return path;
  const [first, second, ...rest] = entries;
  if (first?.className !== 'Transformer' || second?.className !== 'Pooling') {
    const found = entries.map((entry) => entry.className).join(', ');
    throw new ModelError(
      `'${join(path, 'modules.json')}' lists ${found}; expected Transformer, Pooling, then any of Dense and Normalize`,
    );
  }
  const again = rest.find((entry) => entry.className === 'Transformer' || entry.className === 'Pooling');
  if (again !== undefined) {
    throw new ModelError(
      `'${join(path, 'modules.json')}' lists a second ${again.className}, which is not supported`,
    );
  }
  return first.path;
}

async function readPipeline(
  path: string,
  entries: readonly ModuleEntry[] | undefined,
  hiddenSize: number,
  notes: string[],
): Promise<[ModuleSpec[], number]> {
  if (entries === undefined) {
    notes.push(`'${path}' has no modules.json: mean pooling is assumed, as sentence-transformers does`);
    return [[{ kind: 'pooling', modes: ['mean'], includePrompt: true }], hiddenSize];
  }
  const modules: ModuleSpec[] = [];
  let dimension = hiddenSize;
  for (const entry of entries.slice(1)) {
    const source = join(entry.path, 'config.json');
    if (entry.className === 'Pooling') {
      const pooling = parsePoolingConfig(await readJsonFile(source), dimension, source);
      dimension *= pooling.modes.length;
      modules.push(pooling);
    } else if (entry.className === 'Dense') {
      const dense = parseDenseConfig(await readJsonFile(source), entry.path, dimension, source);
      dimension = dense.outFeatures;
      modules.push(dense);
    } else {
      await checkNormalizeConfig(source);
      modules.push({ kind: 'normalize' });
    }
  }
  return [modules, dimension];
}

const normalizeSchema = z.object({
  module_input_name: z.literal('sentence_embedding').nullish(),
  module_output_name: z.literal('sentence_embedding').nullish(),
});

// The folder of a Normalize module is usually empty, or missing since git keeps no empty folders.
async function checkNormalizeConfig(source: string): Promise<void> {
  if (await exists(source)) checkJson(normalizeSchema, await readJsonFile(source), source);
}

const tokenizerSchema = z.object({ model_max_length: z.number().positive().nullish() });

async function maximumLength(
  folder: string,
  config: EncoderConfig,
  configured: number | undefined,
  notes: string[],
): Promise<number> {
  const positions = config.maxPositions - config.positionOffset;
  let wanted = configured;
  const source = join(folder, 'tokenizer_config.json');
  if (wanted === undefined && (await exists(source))) {
    const length =
      checkJson(tokenizerSchema, await readJsonFile(source), source).model_max_length ?? SANE_LENGTH;
    if (length < SANE_LENGTH) wanted = Math.floor(length);
  }
  if (wanted === undefined) {
    notes.push(`'${folder}' names no maximum length: its ${positions} positions are used`);
    return positions;
  }
  if (wanted > positions) {
    notes.push(
      `'${folder}' names a maximum length of ${wanted}, bounded to the encoder's ${positions} positions`,
    );
  }
  return Math.min(wanted, positions);
}
