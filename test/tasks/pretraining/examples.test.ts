// Examples: BERT's pairs with their published shares over many draws, SpanBERT's single sequences, the rules at the edges.

import { expect, test } from 'vitest';
import { CounterRandom } from '../../../src/data/batches/counter-random.ts';
import { type TokenBlock, TokenBlockBuilder } from '../../../src/data/corpus/token-block.ts';
import { DataError } from '../../../src/errors.ts';
import {
  type ExampleBuilder,
  ExamplePlan,
  type PlannedExample,
} from '../../../src/tasks/pretraining/examples/example-plan.ts';
import {
  checkPairs,
  DRAWN,
  FOLLOWS,
  sentencePairs,
  truncatePair,
} from '../../../src/tasks/pretraining/examples/sentence-pairs.ts';
import { singleSequences } from '../../../src/tasks/pretraining/examples/single-sequences.ts';
import { expectShare } from './statistics.ts';

/** Documents of sentences of so many tokens; every token is its own place. */
function blockOf(documents: number[][]): TokenBlock {
  const builder = new TokenBlockBuilder();
  let token = 0;
  for (const [number, sentences] of documents.entries()) {
    for (const length of sentences) {
      builder.addSentence(
        Int32Array.from({ length }, () => token++),
        new Uint8Array(length),
      );
    }
    builder.endDocument(0, number);
  }
  return builder.finish();
}

const random = new CounterRandom(5, 0);

function examplesOf(block: TokenBlock, builder: ExampleBuilder, documents = block.documents.length - 1) {
  const plan = new ExamplePlan();
  for (let document = 0; document < documents; document++) {
    builder(block, document, random.start(0, document, 0), plan);
  }
  const examples: PlannedExample[] = Array.from({ length: plan.length }, (_, i) => plan.example(i));
  return { examples, counts: plan.counts };
}

const ranges = (examples: PlannedExample[]) => examples.map(({ first }) => [first.start, first.end]);

test('single sequences: whole sentences of one document, as many as fit', () => {
  const block = blockOf([[3, 4, 2, 5, 1], [10], [4, 4]]);
  const { examples, counts } = examplesOf(
    block,
    singleSequences({ words: 10, shortProbability: 0, longSentences: 'drop' }),
  );
  expect(ranges(examples)).toEqual([
    [0, 9],
    [9, 15],
    [15, 25],
    [25, 33],
  ]);
  expect(examples.map(({ document, ordinal, second }) => [document, ordinal, second])).toEqual([
    [0, 0, undefined],
    [0, 1, undefined],
    [1, 0, undefined],
    [2, 0, undefined],
  ]);
  expect(counts.longSentences).toBe(0);
});

test('a sentence longer than a sequence is counted, and left out or cut', () => {
  const block = blockOf([[3, 25, 4], [25]]);
  const dropped = examplesOf(
    block,
    singleSequences({ words: 10, shortProbability: 0, longSentences: 'drop' }),
  );
  expect(ranges(dropped.examples)).toEqual([
    [0, 3],
    [28, 32],
  ]);
  expect(dropped.counts).toEqual({ examples: 2, longSentences: 2 });
  const cut = examplesOf(block, singleSequences({ words: 10, shortProbability: 0, longSentences: 'cut' }));
  expect(ranges(cut.examples)).toEqual([
    [0, 3],
    [3, 13],
    [13, 23],
    [23, 28],
    [28, 32],
    [32, 42],
    [42, 52],
    [52, 57],
  ]);
  expect(cut.counts.longSentences).toBe(2);
});

test('short single sequences lose no sentence', () => {
  const block = blockOf([new Array(40).fill(6), new Array(40).fill(6)]);
  const { examples } = examplesOf(
    block,
    singleSequences({ words: 60, shortProbability: 1, longSentences: 'drop' }),
  );
  expect(examples.reduce((sum, { first }) => sum + first.end - first.start, 0)).toBe(480);
  expect(Math.max(...examples.map(({ first }) => first.end - first.start))).toBeLessThanOrEqual(60);
});

