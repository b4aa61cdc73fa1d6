// Evaluations by the measure that a model names, or by one that is asked for, against sentence-transformers' evaluators on
// the same vectors (golden/record-similarity.py).
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { pairSimilarity } from '../../src/eval/pair-similarity.ts';
import { evaluateRetrieval, type IdentifiedText } from '../../src/eval/retrieval.ts';
import { measureSpace } from '../../src/eval/space.ts';
import { evaluateSts } from '../../src/eval/sts.ts';
import { evaluateStsSubsets } from '../../src/eval/sts-subsets.ts';
import {
  SIMILARITY_FUNCTIONS,
  type SimilarityFunction,
} from '../../src/io/model-folder/similarity-function.ts';
import { Engine } from '../../src/native/engine.ts';

type Vectors = Record<string, number[]>;

const golden = JSON.parse(readFileSync(new URL('../golden/similarity.json', import.meta.url), 'utf8')) as {
  texts: Vectors;
  pairs: [string, string, number][];
  queries: Vectors;
  corpus: Vectors;
  relevant: Record<string, string[]>;
  measured: Record<
    SimilarityFunction,
    { spearman: number; pearson: number; retrieval: Record<string, number> }
  >;
};

/** An encoder that knows the vector of each text and names a measure. */
function naming(measure: SimilarityFunction | undefined, vectors: Vectors) {
  const encode = (texts: string[]) =>
    Promise.resolve({
      row: (index: number) => Float32Array.from(vectors[texts[index] as string] as number[]),
    });
  return {
    ...(measure && { similarityFunction: measure }),
    engine: Engine.shared(),
    encode,
    encodeQuery: encode,
    encodeDocument: encode,
  };
}

const pairs = golden.pairs.map(([first, second, score]) => ({ first, second, score }));
const named = (vectors: Vectors): IdentifiedText[] => Object.keys(vectors).map((id) => ({ id, text: id }));
const data = {
  queries: named(golden.queries),
  corpus: named(golden.corpus),
  relevant: new Map(Object.entries(golden.relevant).map(([query, ids]) => [query, new Set(ids)])),
};
const other = (measure: SimilarityFunction) => (measure === 'dot' ? 'manhattan' : 'dot');

describe.each(SIMILARITY_FUNCTIONS)('%s', (measure) => {
  const { spearman, pearson, retrieval } = golden.measured[measure];

  it.each(['named by the model', 'asked for'])('pairs, %s', async (how) => {
    const isNamed = how === 'named by the model';
    const encoder = naming(isNamed ? measure : other(measure), golden.texts);
    const options = isNamed ? {} : { similarity: measure };
    for (const result of [
      await evaluateSts(encoder, pairs, options),
      await evaluateStsSubsets(encoder, [{ name: 'all', pairs }], 'all', options),
    ]) {
      expect(result.similarity).toBe(measure);
      expect(result.spearman).toBeCloseTo(spearman, 6);
      expect(result.pearson).toBeCloseTo(pearson, 6);
    }
  });

  it.each(['named by the model', 'asked for'])('retrieval, %s', async (how) => {
    const isNamed = how === 'named by the model';
    const encoder = naming(isNamed ? measure : other(measure), { ...golden.queries, ...golden.corpus });
    const result = await evaluateRetrieval(encoder, data, isNamed ? {} : { similarity: measure });
    expect(result.similarity).toBe(measure);
    for (const [name, value] of Object.entries(retrieval)) {
      expect(result.metrics[name], name).toBeCloseTo(value, 9);
    }
  });

  it('the correlation of a space', async () => {
    const texts = Object.keys(golden.texts);
    const vectors = new Embeddings(Float32Array.from(Object.values(golden.texts).flat()), texts.length, 5);
    const rows = pairs.map(({ first, second, score }) => ({
      first: texts.indexOf(first),
      second: texts.indexOf(second),
      score,
    }));
    const { measures } = await measureSpace(vectors, { pairs: rows, similarity: measure });
    expect(measures.similarity).toBe(measure);
    expect(measures.spearman).toBeCloseTo(spearman, 6);
  });
});

test('a model that names none is compared by its cosine', async () => {
  const { similarity, spearman } = await evaluateSts(naming(undefined, golden.texts), pairs);
  expect(similarity).toBe('cosine');
  expect(spearman).toBeCloseTo(golden.measured.cosine.spearman, 6);
});

test('whitened vectors are compared by their cosine, as the model that a whitening is built into says', async () => {
  const encoder = naming('dot', golden.texts);
  const whiten = { whitening: 'fit' as const };
  expect((await evaluateSts(encoder, pairs, { whiten })).similarity).toBe('cosine');
  expect((await evaluateSts(encoder, pairs, { whiten, similarity: 'dot' })).similarity).toBe('dot');
});

test('the measures by hand; distances are negated', () => {
  const [x, y] = [Float32Array.of(1, 2, 2), Float32Array.of(3, 0, 1)];
  const values = SIMILARITY_FUNCTIONS.map((measure) => pairSimilarity(measure)(x, y));
  expect(values).toEqual([5 / Math.sqrt(90), 5, -3, -5]);
});

const own = { a: [1, 0], b: [0.9, 0.1], 'of a': [1, 0], title: [0, 1] };

test('a query that stands in the corpus under its own id is left out of its own ranking when asked', async () => {
  const encoder = naming('cosine', { ...own, 'title of a': [1, 0.01] });
  const corpus = [
    { id: '1', text: 'title of a' },
    { id: '2', text: 'b' },
    { id: '3', text: 'title' },
  ];
  const queries = [
    { id: '1', text: 'of a' },
    { id: 'other', text: 'a' },
  ];
  const relevant = new Map([
    ['1', new Set(['2', '1'])],
    ['other', new Set(['1'])],
  ]);
  const plain = await evaluateRetrieval(encoder, { queries, corpus, relevant });
  expect(plain).toMatchObject({ self: 1, metrics: { 'accuracy@1': 1, 'recall@1': 0.75 } });
  const excluded = await evaluateRetrieval(encoder, { queries, corpus, relevant }, { excludeSelf: true });
  expect(excluded).toMatchObject({ self: 1, missing: 0, metrics: { 'accuracy@1': 1, 'recall@1': 1 } });
  const selfAlone = new Map([
    ['1', new Set(['1'])],
    ['other', new Set(['1'])],
  ]);
  const judged = await evaluateRetrieval(
    encoder,
    { queries, corpus, relevant: selfAlone },
    { excludeSelf: true },
  );
  expect(judged).toMatchObject({ queries: 1, skipped: 1, metrics: { 'mrr@10': 1 } });
});

test('ids that are equal by chance are no query in the corpus', async () => {
  const encoder = naming('cosine', own);
  const corpus = [{ id: '1', text: 'b' }];
  const queries = [{ id: '1', text: 'a' }];
  const relevant = new Map([['1', new Set(['1'])]]);
  expect((await evaluateRetrieval(encoder, { queries, corpus, relevant })).self).toBe(0);
});
