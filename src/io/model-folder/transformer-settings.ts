// sentence_bert_config.json: what sentence-transformers tells its Transformer module. Length and lower-casing in the older
// spelling; arguments for the tokenizer, the configuration and the call of the tokenizer in the newer ones.

import { join } from 'node:path';
import { z } from 'zod';

import { ModelError } from '../../errors.ts';
import { checkFileKeys, type FileKeys } from '../../options/file-keys.ts';
import { exists } from '../files/folder-path.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import {
  MODALITY_KEYS,
  MODEL_ARGUMENT_KEYS,
  PROCESSING_KEYS,
  TEXT_PROCESSING_KEYS,
  TRANSFORMER_KEYS,
} from './folder-keys.ts';

/** What the Transformer module's own configuration says. */
export interface TransformerSettings {
  /** Of the call of the tokenizer, over all others. */
  processingLength?: number;
  maxSequenceLength?: number;
  lowerCase: boolean;
  /** Keys that stand above those of tokenizer_config.json. */
  tokenizerSettings: Record<string, unknown>;
  /** Keys that stand above those of config.json. */
  configSettings: Record<string, unknown>;
}

/** Settings of a folder that has no such file. */
export const NO_TRANSFORMER_SETTINGS: TransformerSettings = {
  lowerCase: false,
  tokenizerSettings: {},
  configSettings: {},
};

// sentence-transformers looks for the first of these, whatever the encoder's family.
const NAMES = ['bert', 'roberta', 'distilbert', 'camembert', 'albert', 'xlm-roberta', 'xlnet'].map(
  (family) => `sentence_${family}_config.json`,
);

const object = z.record(z.string(), z.unknown()).nullish();
const length = z.int('expected a whole number').positive().nullish();
const textArguments = z.looseObject({ max_length: length }).nullish();
const modality = z.looseObject({ method: z.unknown(), method_output_name: z.unknown() });

/** The keys of sentence_bert_config.json that count; {@link TRANSFORMER_KEYS} lists them and all others. */
export const transformerSchema = z.looseObject({
  max_seq_length: length,
  do_lower_case: z.boolean().nullish(),
  tokenizer_args: object,
  processor_kwargs: object,
  config_args: object,
  config_kwargs: object,
  model_args: object,
  model_kwargs: object,
  processing_kwargs: z.looseObject({ text: textArguments, common: textArguments }).nullish(),
  modality_config: z.record(z.string(), modality).nullish(),
});

type Raw = z.infer<typeof transformerSchema>;

/** The file of a Transformer module's settings, or undefined when it has none. */
export async function transformerSettingsFile(folder: string): Promise<string | undefined> {
  for (const name of NAMES) if (await exists(join(folder, name))) return join(folder, name);
  return undefined;
}

/**
 * Reads the settings of a Transformer module's folder.
 * @param notes gets the keys that are passed over
 * @throws ModelError when it asks for something else than vectors of tokens
 */
export async function readTransformerSettings(folder: string, notes: string[]): Promise<TransformerSettings> {
  const source = await transformerSettingsFile(folder);
  if (source === undefined) return NO_TRANSFORMER_SETTINGS;
  const raw = checkJson(transformerSchema, await readJsonFile(source), source);
  const check = (keys: FileKeys, value: object | null | undefined, at: string) =>
    notes.push(
      ...checkFileKeys(keys, { ...value }, `'${source}'${at}`, (message) => new ModelError(message)),
    );
  check(TRANSFORMER_KEYS, raw, '');
  check(MODEL_ARGUMENT_KEYS, newer(raw, 'model_args', 'model_kwargs'), ', model_args,');
  check(PROCESSING_KEYS, raw.processing_kwargs, ', processing_kwargs,');
  for (const kind of ['text', 'common'] as const)
    check(TEXT_PROCESSING_KEYS, raw.processing_kwargs?.[kind], `, processing_kwargs.${kind},`);
  check(MODALITY_KEYS, raw.modality_config, ', modality_config,');
  checkModality(raw, source);
  const { text, common } = raw.processing_kwargs ?? {};
  const processingLength = common?.max_length ?? text?.max_length;
  return {
    ...(processingLength == null ? {} : { processingLength }),
    ...(raw.max_seq_length == null ? {} : { maxSequenceLength: raw.max_seq_length }),
    lowerCase: raw.do_lower_case ?? false,
    tokenizerSettings: tokenizerSettings(raw, source),
    configSettings: { ...newer(raw, 'config_args', 'config_kwargs') },
  };
}

// An older name stands above the newer one where a file has both, as sentence-transformers renames it.
function newer(raw: Raw, older: keyof Raw, name: keyof Raw): Record<string, unknown> | undefined {
  return (raw[older] ?? raw[name] ?? undefined) as Record<string, unknown> | undefined;
}

// transformers takes the class from tokenizer_config.json whatever tokenizer_class stands here, and another one by
// tokenizer_type. Neither may choose silently what the settings around it mean.
function tokenizerSettings(raw: Raw, source: string): Record<string, unknown> {
  const settings = { ...newer(raw, 'tokenizer_args', 'processor_kwargs') };
  for (const key of ['tokenizer_class', 'tokenizer_type']) {
    if (settings[key] == null) continue;
    throw new ModelError(
      `'${source}' sets ${key} in its tokenizer_args to ${JSON.stringify(settings[key])}, which is not supported: the ` +
        'class is the tokenizer_class of tokenizer_config.json; set it there',
    );
  }
  return settings;
}

function checkModality(raw: Raw, source: string): void {
  const { text } = raw.modality_config ?? {};
  if (raw.modality_config == null) return;
  if (text === undefined)
    throw new ModelError(`'${source}' has no text in its modality_config; only texts are encoded`);
  const output = text.method_output_name;
  const name = Array.isArray(output) && output.length === 1 ? output[0] : output;
  if (text.method === 'forward' && name === 'last_hidden_state') return;
  throw new ModelError(
    `'${source}' sets modality_config.text to ${JSON.stringify(text)}; only the method forward and its last_hidden_state ` +
      'are supported',
  );
}
