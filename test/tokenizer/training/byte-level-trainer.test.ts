// Byte-level BPE: the merges and ids that Hugging Face's trainer records, and files that its library opens to the same ids.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as Library } from 'tokenizers';
import { describe, expect, test } from 'vitest';
import { AbortedError, ArgumentError, DataError, FileError } from '../../../src/errors.ts';
import { writeByteLevelFiles, writeWordPieceFiles } from '../../../src/io/model-folder/tokenizer-files.ts';
import { Tokenizer } from '../../../src/tokenizer/tokenizer.ts';
import {
  BYTE_LEVEL_SPECIAL_TOKENS,
  trainByteLevel,
} from '../../../src/tokenizer/training/byte-level-trainer.ts';
import { inTurns } from '../../../src/tokenizer/training/in-turns.ts';
import { PieceCounts } from '../../../src/tokenizer/training/piece-counts.ts';
import { WordCounter } from '../../../src/tokenizer/training/word-counts.ts';
import { expectError } from '../../expect-error.ts';
import { temporaryFolder } from '../../temporary-file.ts';
import { rows } from '../load-tokenizer.ts';

interface Golden {
  texts: string[];
  held: string[];
  runs: {
    size: number;
    minFrequency: number;
    first: string[] | null;
    joined: string[];
    merges: string[];
    ids: number[][];
  }[];
}

const path = join(import.meta.dirname, '..', '..', 'golden', 'byte-level.json');
const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;

async function wordsOf(texts: readonly string[]): Promise<Map<string, number>> {
  const counter = await WordCounter.create('byte-level');
  for (const text of texts) counter.add(text);
  return inTurns(counter.words(), {});
}

describe('trainByteLevel', () => {
  test.each(golden.runs)(
    '$size tokens of frequency $minFrequency: the merges of Hugging Face',
    async (run) => {
      const { size, minFrequency } = run;
      const { tokens, merges } = await trainByteLevel(await wordsOf(golden.texts), { size, minFrequency });
      expect(merges.map((pair) => pair.join(' '))).toEqual(run.merges);
      expect(tokens.slice(261)).toEqual(run.joined);
      if (run.first !== null) expect(tokens).toEqual(run.first);
    },
  );

  test('does not depend on the order of the texts', async () => {
    const first = await trainByteLevel(await wordsOf(golden.texts), { size: 400 });
    expect(await trainByteLevel(await wordsOf(golden.texts.toReversed()), { size: 400 })).toEqual(first);
  });

  test('refuses a size without room for the bytes, and no words', async () => {
    const words = await wordsOf(['a']);
    await expectError(
      trainByteLevel(words, { size: 260 }),
      ArgumentError,
      /size of at least 261.*received 260/,
    );
    expect((await trainByteLevel(words, { size: 261 })).tokens.length).toBe(261);
    await expectError(trainByteLevel(new Map(), { size: 300 }), DataError, /words but found none/);
  });

  test('a signal ends it', async () => {
    const letters = 'abcdefghij';
    const words = new Map(
      Array.from({ length: 40_000 }, (_, i) => [
        [...String(i * 7919)].map((d) => letters[Number(d)]).join(''),
        1 + (i % 9),
      ]),
    );
    const signal = AbortSignal.abort(new Error('SIGINT'));
    await expectError(trainByteLevel(words, { size: 30_000, signal }), AbortedError, /aborted/);
  });
});

describe('writeByteLevelFiles', () => {
  test.each(golden.runs)(
    '$size tokens of frequency $minFrequency: the library opens them to the same ids',
    async (run) => {
      const folder = join(temporaryFolder(), 'new');
      const { size, minFrequency } = run;
      const vocabulary = await trainByteLevel(await wordsOf(golden.texts), { size, minFrequency });
      await writeByteLevelFiles(folder, vocabulary, { maxLength: 512 });
      const framed = run.ids.map((ids) => [0, ...ids, 2]);
      const library = Library.fromFile(join(folder, 'tokenizer.json'));
      expect((await library.encodeBatch(golden.held)).map((encoding) => encoding.getIds())).toEqual(framed);
      const tokenizer = await Tokenizer.load(folder, { maxLength: 512 });
      expect(rows(await tokenizer.encode(golden.held))).toEqual(framed);
      expect(tokenizer).toMatchObject({ maskId: 4, vocabularySize: vocabulary.tokens.length });
      const { BPE } = await import('tokenizers');
      const model = await BPE.fromFile(join(folder, 'vocab.json'), join(folder, 'merges.txt'));
      expect(new Library(model).getVocabSize()).toBe(vocabulary.tokens.length);
    },
  );

  test('files of another kind are refused, or replaced when asked', async () => {
    const folder = temporaryFolder();
    await writeWordPieceFiles(folder, ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a'], {
      lowerCase: true,
      maxLength: 8,
    });
    const vocabulary = await trainByteLevel(await wordsOf(['a a']), { size: 270 });
    await expectError(
      writeByteLevelFiles(folder, vocabulary, { maxLength: 8 }),
      FileError,
      /is there already/,
    );
    await writeByteLevelFiles(folder, vocabulary, { maxLength: 8, overwrite: true });
    expect(() => readFileSync(join(folder, 'vocab.txt'))).toThrow();
    expect((await Tokenizer.load(folder, { maxLength: 8 })).specialIds).toHaveLength(
      BYTE_LEVEL_SPECIAL_TOKENS.length,
    );
  });
});

describe('words are counted in bounded memory', () => {
  test('past the bound the rarest are forgotten, and how many is known', () => {
    const counts = new PieceCounts(100);
    for (let i = 0; i < 5000; i++) {
      counts.add(`common${i % 20}`);
      counts.add(`rare${i}`);
      expect(counts.counts.size).toBeLessThanOrEqual(100);
    }
    for (let i = 0; i < 20; i++) expect(counts.counts.get(`common${i}`)).toBe(250);
    expect(counts.forgotten).toBe(5000 + 20 - counts.counts.size);
  });

  test('up to the bound every count is exact', async () => {
    const counter = await WordCounter.create('bert-cased', 50);
    for (let i = 0; i < 500; i++) counter.add(`word${i % 40}`);
    const words = await inTurns(counter.words(), {});
    expect([words.size, new Set(words.values()).size, counter.forgotten]).toEqual([40, 2, 0]);
  });
});
