// tokenizer_config.json and its companions, as far as they change which ids a text gets: the names of the special
// tokens, BERT's normalisation switches, and things that cannot be honoured and are therefore refused.

import { join } from 'node:path';
import { z } from 'zod';

import { TokenizerError } from '../errors.ts';
import { readObjectFile } from './text-file.ts';

// A special token is its text, or an object that holds it.
const token = z
  .union([z.string(), z.looseObject({ content: z.string() }).transform((each) => each.content)])
  .nullish();

const settingsSchema = z.object({
  tokenizer_class: z.string().nullish(),
  do_lower_case: z.boolean().nullish(),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().nullish(),
  do_basic_tokenize: z.boolean().nullish(),
  add_prefix_space: z.boolean().nullish(),
  truncation_side: z.string().nullish(),
  added_tokens_decoder: z.record(z.string(), z.looseObject({ content: z.string() })).nullish(),
  unk_token: token,
  sep_token: token,
  pad_token: token,
  cls_token: token,
  mask_token: token,
  bos_token: token,
  eos_token: token,
});

/** The role of a special token, named as in tokenizer_config.json. */
export type SpecialTokenKey = 'unk_token' | 'sep_token' | 'pad_token' | 'cls_token' | 'mask_token';

/** What the configuration says; undefined where it says nothing. */
export interface TokenizerSettings {
  /** The Python class without the suffix `Fast`. */
  className: string | undefined;
  doLowerCase: boolean | undefined;
  stripAccents: boolean | undefined;
  tokenizeChineseChars: boolean | undefined;
  doBasicTokenize: boolean | undefined;
  addPrefixSpace: boolean | undefined;
  truncationSide: string | undefined;
  specialTokens: Partial<Record<SpecialTokenKey, string>>;
  /** Tokens that were added to the vocabulary, with their ids. */
  addedTokens: Map<string, number>;
  /** The file, for messages. */
  source: string;
}

/** Reads tokenizer_config.json, special_tokens_map.json and added_tokens.json where they are there. TokenizerError. */
export async function readTokenizerSettings(folder: string): Promise<TokenizerSettings> {
  const source = join(folder, 'tokenizer_config.json');
  const config = check(settingsSchema, (await readObjectFile(source)) ?? {}, source);
  const mapPath = join(folder, 'special_tokens_map.json');
  const map = check(settingsSchema, (await readObjectFile(mapPath)) ?? {}, mapPath);
  const addedPath = join(folder, 'added_tokens.json');
  const added = check(
    z.record(z.string(), z.int().min(0)),
    (await readObjectFile(addedPath)) ?? {},
    addedPath,
  );
  const specialTokens: TokenizerSettings['specialTokens'] = {};
  for (const key of ['unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const) {
    const name = config[key] ?? map[key];
    if (name != null) specialTokens[key] = name;
  }
  const addedTokens = new Map(Object.entries(added));
  for (const [id, { content }] of Object.entries(config.added_tokens_decoder ?? {}))
    addedTokens.set(content, Number(id));
  return {
    className: config.tokenizer_class?.replace(/Fast$/, '') ?? undefined,
    doLowerCase: config.do_lower_case ?? undefined,
    stripAccents: config.strip_accents ?? undefined,
    tokenizeChineseChars: config.tokenize_chinese_chars ?? undefined,
    doBasicTokenize: config.do_basic_tokenize ?? undefined,
    addPrefixSpace: config.add_prefix_space ?? undefined,
    truncationSide: config.truncation_side ?? undefined,
    specialTokens,
    addedTokens,
    source,
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown, source: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new TokenizerError(`'${source}' cannot be used in ${issue?.path.join('.')}: ${issue?.message}`);
}

/** Refuses settings that a tokenizer built from bare vocabulary files cannot honour. */
export function refuseUnsupported(
  settings: TokenizerSettings,
  classNames: readonly string[],
  vocabulary: ReadonlyMap<string, number>,
): void {
  const { className, addedTokens, source } = settings;
  if (className !== undefined && !classNames.includes(className)) {
    throw new TokenizerError(
      `'${source}' names the class ${className}, which needs a tokenizer.json; save it once in Python with a fast tokenizer`,
    );
  }
  for (const [name, id] of addedTokens) {
    if (vocabulary.get(name) === id) continue;
    throw new TokenizerError(
      `'${source}' adds the token ${JSON.stringify(name)} to the vocabulary, which needs a tokenizer.json; ` +
        'save it once in Python with a fast tokenizer',
    );
  }
}

/** The id of a special token, or a TokenizerError naming the vocabulary that lacks it. */
export function specialTokenId(
  name: string,
  vocabulary: ReadonlyMap<string, number>,
  source: string,
): number {
  const id = vocabulary.get(name);
  if (id === undefined)
    throw new TokenizerError(`'${source}' lacks the special token ${JSON.stringify(name)}`);
  return id;
}
