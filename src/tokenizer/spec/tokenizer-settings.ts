// tokenizer_config.json and its companions, as far as they change which ids a text gets, read in the order in which
// transformers reads them: later files add to earlier ones or overrule them, and `added_tokens_decoder` silences them all.

import { join } from 'node:path';
import { z } from 'zod';

import { TokenizerError } from '../../errors.ts';
import { checkFileKeys, type FileKeys } from '../../options/file-keys.ts';
import {
  type AddedToken,
  addedTokenObject,
  orderedTokens,
  specialToken,
  specialTokenValue,
} from './added-tokens.ts';
import { readObjectFile } from './text-file.ts';
import { type TokenizerFamily, tokenizerFamily } from './tokenizer-class.ts';
import { SPECIAL_TOKENS_MAP_KEYS, TOKENIZER_CONFIG_KEYS } from './tokenizer-keys.ts';

const token = specialTokenValue.nullish();
const tokens = z.union([z.array(specialTokenValue), z.record(z.string(), specialTokenValue)]).nullish();
const flag = z.boolean().nullish();

/** The keys of tokenizer_config.json that count; {@link TOKENIZER_CONFIG_KEYS} lists them and all others. */
export const tokenizerConfigSchema = z.looseObject({
  tokenizer_class: z.string().nullish(),
  model_max_length: z.number().positive().nullish(),
  max_len: z.number().positive().nullish(),
  do_lower_case: flag,
  strip_accents: flag,
  tokenize_chinese_chars: flag,
  add_prefix_space: flag,
  unk_token: token,
  cls_token: token,
  sep_token: token,
  bos_token: token,
  eos_token: token,
  pad_token: token,
  mask_token: token,
  additional_special_tokens: tokens,
  extra_special_tokens: tokens,
  added_tokens_decoder: z
    .record(z.string().regex(/^\d+$/, 'expected a token id'), addedTokenObject)
    .nullish(),
  truncation_side: z.enum(['left', 'right']).nullish(),
  split_special_tokens: flag,
});

/** Roles of special tokens in the order in which transformers adds them; others follow. */
const ROLES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

/** What the configuration says; undefined where it says nothing. */
export interface TokenizerSettings {
  /** Undefined where neither a class nor a model type is named. */
  family: TokenizerFamily | undefined;
  className: string | undefined;
  doLowerCase: boolean | undefined;
  stripAccents: boolean | undefined;
  tokenizeChineseChars: boolean | undefined;
  addPrefixSpace: boolean | undefined;
  truncationSide: 'left' | 'right' | undefined;
  splitSpecialTokens: boolean;
  /** Special tokens by their role: `cls_token` and the like. */
  named: ReadonlyMap<string, AddedToken>;
  /** Further special tokens. */
  extra: readonly AddedToken[];
  /** Tokens listed with their ids, which count as an order only. */
  listed: ReadonlyMap<number, AddedToken>;
  /** Whether `listed` is all there is: tokenizer.json's own list does not add to it. */
  listedIsAll: boolean;
  /** tokenizer_config.json, for messages. */
  source: string;
  /** What is passed over. */
  notes: string[];
}

/** Settings of a folder that says nothing. */
export function noSettings(source: string): TokenizerSettings {
  return {
    family: undefined,
    className: undefined,
    doLowerCase: undefined,
    stripAccents: undefined,
    tokenizeChineseChars: undefined,
    addPrefixSpace: undefined,
    truncationSide: undefined,
    splitSpecialTokens: false,
    named: new Map(),
    extra: [],
    listed: new Map(),
    listedIsAll: false,
    source,
    notes: [],
  };
}

/** The special tokens and further added ones of these settings, beside those of a tokenizer.json. */
export function gatherTokens(
  settings: TokenizerSettings,
  defaults: Readonly<Record<string, string>>,
  ofFile: readonly (AddedToken & { id: number })[],
  own: readonly AddedToken[] = [],
): { roles: Record<string, string>; tokens: AddedToken[]; assumed: ReadonlySet<string> } {
  const listed = new Map(settings.listed);
  if (!settings.listedIsAll) for (const { id, ...each } of ofFile) listed.set(id, each);
  const named = new Map(Object.entries(defaults).map(([role, content]) => [role, specialToken(content)]));
  for (const [role, each] of settings.named) named.set(role, each);
  const inOrder = [...new Set([...ROLES.filter((role) => named.has(role)), ...named.keys()])];
  return {
    roles: Object.fromEntries([...named].map(([role, { content }]) => [role, content])),
    assumed: new Set(
      Object.entries(defaults).flatMap(([role, content]) => (settings.named.has(role) ? [] : [content])),
    ),
    tokens: orderedTokens({
      own,
      listed: [...listed].sort(([a], [b]) => a - b).map(([, each]) => each),
      named: inOrder.map((role) => named.get(role) as AddedToken),
      extra: settings.extra,
    }),
  };
}

/**
 * Reads tokenizer_config.json, special_tokens_map.json and added_tokens.json where they are there, and the class and
 * model type of config.json.
 * @param overrides keys that stand above those of tokenizer_config.json
 * @throws TokenizerError
 */
