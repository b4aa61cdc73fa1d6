// Batches of a corpus: ragged, within the budget, every sequence once an epoch, the same masks after a resume and with other
// sizes of batches and blocks; and what is refused.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type OpenCorpusOptions, openCorpus } from '../../../src/data/corpus/open-corpus.ts';
import { AbortedError, ArgumentError, DataError, TokenizerError } from '../../../src/errors.ts';
import type { PretrainingBatch } from '../../../src/objectives/pretraining.ts';
import { fixedBatches } from '../../../src/tasks/pretraining/fixed-batches.ts';
import { checkVocabulary } from '../../../src/tasks/pretraining/masking/masking-options.ts';
import {
  type LocatedBatch,
  PretrainingBatches,
  type PretrainingBatchOptions,
} from '../../../src/tasks/pretraining/pretraining-batches.ts';
import { SentenceTokenizer } from '../../../src/tokenizer/sentence-tokenizer.ts';
import { collect } from '../../collect.ts';
import { expectError } from '../../expect-error.ts';
import { scratchFolder, scratchTrees } from '../../temporary-file.ts';

const newTree = scratchTrees();
const words = Array.from({ length: 400 }, (_, i) => `w${i}`);
const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', '##x', ...words];
const tokenizer = await SentenceTokenizer.load(await newTree({ 'vocab.txt': vocabulary.join('\n') }));

/** Four files of ten documents of five sentences of three to six tokens; the first word of a document is its own. */
const folder = scratchFolder();
for (let file = 0; file < 4; file++) {
  const documents = Array.from({ length: 10 }, (_, document) =>
    Array.from({ length: 5 }, (_, s) => `w${10 * file + document} ${'w100x '.repeat(s % 2)}w20${s}.\n`).join(
      '',
    ),
  );
  writeFileSync(join(folder, `f${file}.txt`), documents.join('\n'));
}

type Options = Partial<OpenCorpusOptions & PretrainingBatchOptions>;

async function open(options: Options = {}): Promise<PretrainingBatches> {
  const corpus = await openCorpus({ paths: [folder], format: 'sentences', tokenizer, seed: 1, ...options });
  return new PretrainingBatches(corpus, {
    examples: 'single',
    masking: 'subword',
    maxLength: 12,
    batchTokens: 40,
    seed: 1,
    ...options,
  });
}

/** Each sequence as text before masking, with what was masked. */
function sequencesOf(batches: readonly PretrainingBatch[]): string[] {
  return batches.flatMap(({ tokenIds, offsets, maskedPlaces, maskedWords }) => {
    const original = tokenIds.slice();
    maskedPlaces.forEach((place, i) => {
      original[place] = maskedWords[i] as number;
    });
    return Array.from(offsets.subarray(1), (end, i) => {
      const range = [offsets[i] as number, end] as const;
      return `${original.slice(...range).join(' ')} | ${tokenIds.slice(...range).join(' ')}`;
    });
  });
}

const epoch = async (options: Options = {}, number = 0) =>
  (await collect((await open(options)).batches(number))).map(({ batch }) => batch);

test('a batch is ragged, within its budget, framed, and says what was masked', async () => {
  for (const batch of await epoch()) {
    const { tokenIds, offsets, maskedPlaces, maskedWords } = batch;
    expect(offsets[0]).toBe(0);
    expect(offsets.at(-1)).toBe(tokenIds.length);
    expect(tokenIds.length).toBeLessThanOrEqual(40);
    for (const [i, start] of [...offsets.subarray(0, -1)].entries()) {
      const end = offsets[i + 1] as number;
      expect([tokenIds[start], tokenIds[end - 1]]).toEqual([2, 3]);
      expect(end - start).toBeLessThanOrEqual(12);
      expect(maskedPlaces.some((place) => place > start && place < end - 1)).toBe(true);
    }
    expect([...maskedPlaces]).toEqual([...new Set(maskedPlaces)].sort((a, b) => a - b));
    expect(maskedWords.every((word) => word > 4)).toBe(true);
    expect(batch).toMatchObject({ segmentIds: undefined, nextSentence: undefined, spans: undefined });
  }
});

