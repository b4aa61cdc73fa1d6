// `likewise evaluate`: the output of sts and retrieval, and sentence-transformers' figures with published weights.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pearson } from '../../src/eval/correlation.ts';
import { copyModel } from '../embed/small-model.ts';
import { sharedPath } from '../shared-folder.ts';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

test('a small file: the correlations of the cosines that `similarity` gives', async () => {
  const rows = 'the cat,the cat,5\nthe cat,a dog,3\nthe cat,red mat,1\n"sat, on",over,\n';
  const data = temporaryFile('sts.csv', `a,b,score\n${rows}`);
  const args = ['evaluate', 'sts', '--model', tinyModel, '--data', data, '--header'];
  const { code, stdout, stderr } = await runCli([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const result = JSON.parse(stdout) as Record<string, number>;
  expect(Object.keys(result)).toEqual([
    'similarity',
    'spearman',
    'pearson',
    'pairs',
    'skipped',
    'seconds',
    'blank',
    'truncated',
  ]);
  expect(result).toMatchObject({ pairs: 3, skipped: 1 });
  expect(Math.abs(result.spearman as number)).toBeLessThanOrEqual(1);

  const text = (await runCli(args)).stdout;
  expect(text).toMatch(
    /^spearman +-?[01]\.\d{6}\npearson +-?[01]\.\d{6}\nsimilarity +cosine\npairs +3 \(1 without a score left out\)\n/,
  );
  expect(text).toContain((result.spearman as number).toFixed(6));
});

test('correlations that are undefined are null, and stderr says why', async () => {
  const data = temporaryFile('sts.csv', 'the cat,a dog,3\nred mat,the cat,3\n');
  const args = ['evaluate', 'sts', '--model', tinyModel, '--data', data, '--json'];
  const { code, stdout, stderr } = await runCli(args);
  expect(stderr).toBe('warning: the correlations are undefined: all 2 scores are 3\n');
  expect([code, JSON.parse(stdout).spearman]).toEqual([0, null]);
});

test('a header, or a score that is no number, names file and line', async () => {
  const data = temporaryFile('sts.tsv', 'a\tb\tscore\nx\ty\t1\n');
  const { code, stdout, stderr } = await runCli(['evaluate', 'sts', '--model', tinyModel, '--data', data]);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^likewise: .*sts\.tsv:1: expected a row of data but .* "a", "b", "score": .* --header, .* --no-header \[LIKEWISE_DATA\]\n$/,
  );
  const args = ['evaluate', 'sts', '--model', tinyModel, '--data', data, '--no-header'];
  expect((await runCli(args)).stderr).toMatch(/sts\.tsv:1: expected the score to be a number/);
});

test('texts that were cut and blank lines are told', async () => {
  const data = temporaryFile('sts.csv', `the cat,${'cat '.repeat(100)},3\n\nred mat,the cat,1\n\n`);
  const args = ['evaluate', 'sts', '--model', tinyModel, '--data', data];
  const { stdout, notes } = await runCli(args);
  expect(notes.at(-1)).toBe('note: 1 text was longer than 40 tokens and cut there (--max-length)');
  expect(stdout).toMatch(/\nblank +2 blank lines left out\n/);
  expect(JSON.parse((await runCli([...args, '--json'])).stdout)).toMatchObject({ blank: 2, truncated: 1 });
});

test('a SentEval folder: the aggregation is named, and so are the subsets', async () => {
  const folder = join(temporaryFolder(), 'STS99');
  mkdirSync(folder);
  writeFileSync(join(folder, 'STS.input.news.txt'), 'the cat\tthe cat\nthe cat\ta dog\nthe cat\tred mat\n');
  writeFileSync(join(folder, 'STS.gs.news.txt'), '5\n1\n2\n');
  writeFileSync(join(folder, 'STS.input.images.txt'), 'sat\tran\na\tb\nover\tthe\n');
  writeFileSync(join(folder, 'STS.gs.images.txt'), '3\n\n4\n');
  const args = ['evaluate', 'sts', '--model', tinyModel, '--data', folder];
  const { code, stdout } = await runCli([...args, '--aggregation', 'wmean', '--json']);
  expect(code).toBe(0);
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ aggregation: 'wmean', pairs: 5, skipped: 1 });
  expect(result.spearman).toBe(result.aggregations.wmean.spearman);
  expect(result.subsets.map(({ name }: { name: string }) => name)).toEqual(['images', 'news']);
  expect((await runCli(args)).stdout).toMatch(
    /^aggregation +all\nspearman [\s\S]*images +spearman [\s\S]*news +spearman/,
  );

  const file = temporaryFile('sts.csv', 'a,b,1\n');
  const refused = await runCli([
    'evaluate',
    'sts',
    '--model',
    tinyModel,
    '--data',
    file,
    '--aggregation',
    'all',
  ]);
  expect(refused.stderr).toMatch(
    /--aggregation joins the subsets of a folder, .* is a file \[LIKEWISE_ARGUMENT\]/,
  );
});

