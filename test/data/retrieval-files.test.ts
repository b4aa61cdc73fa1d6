// The files of a retrieval task in every layout that is read.
import { expect, test } from 'vitest';
import { readIdentifiedTexts } from '../../src/data/readers/read-identified-texts.ts';
import { readJudgements } from '../../src/data/readers/read-judgements.ts';
import { DataError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { temporaryFile } from '../temporary-file.ts';

test('texts: a JSON object per line, or id and text', async () => {
  const jsonl = temporaryFile(
    'corpus.jsonl',
    '{"_id": "a", "title": "T", "text": "x\\ty"}\n{"id": 7, "title": "", "text": "z"}\n',
  );
  const tsv = temporaryFile('corpus.tsv', 'a\tx "y"\n7\tz\n');
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
  ['t.tsv', 'a\tx\nb\n', /t.tsv:2: expected 2 fields .* but found 1/],
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

const corpus = [
  { id: '1', text: 'Paris the capital of France' },
  { id: '2', text: 'the river of London' },
];

test.each([
  ["ColBERT's and DPR's three columns", '1\tthe capital of France\tParis\n2\tthe river of London\t\n'],
  ['with a header', 'id\ttext\ttitle\n1\tthe capital of France\tParis\n2\tthe river of London\t\n'],
  ['in another order', 'title\tpid\tpassage\nParis\t1\tthe capital of France\n\t2\tthe river of London\n'],
  [
    'below a blank line',
    '\nid\ttext\ttitle\n1\tthe capital of France\tParis\n\n2\tthe river of London\t\n\n',
  ],
  [
    'with more columns',
    'docid\turl\ttitle\tbody\n1\thttp\tParis\tthe capital of France\n2\thttp\t\tthe river of London\n',
  ],
])('a corpus in tsv: %s', async (_name, text) => {
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  expect(await collect(readIdentifiedTexts(temporaryFile('c.tsv', text), { onNote }))).toEqual(corpus);
  expect(notes).toEqual([
    expect.stringMatching(/c\.tsv: read as id, text and title, columns [\d, ]+ of [34]/),
  ]);
});

test('two columns below a header, and columns that are asked for', async () => {
  const path = temporaryFile('c.tsv', 'pid\tpassage\n1\tx\n');
  expect(await collect(readIdentifiedTexts(path))).toEqual([{ id: '1', text: 'x' }]);
  const msmarco = temporaryFile('d.tsv', 'D1\thttp\tParis\tthe capital\n');
  const columns = ['1', '4', '3'];
  expect(await collect(readIdentifiedTexts(msmarco, { columns }))).toEqual([
    { id: 'D1', text: 'Paris the capital' },
  ]);
  const own = temporaryFile('e.tsv', 'key\tname\tstory\n1\tParis\tthe capital\n');
  for (const asked of [
    ['key', 'story', 'name'],
    ['1', '3', '2'],
  ]) {
    expect(await collect(readIdentifiedTexts(own, { columns: asked }))).toEqual([
      { id: '1', text: 'Paris the capital' },
    ]);
  }
});

test('texts in quotes, as Python writes them, lose them; quotes in a text stay', async () => {
  const notes: string[] = [];
  const rows = '1\t"He said ""no"" to it"\tA\n2\t"plain"\tB\n';
  const dpr = temporaryFile('psgs.tsv', `id\ttext\ttitle\n${rows}`);
  const texts = await collect(readIdentifiedTexts(dpr, { onNote: (note) => notes.push(note) }));
  expect(texts.map(({ text }) => text)).toEqual(['A He said "no" to it', 'B plain']);
  expect(notes.join()).toContain('texts are in quotes');
  const plain = temporaryFile('p.tsv', '1\t"quoted"\n2\tnot\n');
  expect((await collect(readIdentifiedTexts(plain)))[0]?.text).toBe('"quoted"');
});

test.each([
  [
    'a b c\td\te f g h i\nx\ty\tlonger than the second\n',
    /c\.tsv:1: .*third field is longer .*\(--corpus-columns\)/,
  ],
  ['1\ta\tb\tc\n', /c\.tsv:1: .*found 4 fields, "1", "a", "b", "c": say which columns/],
  ['docno\tstory\n1\ta\n2\tb\n', /c\.tsv:1: expected a header of known names, .* found "docno", "story"/],
  ['1\n', /c\.tsv:1: .*found 1 fields/],
  ['id\ttext\ttitle\n1\ta\tA\n2\tb\n', /c\.tsv:3: expected 3 fields .* but found 2/],
])('a layout that is not understood: %j', async (text, message) => {
  const path = temporaryFile('c.tsv', text);
  const reading = collect(readIdentifiedTexts(path, { columnsOption: '--corpus-columns' }));
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toThrow(DataError);
});

test.each([
  [['1'], /expected two or three columns/],
  [['1', 'text'], /all by name or all by number/],
  [['1', '5'], /expected a column 5 but the row has 2/],
  [['id', 'body'], /expected a column "body" but the first row has "id", "text"/],
])('columns %j cannot be used', async (columns, message) => {
  const path = temporaryFile('c.tsv', 'id\ttext\n1\tx\n');
  await expect(collect(readIdentifiedTexts(path, { columns }))).rejects.toThrow(message);
});

test('blank lines are no documents, queries or judgements, and are counted', async () => {
  let blank = 0;
  const options = { onBlank: () => (blank += 1) };
  const jsonl = temporaryFile('c.jsonl', '{"_id": "a", "text": "x"}\n\n  \n{"_id": "b", "text": "y"}\n\n');
  expect(await collect(readIdentifiedTexts(jsonl, options))).toHaveLength(2);
  await readJudgements(temporaryFile('q.tsv', '\nquery-id\tcorpus-id\tscore\n1\ta\t1\n\n'), options);
  await readJudgements(temporaryFile('q.jsonl', '{"query": "1", "document": "a"}\n\n'), options);
  expect(blank).toBe(6);
});

test("a header says which of the judgements' columns is which", async () => {
  const swapped = temporaryFile('q.tsv', 'corpus-id\tquery-id\tscore\na\t1\t1\nb\t1\t2\na\t2\t1\n');
  expect(await readJudgements(swapped)).toEqual(judged);
});