test('every token of the text comes once an epoch; the order, and the masks, are new in the next', async () => {
  const [first, second] = [await epoch(), await epoch({}, 1)];
  const texts = (batches: PretrainingBatch[]) => sequencesOf(batches).map((line) => line.split(' | ')[0]);
  expect(texts(first).toSorted()).toEqual(texts(second).toSorted());
  expect(texts(first)).not.toEqual(texts(second));
  expect(sequencesOf(first).toSorted()).not.toEqual(sequencesOf(second).toSorted());
  const tokens = first.reduce(
    (sum, { tokenIds, offsets }) => sum + tokenIds.length - 2 * (offsets.length - 1),
    0,
  );
  expect(tokens).toBe(40 * (5 * 3 + 2 * 2));
});

test('static masks are the same in each epoch, and duplicates are other ones', async () => {
  const options = { staticMasks: true, duplicates: 3 };
  const [first, second] = [await epoch(options), await epoch(options, 1)];
  expect(sequencesOf(first).toSorted()).toEqual(sequencesOf(second).toSorted());
  const single = await epoch();
  expect(sequencesOf(first).length).toBe(3 * sequencesOf(single).length);
  expect(new Set(sequencesOf(first)).size).toBeGreaterThan(2 * sequencesOf(single).length);
  expect(sequencesOf(first)).toEqual(expect.arrayContaining(sequencesOf(single)));
});

test.each([
  ['single', 'geometric'],
  ['pairs', 'subword'],
] as const)(
  'static %s with %s masks are the same where a corpus is many blocks',
  async (examples, masking) => {
    const options = { staticMasks: true, examples, masking, blockTokens: 120, maxLength: 20 };
    const [first, second] = [await epoch(options), await epoch(options, 1)];
    expect(sequencesOf(first).toSorted()).toEqual(sequencesOf(second).toSorted());
    expect(sequencesOf(first)).not.toEqual(sequencesOf(second));
  },
);

test('masks do not depend on the sizes of batches and blocks, or on the order', async () => {
  const usual = sequencesOf(await epoch({}, 2)).toSorted();
  for (const options of [{ batchTokens: 400 }, { batchSize: 1 }, { blockTokens: 100 }, { shuffle: false }]) {
    expect(sequencesOf(await epoch(options, 2)).toSorted()).toEqual(usual);
  }
  expect(sequencesOf(await epoch({ seed: 2 }, 2)).toSorted()).not.toEqual(usual);
});

test.each([
  ['one block', {}],
  ['many blocks', { blockTokens: 120 }],
  ['pairs', { blockTokens: 120, examples: 'pairs', masking: 'geometric', duplicates: 2, maxLength: 20 }],
] as [string, Options][])(
  'a run goes on after any batch as if it had not stopped: %s',
  async (_, options) => {
    const whole = await collect((await open(options)).batches(3));
    expect(whole.length).toBeGreaterThan(8);
    expect(await (await open(options)).count(3)).toBe(whole.length);
    for (let given = 0; given < whole.length; given += 3) {
      const { next } = whole[given] as LocatedBatch;
      const position = JSON.parse(JSON.stringify(next)) as LocatedBatch['next'];
      expect(await collect((await open(options)).batches(3, position))).toEqual(whole.slice(given + 1));
    }
  },
);

test('documents that are alike get masks of their own', async () => {
  const same = await newTree({
    'a.txt': 'w1 w2 w3 w4 w5 w6 w7 w8 w9.\n\n'.repeat(30),
    'b.txt': 'w1 w2 w3 w4 w5 w6 w7 w8 w9.\n',
  });
  const batches = await epoch({ paths: [same], batchSize: 1, shuffle: false });
  const places = batches.map(({ maskedPlaces }) => [...maskedPlaces].join());
  expect(new Set(places.slice(0, 30)).size).toBeGreaterThan(10); // of 45 pairs of places
  expect(new Set([places[0], places[30]]).size).toBe(2); // the first documents of two files
});