test('retrieval: every measure, in JSON and in words', async () => {
  const corpus = temporaryFile(
    'corpus.jsonl',
    '{"_id": "d1", "text": "the cat sat"}\n{"_id": "d2", "text": "a dog"}\n',
  );
  const queries = temporaryFile('queries.tsv', 'q1\tthe cat sat\nq2\ta dog\nq3\tred mat\n');
  const qrels = temporaryFile('qrels.tsv', 'query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n');
  const files = ['--corpus', corpus, '--queries', queries, '--qrels', qrels];
  const args = ['evaluate', 'retrieval', '--model', tinyModel, ...files];
  const { code, stdout, stderr } = await runCli([...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { metrics, ...counts } = JSON.parse(stdout);
  expect(counts).toMatchObject({ queries: 2, skipped: 1, documents: 2 });
  expect(metrics).toMatchObject({ 'accuracy@1': 1, 'recall@1': 1, 'mrr@10': 1, 'ndcg@10': 1, 'map@100': 1 });
  expect(Object.keys(metrics)).toHaveLength(15);
  const text = (await runCli(args)).stdout;
  expect(text).toMatch(/^accuracy@1 +1\.000000\n/);
  expect(text).toContain('queries       2 (1 without a relevant document left out)');
  const tsv = temporaryFile('corpus.tsv', 'd1\tx\tthe cat\tsat\nd2\tx\ta\tdog\n');
  const others = ['--queries', queries, '--qrels', qrels, '--json'];
  const table = ['evaluate', 'retrieval', '--model', tinyModel, '--corpus', tsv, ...others];
  const refused = await runCli(table);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/corpus\.tsv:1: .* found 4 fields, .* \(--corpus-columns\) \[LIKEWISE_DATA\]\n$/),
  ]);
  const read = await runCli([...table, '--corpus-columns', '1,4,3']);
  expect(JSON.parse(read.stdout).metrics).toEqual(metrics);
  expect(read.notes.join()).toContain('corpus.tsv: read as id, text and title, columns 1, 4, 3 of 4');
  const missing = await runCli(args.slice(0, -2));
  expect(missing.stderr).toMatch(/expected the option --qrels <file>/);
});

test('the measure that a model names is taken and named, and --similarity takes another', async () => {
  const model = join(temporaryFolder(), 'dot');
  await copyModel(model, { similarity: 'dot' });
  const pairs = 'the cat\ta dog sat\t5\nthe cat\tred mat on\t3\nthe cat over\tred\t1\na\tb c d\t2\n';
  const data = temporaryFile('sts.tsv', pairs);
  const spearmanOf = async (more: string[]) => {
    const { stdout } = await runCli(['evaluate', 'sts', '--model', model, '--data', data, '--json', ...more]);
    return JSON.parse(stdout);
  };
  const scores = async (more: string[]) => {
    const args = ['similarity', '--model', model, '--input', data, '--json', ...more];
    return JSON.parse((await runCli(args)).stdout);
  };
  const gold = [5, 3, 1, 2];
  for (const [more, measure] of [
    [[], 'dot'],
    [['--similarity', 'euclidean'], 'euclidean'],
  ] as const) {
    const measured = await spearmanOf([...more]);
    const compared = await scores([...more]);
    expect([measured.similarity, compared.similarity]).toEqual([measure, measure]);
    expect(measured.pearson).toBeCloseTo(pearson(compared.scores, gold), 6);
  }
  const refused = await runCli(['evaluate', 'sts', '--model', model, '--data', data, '--similarity', 'cos']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('Allowed choices are cosine, dot, euclidean, manhattan.');
  const space = await runCli(['evaluate', 'space', '--model', model, '--data', data, '--json']);
  const { before, after } = JSON.parse(space.stdout);
  expect([before.similarity, after.similarity]).toEqual(['dot', 'cosine']);
});

test('a query that stands in the corpus under its own id: a note, and --exclude-self', async () => {
  const corpus = temporaryFile('corpus.tsv', '1\tthe cat sat\n2\tthe cat\n3\tred mat\n');
  const queries = temporaryFile('queries.tsv', '1\tthe cat sat\n');
  const qrels = temporaryFile('qrels.tsv', '1\t2\t1\n');
  const files = ['--corpus', corpus, '--queries', queries, '--qrels', qrels];
  const args = ['evaluate', 'retrieval', '--model', tinyModel, ...files, '--json'];
  const plain = await runCli(args);
  expect(JSON.parse(plain.stdout).metrics['accuracy@1']).toBe(0);
  expect(plain.notes.join()).toContain('1 query stands in the corpus with the same id and text');
  const excluded = await runCli([...args, '--exclude-self']);
  expect(JSON.parse(excluded.stdout)).toMatchObject({ self: 1, documents: 3 });
  expect(excluded.notes.join()).not.toContain('same id');
  expect((await runCli([...args.slice(0, -1), '--exclude-self'])).stdout).toContain(
    'left out      1 document,',
  );
});

const model = sharedPath('models', 'all-MiniLM-L6-v2');
const stsb = sharedPath('data', 'stsb-multi-mt', 'stsb-en-dev.csv');

test.skipIf(model === undefined || stsb === undefined)(
  "all-MiniLM-L6-v2 on STS-B dev reaches sentence-transformers' figures",
  { timeout: 300_000 },
  async () => {
    const args = [
      '--model',
      model ?? '',
      '--data',
      stsb ?? '',
      '--format',
      'csv',
      '--columns',
      '1,2,3',
      '--json',
    ];
    const { code, stdout } = await runCli(['evaluate', 'sts', ...args]);
    expect(code).toBe(0);
    const { spearman, pearson, pairs } = JSON.parse(stdout) as Record<string, number>;
    expect(pairs).toBe(1500);
    expect(spearman).toBeCloseTo(0.867163, 5); // sentence-transformers in float32
    expect(pearson).toBeCloseTo(0.869619, 5);
  },
);
