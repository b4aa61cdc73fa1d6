// A folder's tokenizer as a checked description, from the three kinds of files that folders have: tokenizer.json itself,
// WordPiece's vocab.txt, or byte-level BPE's vocab.json with merges.txt.

import { join } from 'node:path';

import { TokenizerError } from '../errors.ts';
import { abortProblem } from './abort-check.ts';
import { byteLevelSpec } from './byte-level-spec.ts';
import { parseObject, readObjectFile, readTextFile } from './text-file.ts';
import { type Component, specSchema, type TokenizerSpec } from './tokenizer-json.ts';
import { readTokenizerSettings, type TokenizerSettings } from './tokenizer-settings.ts';
import { wordPieceSpec } from './word-piece-spec.ts';

/** A checked description, and where it came from for messages. */
export interface LoadedSpec {
  spec: TokenizerSpec;
  source: string;
  /** What the folder calls the token that stands for a hidden word, if it says so. */
  maskName: string | undefined;
}

/**
 * Reads a folder's tokenizer: tokenizer.json first, then vocab.txt, then vocab.json with merges.txt. `lowerCase` puts
 * lower-casing before everything else, as sentence-transformers does for `do_lower_case`. TokenizerError.
 */
export async function readTokenizerSpec(folder: string, lowerCase: boolean): Promise<LoadedSpec> {
  const settings = await readTokenizerSettings(folder);
  const { spec, source } = await firstSpec(folder, settings);
  const side = settings.truncationSide ?? spec.truncation?.direction?.toLowerCase() ?? 'right';
  if (side !== 'right') {
    throw new TokenizerError(
      `'${source}' wants texts to be truncated on the ${side}; only the right is supported`,
    );
  }
  const normalizer = withSettings(spec.normalizer ?? null, settings);
  return {
    spec: { ...spec, normalizer: lowerCase ? lowerCaseFirst(normalizer) : normalizer },
    source,
    maskName: settings.specialTokens.mask_token,
  };
}

async function firstSpec(folder: string, settings: TokenizerSettings): Promise<Omit<LoadedSpec, 'maskName'>> {
  const jsonPath = join(folder, 'tokenizer.json');
  const json = await readTextFile(jsonPath);
  if (json !== undefined) return { spec: checkSpec(parseObject(json, jsonPath), jsonPath), source: jsonPath };
  const textPath = join(folder, 'vocab.txt');
  const vocabulary = await readTextFile(textPath);
  if (vocabulary !== undefined) {
    return { spec: checkSpec(wordPieceSpec(vocabulary, settings, textPath), textPath), source: textPath };
  }
  const vocabularyPath = join(folder, 'vocab.json');
  const bytePairs = await readObjectFile(vocabularyPath);
  const merges = await readTextFile(join(folder, 'merges.txt'));
  if (bytePairs !== undefined && merges !== undefined) {
    const spec = byteLevelSpec(bytePairs, merges, settings, vocabularyPath);
    return { spec: checkSpec(spec, vocabularyPath), source: vocabularyPath };
  }
  throw new TokenizerError(
    `'${folder}' holds no tokenizer that can be used; expected tokenizer.json, vocab.txt, or vocab.json with merges.txt`,
  );
}

/** Checks what Likewise relies on; the rest is checked by the tokenizer library. */
export function checkSpec(value: unknown, source: string): TokenizerSpec {
  const result = specSchema.safeParse(value);
  if (result.success) {
    const problem = abortProblem(result.data) ?? unknownTokenProblem(result.data.model);
    if (problem !== undefined) throw new TokenizerError(`'${source}' cannot be used: ${problem}`);
    return result.data;
  }
  const issue = result.error.issues[0];
  throw new TokenizerError(`'${source}' cannot be used in ${issue?.path.join('.')}: ${issue?.message}`);
}

// The library notices only when the first unknown word comes.
function unknownTokenProblem({
  type,
  vocab,
  unk_token: unknown,
}: TokenizerSpec['model']): string | undefined {
  if (type !== 'WordPiece' && type !== 'WordLevel') return undefined;
  if (typeof unknown === 'string' && Object.hasOwn(vocab, unknown)) return undefined;
  return `its vocabulary lacks the unk_token ${JSON.stringify(unknown)}`;
}

/** One more than the largest token id that encoding can give: the rows an embedding table needs. */
export function vocabularySizeOf(spec: TokenizerSpec): number {
  const { vocab } = spec.model;
  let largest = Array.isArray(vocab) ? vocab.length - 1 : -1;
  for (const id of Object.values(Array.isArray(vocab) ? {} : vocab)) largest = Math.max(largest, id);
  for (const { id } of spec.added_tokens) largest = Math.max(largest, id);
  for (const id of processorIds(spec.post_processor ?? null)) largest = Math.max(largest, id);
  return largest + 1;
}

/** Ids that no word of a text gets: [CLS], [SEP], [PAD], [UNK], [MASK] and their like. */
export function specialIdsOf(spec: TokenizerSpec): number[] {
  const added = spec.added_tokens.filter(({ special }) => special === true).map(({ id }) => id);
  return [...new Set([...added, ...processorIds(spec.post_processor ?? null)])];
}

/** The id of the token that stands for a hidden word; undefined where there is none. */
export function maskIdOf(spec: TokenizerSpec, maskName: string | undefined): number | undefined {
  const names = maskName === undefined ? ['[MASK]', '<mask>'] : [maskName];
  const { vocab } = spec.model;
  const known = new Map<string, unknown>(Array.isArray(vocab) ? [] : Object.entries(vocab));
  for (const { content, id } of spec.added_tokens) known.set(content, id);
  return names.map((name) => known.get(name)).find((id) => typeof id === 'number');
}

// A post-processor names its special tokens' ids on its own: [text, id] pairs, or a table with lists of ids.
function processorIds(processor: Component | null): number[] {
  if (processor === null) return [];
  const nested = Array.isArray(processor.processors) ? (processor.processors as Component[]) : [];
  const pairs = ['cls', 'sep'].flatMap((key) =>
    Array.isArray(processor[key]) ? (processor[key] as unknown[]) : [],
  );
  const table = Object.values((processor.special_tokens ?? {}) as Record<string, { ids?: unknown }>);
  const ids = [...pairs, ...table.flatMap((entry) => (Array.isArray(entry?.ids) ? entry.ids : []))];
  return [
    ...ids.filter((id): id is number => typeof id === 'number'),
    ...nested.flatMap((each) => processorIds(each)),
  ];
}

// transformers lets tokenizer_config.json overrule the three switches of a BERT normalizer, so they do here.
function withSettings(normalizer: Component | null, settings: TokenizerSettings): Component | null {
  if (normalizer?.type !== 'BertNormalizer') return normalizer;
  return {
    ...normalizer,
    ...(settings.doLowerCase === undefined ? {} : { lowercase: settings.doLowerCase }),
    ...(settings.stripAccents === undefined ? {} : { strip_accents: settings.stripAccents }),
    ...(settings.tokenizeChineseChars === undefined
      ? {}
      : { handle_chinese_chars: settings.tokenizeChineseChars }),
  };
}

function lowerCaseFirst(normalizer: Component | null): Component {
  const parts = normalizer?.type === 'Sequence' ? (normalizer.normalizers as Component[]) : [normalizer];
  if (parts.some((part) => part?.type === 'Lowercase')) return normalizer as Component;
  return { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, ...parts.filter((part) => part !== null)] };
}