test('pairs have segments and labels, in the layout of BERT', async () => {
  const batches = await epoch({ examples: 'pairs', maxLength: 20 });
  for (const { tokenIds, offsets, segmentIds, nextSentence } of batches) {
    expect(nextSentence?.length).toBe(offsets.length - 1);
    for (let i = 0; i + 1 < offsets.length; i++) {
      const range = [offsets[i] as number, offsets[i + 1] as number] as const;
      const tokens = [...tokenIds.slice(...range)];
      const segments = [...(segmentIds?.slice(...range) ?? [])];
      const middle = tokens.indexOf(3);
      expect(segments).toEqual(tokens.map((_, place) => (place > middle ? 1 : 0)));
      expect(tokens.filter((token) => token === 3).length).toBe(2);
    }
  }
  const labels = batches.flatMap(({ nextSentence }) => [...(nextSentence ?? [])]);
  expect(new Set(labels)).toEqual(new Set([0, 1]));
});

test('spans are places of the batch, all of them masked', async () => {
  for (const { spans, maskedPlaces } of await epoch({ masking: 'geometric' })) {
    const places: number[] = [];
    for (let i = 0; i < (spans?.length ?? 0); i += 2) {
      for (let place = spans?.[i] as number; place < (spans?.[i + 1] as number); place++) places.push(place);
    }
    expect(places).toEqual([...maskedPlaces]);
  }
});

test('replacements of spans are tokens of the corpus, as often as they occur', async () => {
  const seen = new Set<number>();
  for (let number = 0; number < 10; number++) {
    for (const { tokenIds, maskedPlaces } of await epoch({ masking: 'geometric' }, number)) {
      for (const place of maskedPlaces) seen.add(tokenIds[place] as number);
    }
  }
  const inText = new Set([
    '.',
    '##x',
    'w100',
    ...[0, 1, 2, 3, 4].map((s) => `w20${s}`),
    ...words.slice(0, 40),
  ]);
  expect([...seen].filter((id) => id !== 4 && !inText.has(vocabulary[id] as string))).toEqual([]);
});

test('nothing is masked for causal models, and nothing hidden for permutations', async () => {
  for (const { maskedPlaces } of await epoch({ masking: 'none' })) expect(maskedPlaces.length).toBe(0);
  for (const { tokenIds, maskedPlaces, maskedWords } of await epoch({ masking: 'permutation' })) {
    expect(maskedPlaces.length).toBeGreaterThan(0);
    expect([...maskedWords]).toEqual([...maskedPlaces].map((place) => tokenIds[place]));
  }
});

test('a fixed masking of a text: the same batches, in its order, with every token', async () => {
  const paths = [join(folder, 'f1.txt'), join(folder, 'f0.txt')];
  const options = {
    paths,
    format: 'sentences',
    tokenizer,
    masking: 'subword',
    maxLength: 8,
    batchTokens: 64,
    seed: 4,
  } as const;
  const batches = await collect(fixedBatches(options));
  expect(await collect(fixedBatches(options))).toEqual(batches);
  const text = sequencesOf(batches).map((line) => line.split(' | ')[0]?.split(' ').map(Number));
  expect(text[0]?.[1]).toBe(vocabulary.indexOf('w0'));
  expect(text.flat().filter((id) => (id as number) > 4).length).toBe(20 * (5 * 3 + 2 * 2));
  expect(await collect(fixedBatches({ ...options, seed: 5 }))).not.toEqual(batches);
});

test('what is left out is counted', async () => {
  const batches = await open({ maxLength: 5, batchTokens: 40 });
  await collect(batches.batches(0));
  expect(batches.counts).toEqual({
    blocks: 1,
    documents: 40,
    sentences: 200,
    tokens: 760,
    examples: 120,
    longSentences: 80,
  });
});

test('a document of one sentence', async () => {
  const own = scratchFolder();
  writeFileSync(join(own, 'a.txt'), 'w1 w2.\n');
  expect((await epoch({ paths: [own] })).length).toBe(1);
  await expectError(epoch({ paths: [own], examples: 'pairs' }), DataError, /the corpus is one document/);
  writeFileSync(join(own, 'a.txt'), 'w1 w2.\n\nw3.\n');
  await expectError(
    epoch({ paths: [own], examples: 'pairs' }),
    DataError,
    /all 2 have only one; choose single sequences/,
  );
});

