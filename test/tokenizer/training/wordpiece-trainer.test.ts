// Training a WordPiece vocabulary: the classic example by hand, what it depends on, and the files that come out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bertNormalizer, bertPreTokenizer } from 'tokenizers';
import { describe, expect, test } from 'vitest';
import { ArgumentError, DataError, FileError } from '../../../src/errors.ts';
import { writeWordPieceFiles } from '../../../src/io/model-folder/tokenizer-files.ts';
import { Tokenizer } from '../../../src/tokenizer/tokenizer.ts';
import { inTurns } from '../../../src/tokenizer/training/in-turns.ts';
import { WordCounter } from '../../../src/tokenizer/training/word-counts.ts';
import { SPECIAL_TOKENS, trainWordPiece } from '../../../src/tokenizer/training/wordpiece-trainer.ts';
import { expectError } from '../../expect-error.ts';
import { seededRandom } from '../../seeded-random.ts';
import { temporaryFolder } from '../../temporary-file.ts';

const classic = new Map([
  ['low', 5],
  ['lower', 2],
  ['newest', 6],
  ['widest', 3],
]);
const characters = [...'deilnorstw', ...'deiorstw'].map((letter, index) =>
  index < 10 ? letter : `##${letter}`,
);

describe('trainWordPiece', () => {
  test('joins the most frequent pair, of equal ones that of the earlier tokens', async () => {
    const joined = [
      '##es',
      '##est',
      'lo',
      'low',
      'ne',
      '##west',
      'newest',
      'wi',
      '##dest',
      'widest',
      '##er',
      'lower',
    ];
    expect(await trainWordPiece(classic, { size: 100 })).toEqual([
      ...SPECIAL_TOKENS,
      ...characters,
      ...joined,
    ]);
    expect(await trainWordPiece(classic, { size: 26 })).toEqual([
      ...SPECIAL_TOKENS,
      ...characters,
      '##es',
      '##est',
      'lo',
    ]);
  });

  test('a pair within a run of one letter is joined from the start of the word', async () => {
    const made = await trainWordPiece(new Map([['aaaaa', 3]]), { size: 100 });
    const tokens = made.slice(SPECIAL_TOKENS.length);
    expect(tokens).toEqual(['a', '##a', '##aa', 'aaa', 'aaaaa']);
  });

  test('does not depend on the order of the words', async () => {
    const random = seededRandom(3);
    const below = (most: number) => Math.floor(random() * most);
    const words = Array.from({ length: 300 }, (): [string, number] => {
      const letters = Array.from({ length: 1 + below(8) }, () => 'abcdeé猫'[below(7)] as string);
      return [letters.join(''), 1 + below(5)];
    });
    const counts = new Map(words);
    const first = await trainWordPiece(counts, { size: 150 });
    expect(await trainWordPiece(new Map([...counts].reverse()), { size: 150 })).toEqual(first);
    expect(new Set(first).size).toBe(150);
  });

  test('pairs below the least frequency stay apart', async () => {
    const tokens = await trainWordPiece(classic, { size: 100, minFrequency: 6 });
    expect(tokens.slice(SPECIAL_TOKENS.length + characters.length)).toEqual([
      '##es',
      '##est',
      'lo',
      'low',
      'ne',
      '##west',
      'newest',
    ]);
  });

  test('keeps the most frequent characters and leaves out the rest', async () => {
    const counts = new Map([
      ['aXb', 4],
      ['bY', 1],
      ['Z', 9],
      ['a', 1],
    ]);
    expect((await trainWordPiece(counts, { size: 100, alphabetSize: 3 })).slice(5)).toEqual([
      'Z',
      'a',
      'b',
      '##b',
      'ab',
    ]);
  });

  test('refuses a size without room for the characters, and no words', async () => {
    await expectError(trainWordPiece(classic, { size: 22 }), ArgumentError, /size of at least 23/);
    expect(await trainWordPiece(classic, { size: 23 })).toHaveLength(23);
    await expectError(trainWordPiece(new Map(), { size: 100 }), DataError, /words but found none/);
  });
});

describe('WordCounter', () => {
  const texts = [
    'Héllo, WÖRLD  hello!\tIt\'s "fine"',
    '我喜欢 node.js和猫猫',
    'a\fb c\u0085d e\ufefff g\u00a0h i\u2003j k\u200bl',
    'e\u0301e\u0301 猫\u0301x ﬁne ΟΔΥΣΣΕΥΣ İi \u{1f600}a',
    'lone \ud800 surrogate \u0000 nul',
    '',
  ];
  test.each([true, false])(
    'counts what the library makes of each text (lower case: %s)',
    async (lowerCase) => {
      const counter = await WordCounter.create(lowerCase ? 'bert-uncased' : 'bert-cased');
      const normalizer = bertNormalizer({ cleanText: true, handleChineseChars: true, lowercase: lowerCase });
      const splitter = bertPreTokenizer();
      const expected = new Map<string, number>();
      for (const text of [...texts, ...texts]) {
        counter.add(text);
        for (const [word] of splitter.preTokenizeString(normalizer.normalizeString(text.toWellFormed()))) {
          expected.set(word, (expected.get(word) ?? 0) + 1);
        }
      }
      const sorted = (counts: Map<string, number>) => [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
      const words = await inTurns(counter.words(), {});
      expect(sorted(words)).toEqual(sorted(expected));
      expect(words.has(lowerCase ? 'hello' : 'Héllo')).toBe(true);
    },
  );
});

describe('writeWordPieceFiles', async () => {
  const vocabulary = await trainWordPiece(classic, { size: 100 });

  test('what is written tokenizes with the vocabulary it was made of', async () => {
    const folder = join(temporaryFolder(), 'new');
    await writeWordPieceFiles(folder, vocabulary, { lowerCase: true, maxLength: 64 });
    expect(readFileSync(join(folder, 'vocab.txt'), 'utf8')).toBe(`${vocabulary.join('\n')}\n`);
    const tokenizer = await Tokenizer.load(folder, { maxLength: 64 });
    expect(tokenizer.vocabularySize).toBe(vocabulary.length);
    const { tokenIds } = await tokenizer.encode(['Lowest newer ☃']);
    expect([...tokenIds].map((id) => vocabulary[id])).toEqual([
      '[CLS]',
      'low',
      '##est',
      'ne',
      '##w',
      '##er',
      '[UNK]',
      '[SEP]',
    ]);
  });

  test('files that are there are replaced only when asked to', async () => {
    const folder = temporaryFolder();
    const options = { lowerCase: false, maxLength: 64 };
    await writeWordPieceFiles(folder, vocabulary, options);
    await expect(writeWordPieceFiles(folder, vocabulary, options)).rejects.toThrow(FileError);
    await writeWordPieceFiles(folder, vocabulary.slice(0, 30), { ...options, overwrite: true });
    expect((await Tokenizer.load(folder, { maxLength: 64 })).vocabularySize).toBe(30);
  });
});
