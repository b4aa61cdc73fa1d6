// Retrieval against sentence-transformers' evaluator on the same vectors (golden/record-retrieval.py), and by hand.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DataError } from '../../src/errors.ts';
import { rankingMetrics } from '../../src/eval/ranking-metrics.ts';
import { evaluateRetrieval, type IdentifiedText } from '../../src/eval/retrieval.ts';
import { Engine } from '../../src/native/engine.ts';

interface Golden {
  queries: Record<string, number[]>;
  corpus: Record<string, number[]>;
  relevant: Record<string, string[]>;
  metrics: Record<string, number>;
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/retrieval.json', import.meta.url), 'utf8'),
) as Golden;

/** An encoder that knows the vector of each text; remembers the sizes of its calls. */
function knowing(vectors: Record<string, number[]>) {
  const calls: string[] = [];
  const encode = (kind: string) => (texts: string[]) => {
    calls.push(`${texts.length} ${kind}`);
    return Promise.resolve({
      row: (index: number) => Float32Array.from(vectors[texts[index] as string] as number[]),
    });
  };
  return {
    calls,
    engine: Engine.shared(),
    encodeQuery: encode('queries'),
    encodeDocument: encode('documents'),
  };
}

const named = (vectors: Record<string, unknown>): IdentifiedText[] =>
  Object.keys(vectors).map((id) => ({ id, text: id }));
const judged = (relevant: Record<string, string[]>) =>
  new Map(Object.entries(relevant).map(([query, ids]) => [query, new Set(ids)]));

test("the figures are sentence-transformers', whatever the order of the corpus", async () => {
  const { queries, corpus, relevant, metrics } = golden;
  const encoder = knowing({ ...queries, ...corpus });
  for (const documents of [named(corpus), named(corpus).reverse()]) {
    const data = { queries: named(queries), corpus: documents, relevant: judged(relevant) };
    const result = await evaluateRetrieval(encoder, data);
    expect(Object.keys(result.metrics).sort()).toEqual(Object.keys(metrics).sort());
    for (const [name, value] of Object.entries(metrics))
      expect(result.metrics[name], name).toBeCloseTo(value, 11);
    expect(result).toMatchObject({ queries: 7, skipped: 2, missing: 1, documents: 150 });
  }
  expect(encoder.calls).toEqual(['7 queries', '150 documents', '7 queries', '150 documents']);
});

test('documents are encoded a part at a time', async () => {
  const corpus = Array.from({ length: 5000 }, (_, index) => ({
    id: `${index}`,
    text: index === 4999 ? 'b' : 'a',
  }));
  const encoder = knowing({ a: [1, 0], b: [1, 1], q: [0, 2] });
  const data = { queries: [{ id: 'q', text: 'q' }], corpus, relevant: judged({ q: ['4999', '0'] }) };
  const { metrics } = await evaluateRetrieval(encoder, data);
  expect(encoder.calls).toEqual(['1 queries', '4096 documents', '904 documents']);
  expect(metrics).toMatchObject({
    'accuracy@1': 1,
    'mrr@10': 1,
    'recall@3': 1,
    'map@100': 1,
    'precision@5': 0.4,
  });
});

test('rankings by hand', () => {
  const metrics = rankingMetrics([['a', 'b', 'c', 'd'], []], [new Set(['b', 'd', 'z']), new Set(['a'])]);
  const gain = (rank: number) => 1 / Math.log2(rank + 1);
  const ideal = gain(1) + gain(2) + gain(3);
  expect(metrics).toMatchObject({
    'accuracy@1': 0,
    'accuracy@3': 0.5,
    'precision@3': 1 / 3 / 2,
    'recall@3': 1 / 3 / 2,
    'recall@10': 2 / 3 / 2,
    'mrr@10': 0.25,
    'map@100': (1 / 2 + 2 / 4) / 3 / 2,
  });
  expect(metrics['ndcg@10']).toBeCloseTo((gain(2) + gain(4)) / ideal / 2, 12);
});

test('judged documents that are not in the corpus are counted', async () => {
  const encoder = knowing({ v: [1, 0], q: [1, 0] });
  const relevant = judged({ q: ['a', 'b', 'c'], other: ['z'] });
  const data = { queries: [{ id: 'q', text: 'q' }], corpus: [{ id: 'a', text: 'v' }], relevant };
  const { missing, metrics } = await evaluateRetrieval(encoder, data);
  expect([missing, metrics['recall@10']]).toEqual([2, 1 / 3]);
});

test('equal cosines are ranked by the code points of the ids', async () => {
  const encoder = knowing({ v: [1, 0], q: [1, 0] });
  const ids = ['\u{1f600}', '\uffee', 'b', 'a'];
  const data = {
    queries: [{ id: 'q', text: 'q' }],
    corpus: ids.map((id) => ({ id, text: 'v' })),
    relevant: judged({ q: ['\u{1f600}'] }),
  };
  expect((await evaluateRetrieval(encoder, data)).metrics['mrr@10']).toBe(1 / 4);
});

test('what cannot be evaluated is refused', async () => {
  const encoder = knowing({ x: [1, 0] });
  const text = { id: 'a', text: 'x' };
  const relevant = judged({ a: ['a'] });
  const evaluated = (queries: IdentifiedText[], corpus: IdentifiedText[]) =>
    evaluateRetrieval(encoder, { queries, corpus, relevant });
  const unknown = evaluated([{ id: 'b', text: 'x' }], [text]);
  await expect(unknown).rejects.toThrow(DataError);
  await expect(unknown).rejects.toThrow(/none of 1 has one: .*judged: "a"; among the queries: "b"/);
  await expect(evaluated([text], [{ id: 'b', text: 'x' }])).rejects.toThrow(
    /none of 1 judgements names one of its 1 documents: .*judged: "a"; in the corpus: "b"/,
  );
  await expect(evaluated([text, text], [text])).rejects.toThrow(/each query once but two have the id "a"/);
  await expect(evaluated([text], [text, text])).rejects.toThrow(/each document once but two have the id "a"/);
});