test('phrases are masked where there are some, from a field', async () => {
  const row = (spans: number[][]) => JSON.stringify({ text: 'w1 w2 w3 w4 w5 w6 w7 w8.', spans });
  const paths = [await newTree({ 'a.jsonl': Array.from({ length: 40 }, () => row([[3, 8]])).join('\n') })];
  const options: Options = { paths, format: 'jsonl', annotationField: 'spans', masking: 'phrase' };
  const batches = await epoch(options);
  const masked = batches.flatMap(({ maskedWords }) => [...maskedWords]).map((id) => vocabulary[id]);
  const inside = masked.filter((word) => word === 'w2' || word === 'w3').length;
  expect(inside / masked.length).toBeGreaterThan(0.4); // 2 of 9 pieces, and half of what is drawn
  const none = [await newTree({ 'a.jsonl': [row([]), row([])].join('\n') })];
  await expectError(
    epoch({ ...options, paths: none }),
    DataError,
    /phrases should be masked but the text has none/,
  );
});

test('sentences that are all too long', async () => {
  await expectError(
    epoch({ maxLength: 5, paths: [await longText()] }),
    DataError,
    /set longSentences to 'cut', or raise maxLength/,
  );
  expect(
    (await epoch({ maxLength: 5, longSentences: 'cut', paths: [await longText()] })).length,
  ).toBeGreaterThan(0);
});

async function longText(): Promise<string> {
  return join(await newTree({ 'long.txt': `${'w1 '.repeat(50)}\n` }), 'long.txt');
}

test.each([
  [{ batchTokens: 11 }, /expected batchTokens to hold a sequence of maxLength 12 tokens but received 11/],
  [{ maxLength: 4 }, /expected maxLength to be at least 5/],
  [{ maxLength: 1.5 }, /expected maxLength to be a whole number above 0 but received 1\.5/],
  [{ duplicates: 0 }, /expected duplicates to be a whole number above 0/],
  [{ shortProbability: 2 }, /shortProbability to be from 0 to 1/],
  [{ share: 0 }, /expected share to be above 0/],
  [{ masking: 'geometric', maxSpanLength: 0 }, /expected maxSpanLength/],
  [
    { annotationField: 'entities' },
    /annotations are read from fields of jsonl but .*f0\.txt is read as sentences/,
  ],
  [{ blockTokens: 0 }, /blockTokens/],
] as [Options, RegExp][])('refused: %o', async (options, message) => {
  await expectError(open(options), ArgumentError, message);
});

test('a tokenizer without [MASK], without a frame, or of another model', async () => {
  const plain = await newTree({
    'vocab.txt': vocabulary.map((token) => (token === '[MASK]' ? 'mask' : token)).join('\n'),
  });
  const maskless = await SentenceTokenizer.load(plain);
  await expectError(open({ tokenizer: maskless }), TokenizerError, /vocab\.txt' has no \[MASK\]/);
  await expect(open({ tokenizer: maskless, masking: 'none' })).resolves.toBeDefined();
  expect(() => checkVocabulary(tokenizer, vocabulary.length - 1)).toThrow(
    /gives ids up to 406 but the model's table has 406 rows/,
  );
  expect(() => checkVocabulary(tokenizer, vocabulary.length)).not.toThrow();
});

test('an error while the next block is read comes when that block is wanted', async () => {
  const broken = scratchFolder();
  mkdirSync(join(broken, 'x'));
  writeFileSync(join(broken, 'a.txt'), 'w1 w2.\nw3 w4.\n\n'.repeat(60));
  writeFileSync(join(broken, 'b.txt'), Buffer.from('w1.\n\nw2 \xff.\n', 'latin1'));
  const made: unknown[] = [];
  const reading = (async () => {
    const batches = await open({ paths: [broken], blockTokens: 100, shuffle: false });
    for await (const batch of batches.batches(0)) made.push(batch);
  })();
  await expectError(reading, DataError, /b\.txt:3: expected UTF-8/);
  expect(made.length).toBeGreaterThan(3);
});

test('a signal ends the reading, and so does who stops asking', async () => {
  const controller = new AbortController();
  const batches = (await open({ blockTokens: 100 })).batches(0, undefined, controller.signal);
  await batches.next();
  controller.abort();
  await expectError(collect(batches), AbortedError, /aborted/);
  for await (const _ of (await open({ blockTokens: 100 })).batches(0)) break;
});
