// docs/model-folders.md against the tables of keys in the code, and the tables against what the readers read.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { denseSchema } from '../../../src/io/model-folder/dense-config.ts';
import * as folder from '../../../src/io/model-folder/folder-keys.ts';
import { configSchema } from '../../../src/io/model-folder/model-config.ts';
import { poolingSchema } from '../../../src/io/model-folder/pooling-config.ts';
import { transformerSchema } from '../../../src/io/model-folder/transformer-settings.ts';
import { checkFileKeys, type FileKeys, type KeyRule } from '../../../src/options/file-keys.ts';
import * as tokenizer from '../../../src/tokenizer/spec/tokenizer-keys.ts';
import { tokenizerConfigSchema } from '../../../src/tokenizer/spec/tokenizer-settings.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/model-folders.md'), 'utf8');

/** In the order of the page. */
const TABLES: readonly FileKeys[] = [
  folder.MODULES_KEYS,
  folder.TRANSFORMER_KEYS,
  folder.MODEL_ARGUMENT_KEYS,
  folder.PROCESSING_KEYS,
  folder.TEXT_PROCESSING_KEYS,
  folder.MODALITY_KEYS,
  folder.SENTENCE_KEYS,
  folder.POOLING_KEYS,
  folder.DENSE_KEYS,
  folder.NORMALIZE_KEYS,
  folder.CONFIG_KEYS,
  tokenizer.TOKENIZER_CONFIG_KEYS,
  tokenizer.SPECIAL_TOKENS_MAP_KEYS,
  tokenizer.ADDED_TOKENS_KEYS,
  tokenizer.TOKENIZER_JSON_KEYS,
];

function cells(rule: KeyRule): [string, string] {
  if ('honoured' in rule) return ['honoured', rule.honoured];
  if ('refused' in rule)
    return [rule.unless === undefined ? 'refused' : 'refused, unless it changes nothing', rule.refused];
  return ['without effect', rule.withoutEffect];
}

/** Keys of one rule share a row. */
function table({ keys, unknown }: FileKeys): string {
  const rows = new Map<string, string[]>();
  for (const [key, rule] of Object.entries(keys)) {
    const text = cells(rule).join(' | ');
    rows.set(text, [...(rows.get(text) ?? []), `\`${key}\``]);
  }
  const others =
    unknown === 'refused'
      ? 'refused | sentence-transformers refuses it too'
      : 'without effect | passed over with a note';
  return [
    '| key | | what it does, or why |',
    '|---|---|---|',
    ...[...rows].map(([text, names]) => `| ${names.join(', ')} | ${text} |`),
    ...(Object.hasOwn(keys, '(each token)') ? [] : [`| any other | ${others} |`]),
  ].join('\n');
}

describe('the page', () => {
  it('has a section for each table, and no other', () => {
    const headings = [...page.matchAll(/^### (.*)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(TABLES.map(({ name }) => name));
  });

  it.each(TABLES.map((each) => [each.name, each] as const))('%s lists what the code does', (name, keys) => {
    const section = page.slice(page.indexOf(`\n### ${name}\n`)).split(/\n##+ /)[1] ?? '';
    expect(section.slice(section.indexOf('| key |')).trimEnd()).toBe(table(keys));
  });
});

describe('the code', () => {
  const honoured = ({ keys }: FileKeys) =>
    Object.entries(keys).flatMap(([key, rule]) => ('honoured' in rule ? [key] : []));

  it.each([
    [folder.TRANSFORMER_KEYS, transformerSchema, []],
    [folder.POOLING_KEYS, poolingSchema, []],
    [folder.DENSE_KEYS, denseSchema, []],
    [folder.CONFIG_KEYS, configSchema, ['tokenizer_class', 'architectures', 'quantization_config']],
    [tokenizer.TOKENIZER_CONFIG_KEYS, tokenizerConfigSchema, ['…_token']],
  ] as const)('reads the keys that it says to honour (%#)', (keys, schema, elsewhere) => {
    expect(honoured(keys).sort()).toEqual([...Object.keys(schema.shape), ...elsewhere].sort());
  });

  it.each(TABLES.map((each) => [each.name, each] as const))(
    '%s: refuses each key that is refused',
    (_name, keys) => {
      const fail = (message: string) => new Error(message) as never;
      for (const [key, rule] of Object.entries(keys.keys)) {
        const check = (value: unknown) => checkFileKeys(keys, { [key]: value }, 'a file', fail);
        expect(check(null)).toEqual([]);
        if ('refused' in rule)
          expect(() => check('something else')).toThrow(`a file sets ${key} to "something else"`);
        else expect(check('something else')).toEqual([]);
      }
    },
  );
});