test('a tenth of the documents is made into shorter pairs, of a length drawn from 2 up', () => {
  const documents = 20_000;
  const words = 20;
  const block = blockOf(new Array(documents).fill(new Array(40).fill(1)));
  const { examples } = examplesOf(block, sentencePairs({ words, shortProbability: 0.1 }));
  const first = examples.filter(({ ordinal, label }) => ordinal === 0 && label === FOLLOWS);
  const short = first.filter(
    ({ first, second }) =>
      first.end -
        first.start +
        (second as never as { end: number; start: number }).end -
        (second as never as { start: number }).start <
      words,
  );
  expectShare(short.length, first.length, 0.1 * (1 - 1 / (words - 1)), 'short'); // 20 itself is drawn too
});

test('half of the pairs of two sentences or more follow one another, a sentence alone never', () => {
  const documents = 250_000;
  const block = blockOf(new Array(documents).fill([3, 3]));
  const { examples } = examplesOf(block, sentencePairs({ words: 60, shortProbability: 0 }));
  const follows = examples.filter(({ label }) => label === FOLLOWS).length;
  expectShare(follows, documents, 0.5, 'follow');
  // the other half give two examples: the first sentence, and the second, which was put back
  expect(examples.length).toBe(follows + 2 * (documents - follows));
  const alone = examples.filter(({ ordinal }) => ordinal === 1);
  expect(alone.every(({ label, first }) => label === DRAWN && first.end - first.start === 3)).toBe(true);
  const own = examples.filter(
    ({ label, document, second }) => label === DRAWN && Math.floor((second?.start ?? 0) / 6) === document,
  );
  expect(own).toEqual([]); // ten tries among 250,000 documents
});

test('a pair that follows is the text itself, and what a drawn segment took the place of comes again', () => {
  const block = blockOf(new Array(50).fill([2, 3, 4, 5, 6, 7]));
  const { examples } = examplesOf(block, sentencePairs({ words: 100, shortProbability: 0 }));
  for (let document = 0; document < 50; document++) {
    let at = 27 * document;
    for (const { first, second, label } of examples.filter((example) => example.document === document)) {
      expect(first.start).toBe(at);
      if (label === FOLLOWS) expect(second?.start).toBe(first.end);
      at = label === FOLLOWS ? (second?.end as number) : first.end;
    }
    expect(at).toBe(27 * (document + 1));
  }
});

test('truncation takes tokens of the longer segment, half of them at its front', () => {
  const a = { start: 0, end: 700_000 };
  const b = { start: 700_000, end: 1_200_000 };
  random.start(0, 0, 9);
  truncatePair(a, b, 200_000, random);
  expect([a.end - a.start, b.end - b.start]).toEqual([100_000, 100_000]);
  expectShare(a.start + (b.start - 700_000), 1_000_000, 0.5, 'front');
  const tie = { start: 0, end: 3 };
  const second = { start: 3, end: 6 };
  truncatePair(tie, second, 5, random);
  expect([tie.end - tie.start, second.end - second.start]).toEqual([3, 2]);
});

test('pairs fit, and a drawn segment begins at a sentence', () => {
  const block = blockOf(Array.from({ length: 300 }, (_, i) => [5, 1 + (i % 40), 9, 70, 2]));
  const { examples } = examplesOf(block, sentencePairs({ words: 61, shortProbability: 0.1 }));
  const lengths = examples.map(
    ({ first, second }) => first.end - first.start + (second?.end ?? 0) - (second?.start ?? 0),
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(61);
  expect(
    examples.every(
      ({ first, second }) => first.end > first.start && (second?.end ?? 0) > (second?.start ?? 0),
    ),
  ).toBe(true);
});

test('what pairs cannot be made of', () => {
  expect(() => checkPairs(blockOf([[1, 2]]))).toThrow(DataError);
  expect(() => checkPairs(blockOf([[1, 2]]))).toThrow(/the corpus is one document/);
  expect(() => checkPairs(blockOf([[1], [2], [3]]))).toThrow(/all 3 have only one; choose single sequences/);
  expect(() => checkPairs(blockOf([[1], [2, 2]]))).not.toThrow();
});
