// The options that every command with a model has, and the encoder they describe.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SentenceEncoder } from '../../embed/encoder/sentence-encoder.ts';
import { PRECISIONS, type Precision } from '../../nn/layers/precision.ts';
import { addRequiredOption } from './required-option.ts';

/** The options as commander gives them. */
export interface ModelOptions {
  model: string;
  pooling?: string;
  maxLength?: number;
  threads?: number;
  backend?: string;
  precision?: Precision;
  prompt?: string;
  promptName?: string;
  batchTokens?: number;
}

const modelFolder = 'folder in Hugging Face or sentence-transformers layout';

/** Adds the model's options to a command. */
export function addModelOptions(command: Command): Command {
  return addEncodingOptions(addRequiredOption(command, '--model <folder>', modelFolder));
}

/** Adds them to a command that works without a model too. */
export function addOptionalModelOptions(command: Command): Command {
  return addEncodingOptions(command.option('--model <folder>', modelFolder));
}

function addEncodingOptions(command: Command): Command {
  const encoding = command
    .option(
      '--pooling <mode>',
      "instead of the model's own: mean, cls, max, last_two, … or several, cls+mean",
    )
    .option(
      '--max-length <tokens>',
      "cut texts at this many tokens instead of the model's maximum",
      positiveInteger,
    )
    .option('--prompt <text>', 'text put before every text')
    .option('--prompt-name <name>', "one of the model's own prompts")
    .option('--batch-tokens <count>', 'tokens per batch', positiveInteger);
  return addEngineOptions(encoding, PRECISIONS);
}

/** Adds where and in what precision a model computes. */
export function addEngineOptions(command: Command, precisions: readonly Precision[]): Command {
  return command
    .option(
      '--threads <count>',
      'worker threads; by default one per core that this process may use',
      positiveInteger,
    )
    .option(
      '--backend <name>',
      'instruction set: amx, avx512_bf16, avx512_vnni, avx512, avx2 or reference; by default the best that this CPU can run',
    )
    .addOption(
      new Option(
        '--precision <type>',
        "precision of the encoder's products; by default that of the weights in the folder",
      ).choices(precisions),
    );
}

/** Loads the encoder and says on stderr what its folder left open and was assumed: a line `note: …` each. */
export async function loadEncoder(options: ModelOptions): Promise<SentenceEncoder> {
  const { SentenceEncoder } = await import('../../embed/encoder/sentence-encoder.ts');
  const { pooling, maxLength, threads, backend, precision } = options;
  const encoder = await SentenceEncoder.load(
    options.model,
    defined({ pooling, maxLength, threads, backend, precision }),
  );
  for (const note of encoder.folder.notes) process.stderr.write(`note: ${note.replace(/\s+/g, ' ')}\n`);
  return encoder;
}

/** The part of the options that `encode` takes. */
export function encodeOptions(options: ModelOptions) {
  const { prompt, promptName, batchTokens } = options;
  return defined({ prompt, promptName, batchTokens });
}

/** The object without its undefined values. */
export function defined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Parses an option that counts something. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}

/** Parses a number from 0. */
export function notNegative(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('Expected a number from 0.');
}

/** Parses a list such as `1,2,3`. */
export function commaSeparated(text: string): string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.every((item) => item !== '')) return items;
  throw new InvalidArgumentError('Expected names or numbers between commas.');
}
