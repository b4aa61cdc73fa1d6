// The files of a retrieval task in every layout that is read.
import { expect, test } from 'vitest';
import { readIdentifiedTexts, readJudgements } from '../../src/data/readers/read-retrieval.ts';
import { DataError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile } from '../temporary-file.ts';

test('texts: a JSON object per line, or id and text', async () => {
  const jsonl = temporaryFile(
    'corpus.jsonl',
    '{"_id": "a", "title": "T", "text": "x\\ty"}\n{"id": 7, "title": "", "text": "z"}\n',
  );
  const tsv = temporaryFile('corpus.tsv', 'a\tx "y"\n7\tz\tmore\n');
  expect(await collect(readIdentifiedTexts(jsonl))).toEqual([
    { id: 'a', text: 'T x\ty' },
    { id: '7', text: 'z' },
  ]);
  expect(await collect(readIdentifiedTexts(tsv))).toEqual([
    { id: 'a', text: 'x "y"' },
    { id: '7', text: 'z' },
  ]);
});

const judged = new Map([
  ['1', new Set(['a', 'b'])],
  ['2', new Set(['a'])],
]);

test.each([
  ["BEIR's tsv with a header", 'q.tsv', 'query-id\tcorpus-id\tscore\n1\ta\t1\n1\tb\t2\n1\tc\t0\n2\ta\t1\n'],
  ['a tsv without one', 'q.tsv', '1\ta\t1\n1\tb\t2\n1\tc\t0\n2\ta\t1\n'],
  ["TREC's four columns", 'q.tsv', '1\t0\ta\t1\n1\t0\tb\t2\n2\t0\tc\t-1\n2\t0\ta\t1\n'],
  [
    'objects',
    'q.jsonl',
    '{"query-id": 1, "corpus-id": "a"}\n{"query_id": "1", "corpus_id": "b", "score": 2}\n{"query": "2", "document": "a"}\n{"query": "2", "document": "b", "score": 0}\n',
  ],
])('judgements: %s', async (_name, file, text) => {
  expect(await readJudgements(temporaryFile(file, text))).toEqual(judged);
});

test.each([
  ['t.jsonl', '{"text": "x"}\n', /t.jsonl:1: expected an id as "_id" or "id"/],
  ['t.jsonl', '{"id": "a"}\n', /t.jsonl:1: expected a string as "text"/],
  ['t.jsonl', '[1]\n', /t.jsonl:1: expected a JSON object but found "\[1\]"/],
  ['t.jsonl', 'x\n', /t.jsonl:1: expected a JSON object but found "x"/],
  ['t.tsv', 'a\tx\nb\n', /t.tsv:2: expected an id and a text/],
  ['t.csv', 'a,b\n', /expected a .jsonl or .tsv file/],
])('texts in %s: %j', async (file, text, message) => {
  const error = await collect(readIdentifiedTexts(temporaryFile(file, text))).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
});

test.each([
  ['q.tsv', 'q\td\ts\n1\ta\tx\n', /q.tsv:2: expected a score but found "x"/],
  ['q.tsv', 'q1\td2\t1x\n', /q.tsv:1: expected a score but found "1x"/],
  ['q.tsv', 'q1\td2\tNaN\n', /q.tsv:1: expected a score but found "NaN"/],
  ['q.tsv', '1\ta\t\n', /q.tsv:1: expected a score but found ""/],
  ['q.tsv', '1\ta\n', /q.tsv:1: expected query, document and score with tabs between but found 2 fields/],
  ['q.jsonl', '{"query-id": "1"}\n', /q.jsonl:1: expected an id as "corpus-id"/],
])('judgements in %s: %j', async (file, text, message) => {
  await expect(readJudgements(temporaryFile(file, text))).rejects.toThrow(message);
});
