// A model folder as Hugging Face and sentence-transformers write it, read into one description: the encoder, the steps
// after it, prompts and limits. Contradictions between its files are errors here, before any weight is read.

import { basename, join } from 'node:path';
import { z } from 'zod';

import { FileError, ModelError } from '../../errors.ts';
import type { EncoderConfig } from '../../nn/encoder/encoder-config.ts';
import type { StoredPrecision } from '../../nn/layers/precision.ts';
import { checkFileKeys } from '../../options/file-keys.ts';
import { exists, kindOf, listFolder } from '../files/folder-path.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import { parseDenseConfig } from './dense-config.ts';
import { NORMALIZE_KEYS } from './folder-keys.ts';
import { parseEncoderConfig } from './model-config.ts';
import { parsePoolingConfig } from './pooling-config.ts';
import { parseStoredPrecision } from './quantization-config.ts';
import {
  type ModuleEntry,
  type ModuleSpec,
  readModules,
  readSentenceSettings,
  type SentenceSettings,
} from './sentence-transformers.ts';
import {
  NO_TRANSFORMER_SETTINGS,
  readTransformerSettings,
  type TransformerSettings,
  transformerSettingsFile,
} from './transformer-settings.ts';

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
    /** Keys of tokenizer_config.json that the folder sets elsewhere, over those of that file. */
    tokenizerSettings: Readonly<Record<string, unknown>>;
    /** `tokenizer_class` of config.json. */
    tokenizerClass?: string;
  };
  /** The steps after the encoder; the first is always a pooling. */
  modules: ModuleSpec[];
  /** Width of the vectors the last module gives. */
  dimension: number;
  /** What was assumed because the folder does not say it, and what of it is passed over. */
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
  const entries = await readModules(path, notes);
  const transformerPath = transformerFolder(path, entries);
  const configPath = join(transformerPath, 'config.json');
  await checkHasConfig(transformerPath);
  const isPipeline = entries !== undefined;
  const settings = isPipeline
    ? await readTransformerSettings(transformerPath, notes)
    : NO_TRANSFORMER_SETTINGS;
  const ofFile = await readJsonFile(configPath);
  const configJson = { ...checkJson(z.looseObject({}), ofFile, configPath), ...settings.configSettings };
  const config = parseEncoderConfig(configJson, configPath, notes);
  const [modules, dimension] = isPipeline
    ? await readPipeline(entries, config.hiddenSize, notes)
    : await assumedPipeline(path, configJson, config.hiddenSize, notes);
  return {
    path,
    config,
    precision: parseStoredPrecision(configJson, configPath),
    transformer: {
      path: transformerPath,
      maxSequenceLength: await maximumLength(transformerPath, config, settings, notes),
      lowerCase: settings.lowerCase,
      tokenizerSettings: settings.tokenizerSettings,
      ...(typeof configJson.tokenizer_class === 'string'
        ? { tokenizerClass: configJson.tokenizer_class }
        : {}),
    },
    modules,
    dimension,
    ...(isPipeline ? await readSentenceSettings(path, notes) : { prompts: {}, similarity: 'cosine' }),
    notes,
  };
}

/** A folder that is no model's is told by what is in it. */
async function checkHasConfig(folder: string): Promise<void> {
  const found = await listFolder(folder);
  if (found.includes('adapter_config.json')) {
    throw new ModelError(
      `'${folder}' holds an adapter (adapter_config.json), which is not supported: merge it into the weights with PEFT's ` +
        'merge_and_unload() and save the model',
    );
  }
  if (found.includes('config.json')) return;
  const some = `${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`;
  const what = found.length === 0 ? 'the folder is empty' : `it holds ${some}`;
  throw new FileError(
    `'${folder}' is not a model folder: it has no config.json (${what}); name the folder that a model was downloaded or saved to`,
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

// As sentence-transformers does: its own files count only beside modules.json.
async function assumedPipeline(
  path: string,
  { architectures }: { architectures?: unknown },
  hiddenSize: number,
  notes: string[],
): Promise<[ModuleSpec[], number]> {
  const [architecture] = Array.isArray(architectures) ? (architectures as unknown[]) : [];
  const isCausal = typeof architecture === 'string' && architecture.endsWith('ForCausalLM');
  const mode = isCausal ? 'last_token' : 'mean';
  const others = [await transformerSettingsFile(path), join(path, 'config_sentence_transformers.json')];
  const unread: string[] = [];
  for (const each of others)
    if (each !== undefined && (await exists(each))) unread.push(`'${basename(each)}'`);
  const also =
    unread.length === 0 ? '' : `, and ${unread.join(' and ')} ${unread.length === 1 ? 'is' : 'are'} not read`;
  notes.push(
    `'${path}' has no modules.json: ${isCausal ? 'the last token' : 'mean pooling'} is assumed${also}, as sentence-transformers does`,
  );
  return [[{ kind: 'pooling', modes: [mode], includePrompt: true }], hiddenSize];
}

async function readPipeline(
  entries: readonly ModuleEntry[],
  hiddenSize: number,
  notes: string[],
): Promise<[ModuleSpec[], number]> {
  const modules: ModuleSpec[] = [];
  let dimension = hiddenSize;
  for (const entry of entries.slice(1)) {
    const source = join(entry.path, 'config.json');
    if (entry.className === 'Pooling') {
      const pooling = parsePoolingConfig(await readJsonFile(source), dimension, source);
      dimension *= pooling.modes.length;
      modules.push(pooling);
    } else if (entry.className === 'Dense') {
      const dense = parseDenseConfig(await readJsonFile(source), entry.path, dimension, source, notes);
      dimension = dense.outFeatures;
      modules.push(dense);
    } else {
      await checkNormalizeConfig(source, notes);
      modules.push({ kind: 'normalize' });
    }
  }
  return [modules, dimension];
}

// The folder of a Normalize module is usually empty, or missing since git keeps no empty folders.
async function checkNormalizeConfig(source: string, notes: string[]): Promise<void> {
  if (!(await exists(source))) return;
  const raw = checkJson(z.looseObject({}), await readJsonFile(source), source);
  notes.push(...checkFileKeys(NORMALIZE_KEYS, raw, `'${source}'`, (message) => new ModelError(message)));
}

const positive = z.number().positive().nullish();
const tokenizerSchema = z.looseObject({ model_max_length: positive, max_len: positive });

// sentence-transformers' order: the call of the tokenizer, its arguments, max_seq_length, the tokenizer's own file.
async function maximumLength(
  folder: string,
  config: EncoderConfig,
  settings: TransformerSettings,
  notes: string[],
): Promise<number> {
  const positions = config.maxPositions - config.positionOffset;
  const source = join(folder, 'tokenizer_config.json');
  const ofFile = (await exists(source)) ? await readJsonFile(source) : {};
  const given = (value: unknown): number | undefined => {
    const { model_max_length: length, max_len: older } = checkJson(tokenizerSchema, value, source);
    const found = length ?? older ?? SANE_LENGTH;
    return found < SANE_LENGTH ? Math.floor(found) : undefined;
  };
  const wanted =
    settings.processingLength ??
    given(settings.tokenizerSettings) ??
    settings.maxSequenceLength ??
    given(ofFile);
  if (wanted === undefined) {
    notes.push(`'${folder}' names no maximum length, so its ${positions} positions are used`);
    return positions;
  }
  if (wanted > positions) {
    notes.push(
      `'${folder}' names a maximum length of ${wanted}, reduced to the encoder's ${positions} positions`,
    );
  }
  return Math.min(wanted, positions);
}
