// Blocks of a corpus: every document once an epoch, words and annotations marked, any block read again from its position.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Corpus, type CorpusOptions, type LocatedBlock } from '../../../src/data/corpus/corpus.ts';
import { corpusFiles, corpusFingerprint } from '../../../src/data/corpus/corpus-files.ts';
import { SentenceSplitter } from '../../../src/data/corpus/sentence-splitter.ts';
import { IN_SPAN, SPAN_START, type TokenBlock, WORD_START } from '../../../src/data/corpus/token-block.ts';
import { markTokens } from '../../../src/data/corpus/token-marks.ts';
import { createWordSegmenter } from '../../../src/data/corpus/word-segmenter.ts';
import { SentenceTokenizer } from '../../../src/tokenizer/sentence-tokenizer.ts';
import { collect } from '../../collect.ts';
import { scratchFolder, scratchTrees } from '../../temporary-file.ts';

const newTree = scratchTrees();
const words = Array.from({ length: 300 }, (_, i) => `w${i}`);
const vocabulary = [
  '[PAD]',
  '[UNK]',
  '[CLS]',
  '[SEP]',
  '[MASK]',
  ...words,
  '##x',
  '.',
  '中',
  '文',
  '我',
  '们',
];
const tokenizer = await SentenceTokenizer.load(await newTree({ 'vocab.txt': vocabulary.join('\n') }));
const idOf = (token: string) => vocabulary.indexOf(token);

/** Five files of seven documents of three sentences; document d of file f says w(7f + d). */
const folder = scratchFolder();
for (let file = 0; file < 5; file++) {
  const documents = Array.from({ length: 7 }, (_, document) =>
    `w${7 * file + document} w100 w101.\n`.repeat(3),
  );
  writeFileSync(join(folder, `f${file}.txt`), documents.join('\n'));
}

async function corpusOf(options: Partial<CorpusOptions> = {}): Promise<Corpus> {
  const files = await corpusFiles([folder], 'sentences');
  return new Corpus({
    files,
    fingerprint: 'none',
    tokenizer,
    splitter: new SentenceSplitter(),
    seed: 3,
    ...options,
  });
}

/** Which documents a block has, by their first word. */
function documentsOf({ tokenIds, sentences, documents }: TokenBlock): number[] {
  return [...documents.subarray(0, -1)].map(
    (sentence) => (tokenIds[sentences[sentence] as number] as number) - 5,
  );
}

test('a corpus that fits is one block, the same in every epoch and in whatever order it was read', async () => {
  const corpus = await corpusOf();
  const [first] = await collect(corpus.blocks(0));
  const [second] = await collect(corpus.blocks(1));
  expect(documentsOf(first?.tokens as TokenBlock)).toEqual(Array.from({ length: 35 }, (_, i) => i));
  expect(second?.tokens).toBe(first?.tokens);
  expect(await collect((await corpusOf()).blocks(5))).toEqual([first]);
  expect(first?.tokens.sentences.length).toBe(35 * 3 + 1);
  expect([...(first?.tokens.sentences.subarray(0, 4) ?? [])]).toEqual([0, 4, 8, 12]);
  expect([...(first?.tokens.files ?? [])].slice(5, 9)).toEqual([0, 0, 1, 1]);
  expect([...(first?.tokens.numbers ?? [])].slice(5, 9)).toEqual([5, 6, 0, 1]);
});

test('blocks hold every document once an epoch, in another order the next', async () => {
  const corpus = await corpusOf({ blockTokens: 60 });
  const epochs: number[][][] = [];
  for (const epoch of [0, 1]) {
    const blocks = await collect(corpus.blocks(epoch));
    expect(blocks.length).toBeGreaterThan(4);
    expect(blocks.map(({ position }) => position.block)).toEqual(Array.from(blocks.keys()));
    for (const { tokens } of blocks) expect(tokens.documents.length).toBeGreaterThan(2);
    epochs.push(blocks.map(({ tokens }) => documentsOf(tokens)));
  }
  for (const blocks of epochs) {
    expect(blocks.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 35 }, (_, i) => i));
  }
  expect(epochs[1]).not.toEqual(epochs[0]);
  const ordered = await corpusOf({ blockTokens: 60, shuffle: false });
  expect((await collect(ordered.blocks(0))).flatMap(({ tokens }) => documentsOf(tokens))).toEqual(
    Array.from({ length: 35 }, (_, i) => i),
  );
});