export async function readTokenizerSettings(
  folder: string,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<TokenizerSettings> {
  const source = join(folder, 'tokenizer_config.json');
  const raw = { ...(await readObjectFile(source)), ...overrides };
  const notes = checkKeys(TOKENIZER_CONFIG_KEYS, raw, source);
  const config = check(tokenizerConfigSchema, raw, source);
  const [className, classSource, modelType] = await readClass(
    folder,
    config.tokenizer_class ?? undefined,
    source,
  );
  const special = new SpecialTokens(raw, source);
  const listed = new Map<number, AddedToken>();
  const listedIsAll = 'added_tokens_decoder' in raw;
  if (listedIsAll) {
    for (const [id, each] of Object.entries(config.added_tokens_decoder ?? {})) listed.set(Number(id), each);
  } else {
    await readOlderFiles(folder, special, overrides, listed, notes);
  }
  return {
    ...noSettings(source),
    family: tokenizerFamily(className, modelType, classSource),
    className,
    doLowerCase: config.do_lower_case ?? undefined,
    stripAccents: config.strip_accents ?? undefined,
    tokenizeChineseChars: config.tokenize_chinese_chars ?? undefined,
    addPrefixSpace: config.add_prefix_space ?? undefined,
    truncationSide: config.truncation_side ?? undefined,
    splitSpecialTokens: config.split_special_tokens ?? false,
    named: special.named,
    extra: special.extra ?? [],
    listed,
    listedIsAll,
    notes,
  };
}

/** Special tokens as they gather from one file after the other. */
class SpecialTokens {
  readonly #named = new Map<string, AddedToken>();
  extra: AddedToken[] | undefined;

  /** From tokenizer_config.json; `extra_special_tokens` hides `additional_special_tokens` unless it is empty. */
  constructor(config: Readonly<Record<string, unknown>>, source: string) {
    this.setNamed(config, source);
    const { additional_special_tokens: additional, extra_special_tokens: extra } = config;
    const count = typeof extra === 'object' && extra !== null ? Object.keys(extra).length : 0;
    this.addExtra('additional_special_tokens' in config && count === 0 ? additional : extra, source);
  }

  setNamed(values: Readonly<Record<string, unknown>>, source: string): void {
    for (const [key, value] of Object.entries(values)) {
      if (!key.endsWith('_token')) continue;
      const isToken = typeof value === 'string' || typeof value === 'object';
      if (!isToken && !ROLES.includes(key)) continue; // add_bos_token is a switch
      if (value === null) this.#named.delete(key);
      else this.#named.set(key, check(specialTokenValue, value, source, key));
    }
  }

  /** A list adds tokens; an object names them by their role. */
  addExtra(value: unknown, source: string): void {
    const parsed = check(tokens, value, source, 'extra_special_tokens');
    if (Array.isArray(parsed)) this.extra = [...(this.extra ?? []), ...parsed];
    else for (const [role, each] of Object.entries(parsed ?? {})) this.#named.set(role, each);
  }

  isSpecial(content: string): boolean {
    return [...this.#named.values(), ...(this.extra ?? [])].some((each) => each.content === content);
  }

  get named(): ReadonlyMap<string, AddedToken> {
    return this.#named;
  }
}

// special_tokens_map.json and added_tokens.json, which newer folders no longer have.
async function readOlderFiles(
  folder: string,
  special: SpecialTokens,
  overrides: Readonly<Record<string, unknown>>,
  listed: Map<number, AddedToken>,
  notes: string[],
): Promise<void> {
  const mapPath = join(folder, 'special_tokens_map.json');
  const entries = Object.entries((await readObjectFile(mapPath)) ?? {}).filter(([key]) => !overrides[key]);
  const map: Record<string, unknown> = Object.fromEntries(entries);
  notes.push(...checkKeys(SPECIAL_TOKENS_MAP_KEYS, map, mapPath));
  special.setNamed(map, mapPath);
  special.addExtra(map.extra_special_tokens, mapPath);
  const addedPath = join(folder, 'added_tokens.json');
  const added = z.record(z.string(), z.int('expected a token id').min(0));
  for (const [content, id] of Object.entries(
    check(added, (await readObjectFile(addedPath)) ?? {}, addedPath),
  )) {
    const isSpecial = special.isSpecial(content);
    listed.set(id, addedTokenObject.parse({ content, special: isSpecial, normalized: !isSpecial }));
  }
  if (special.extra === undefined) special.addExtra(map.additional_special_tokens, mapPath);
}

/** The class, the file that names it, and the model type. */
async function readClass(
  folder: string,
  own: string | undefined,
  source: string,
): Promise<[string | undefined, string, string | undefined]> {
  const path = join(folder, 'config.json');
  const { tokenizer_class: ofModel, model_type: type } = (await readObjectFile(path)) ?? {};
  const modelType = typeof type === 'string' ? type : undefined;
  if (own !== undefined || typeof ofModel !== 'string') return [own, source, modelType];
  return [ofModel, path, modelType];
}

// A key that ends in _token names a token, whatever comes before it.
function checkKeys(keys: FileKeys, value: Readonly<Record<string, unknown>>, source: string): string[] {
  const others = Object.entries(value).filter(
    ([key]) => Object.hasOwn(keys.keys, key) || !key.endsWith('_token'),
  );
  return checkFileKeys(
    keys,
    Object.fromEntries(others),
    `'${source}'`,
    (message) => new TokenizerError(message),
  );
}

function check<T>(schema: z.ZodType<T>, value: unknown, source: string, at = ''): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const path = [at, ...(issue?.path ?? [])].filter((each) => each !== '').join('.');
  throw new TokenizerError(`'${source}' cannot be used in ${path}: ${issue?.message}`);
}
