// What each tokenizer class makes of each key of a folder's files, against transformers: the table of kind, class and
// setting that test/golden/record-tokenizers.py recorded by asking it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { TokenizerError } from '../../src/errors.ts';
import { tokenizerFamily } from '../../src/tokenizer/spec/tokenizer-class.ts';
import { Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { type Content, scratchTrees } from '../temporary-file.ts';
import { rows } from './load-tokenizer.ts';

type Tree = Record<string, Content>;
type Outcome = { ids: number[][]; cut: number[] } | { error: string };

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../golden/tokenizers.json'), 'utf8')) as {
  texts: string[];
  kinds: Record<string, Tree>;
  settings: Record<string, Tree>;
  outcomes: Outcome[];
  table: Record<string, Record<string, Record<string, number>>>;
  families: Record<string, string>;
};

const newTree = scratchTrees();

/** The files of a case, with the class in tokenizer_config.json. */
function treeOf(kind: string, typeAndClass: string, setting: string): Tree {
  const { modelType, className } = typeAndClassOf(typeAndClass);
  const config = golden.settings[setting]?.['tokenizer_config.json'] as object | undefined;
  const named = className === undefined ? {} : { tokenizer_class: className };
  return {
    ...golden.kinds[kind],
    ...golden.settings[setting],
    ...(config === undefined && className === undefined
      ? {}
      : { 'tokenizer_config.json': { ...named, ...config } }),
    'config.json': { model_type: modelType },
  };
}

async function outcomeOf(tree: Tree): Promise<Outcome> {
  const folder = await newTree(tree);
  try {
    const tokenizer = await Tokenizer.load(folder, { maxLength: 64 });
    const ids = rows(await tokenizer.encode(golden.texts));
    const short = await Tokenizer.load(folder, { maxLength: 6 });
    const cut = rows(await short.encode(golden.texts.slice(-1)))[0] as number[];
    return { ids, cut };
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    return { error: error.message };
  }
}

const typeAndClassOf = (name: string) => {
  const [modelType, className] = name.split(', ');
  return { modelType, className: className === 'no class' ? undefined : className };
};

describe.each(Object.entries(golden.table))('%s', (kind, table) => {
  // Classes with one row are of one family, and one of them is tried.
  const rowsOfTable = new Map<string, string[]>();
  for (const [name, row] of Object.entries(table)) {
    const key = JSON.stringify(row);
    rowsOfTable.set(key, [...(rowsOfTable.get(key) ?? []), name]);
  }

  it.each([...rowsOfTable.values()].map((names) => [names.join('; '), names] as const))(
    '%s',
    async (_, names) => {
      const families = names.map((name) => {
        const { modelType, className } = typeAndClassOf(name);
        return tokenizerFamily(className, modelType, 'a file');
      });
      expect(new Set(families).size).toBe(1);
      const name = names[0] as string;
      const wrong: string[] = [];
      for (const [setting, number] of Object.entries(table[name] ?? {})) {
        const expected = golden.outcomes[number] as Outcome;
        const found = await outcomeOf(treeOf(kind, name, setting));
        const same =
          'error' in expected || 'error' in found
            ? 'error' in expected && 'error' in found
            : JSON.stringify(found) === JSON.stringify(expected);
        if (!same) wrong.push(`${setting}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`);
      }
      expect(wrong).toEqual([]);
    },
  );
});

describe('tokenizerFamily', () => {
  it.each(Object.entries(golden.families))('%s is %s', async (className, family) => {
    if (family !== 'own') expect(tokenizerFamily(className, 'bert', 'a file')).toBe(family);
    else expect(() => tokenizerFamily(className, 'bert', 'a file')).toThrow(/in its own way/);
  });

  // classes of transformers whose names do not end in Tokenizer
  it.each(['BertTokenizerLegacy', 'BertTokenizerLegacyFast', 'SentencePieceBackend', 'MistralCommonBackend'])(
    '%s is not taken for the file as it stands',
    (className) => {
      expect(() => tokenizerFamily(className, 'bert', 'a file')).toThrow(/in its own way/);
    },
  );
});