test('any block is read again from its position, which is a few numbers', async () => {
  const blocks = await collect((await corpusOf({ blockTokens: 60 })).blocks(1));
  for (const [i, { position }] of blocks.entries()) {
    const again = JSON.parse(JSON.stringify(position)) as LocatedBlock['position'];
    expect(await collect((await corpusOf({ blockTokens: 60 })).blocks(1, again))).toEqual(blocks.slice(i));
  }
});

test('a last document alone goes into the block before it', async () => {
  for (const blockTokens of [24, 30, 60, 100, 400]) {
    const blocks = await collect((await corpusOf({ blockTokens })).blocks(0));
    expect(Math.min(...blocks.map(({ tokens }) => tokens.documents.length - 1))).toBeGreaterThan(1);
  }
});

test('a fingerprint is of what files hold, wherever they lie', async () => {
  const of = async (tree: Record<string, string>) =>
    corpusFingerprint(await corpusFiles([await newTree(tree)], 'sentences'));
  const long = 'w1 w2.\n'.repeat(30_000);
  const own = await of({ 'a.txt': long, 'b.txt': 'w3.' });
  expect(await of({ 'x.txt': long, 'y.txt': 'w3.' })).toBe(own);
  expect(await of({ 'a.txt': long.replace(/w2\.\n$/, 'w5.\n'), 'b.txt': 'w3.' })).not.toBe(own);
  expect(await of({ 'a.txt': `w9${long.slice(2)}`, 'b.txt': 'w3.' })).not.toBe(own);
  expect(await of({ 'a.txt': long, 'b.txt': 'w4.' })).not.toBe(own);
  expect(await of({ 'a.txt': long })).not.toBe(own);
});

test('the block that was read last is not read again, and what follows it is the same', async () => {
  const read: number[] = [];
  const corpus = await corpusOf({ blockTokens: 60, onTokens: (tokens) => read.push(tokens) });
  const whole = await collect((await corpusOf({ blockTokens: 60 })).blocks(0));
  for await (const block of corpus.blocks(0)) {
    expect(block).toEqual(whole[0]);
    break;
  }
  const documents = read.length;
  const again = corpus.blocks(0);
  expect((await again.next()).value).toEqual(whole[0]);
  expect(read.length).toBe(documents);
  expect(await collect(again)).toEqual(whole.slice(1));
  expect(await collect(corpus.blocks(1))).toEqual(
    await collect((await corpusOf({ blockTokens: 60 })).blocks(1)),
  );
});

test('tokens that make nothing are left out, with their sentences and documents', async () => {
  const other = scratchFolder();
  mkdirSync(join(other, 'x'));
  writeFileSync(join(other, 'x', 'a.txt'), '\u200b\n\nw1 w2.\n\u200b\n\u200b\nw3.\n');
  const files = await corpusFiles([other], 'sentences');
  const [block] = await collect((await corpusOf({ files })).blocks(0));
  expect(block?.tokens).toMatchObject({
    sentences: Uint32Array.of(0, 3, 5),
    documents: Uint32Array.of(0, 2),
    numbers: Uint32Array.of(1),
  });
});

async function marksOf(text: string, spans: [number, number][] = [], chinese = false): Promise<number[]> {
  const { tokenIds, starts } = await tokenizer.encode([{ text, first: true }]);
  const segmenter = chinese ? await createWordSegmenter('intl') : undefined;
  return [...markTokens(text, tokenIds, starts, spans, tokenizer.continues, segmenter)];
}

test('words start where no piece goes on, and Chinese words where the segmenter says', async () => {
  expect(idOf('##x')).toBe(305);
  expect(await marksOf('w1x w2.')).toEqual([WORD_START, 0, WORD_START, WORD_START]);
  expect(await marksOf('中文w1x')).toEqual([WORD_START, WORD_START, WORD_START, 0]);
  expect(await marksOf('我们w1x中文. 中文', [], true)).toEqual([1, 0, 1, 0, 1, 0, 1, 1, 0]);
});

test('annotated parts, neighbours told apart', async () => {
  const marks = await marksOf('w1x w2 w3 w4.', [
    [0, 3],
    [4, 9],
  ]);
  const start = IN_SPAN | SPAN_START;
  expect(marks.map((mark) => mark & ~WORD_START)).toEqual([start, IN_SPAN, start, IN_SPAN, 0, 0]);
});
