// What the programs have in common: the job on the command line, the rounds, and the quality figure on STS-B.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parse } from 'csv-parse/sync';

/** The job: a JSON object as the first argument. README.md lists its fields. */
export function readJob(defaults) {
  const text = process.argv[2];
  if (!text) throw new Error('a JSON job is expected as the first argument');
  return { ...defaults, ...JSON.parse(text) };
}

export const readTexts = (file) => JSON.parse(readFileSync(file, 'utf8'));

/**
 * One round to warm up (false), then those to time (true): `repeats` of them, or with `interleaved` one for every line
 * that comes in, so that several programs take turns (../child.mjs). A round may be `calls` calls in a row, after `warm`
 * calls that are not timed.
 */
export async function* rounds({ interleaved, repeats, calls = 1, warm = 0 }) {
  yield repeats === 0;
  if (!interleaved) {
    for (let repeat = 0; repeat < repeats; repeat++) yield true;
    return;
  }
  const lines = createInterface({ input: process.stdin });
  console.log('{"state":"ready"}');
  for await (const _ of lines) {
    for (let call = -warm; call < calls; call++) yield call >= 0;
    console.log('{"state":"done"}');
  }
}

/** Of this process, in bytes, now. */
export const residentBytes = () => process.memoryUsage.rss();

/** Ranks from 1, ties sharing their mean rank. */
function ranks(values) {
  const order = values.map((_, index) => index).sort((a, b) => values[a] - values[b]);
  const result = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let at = start; at < end; at++) result[order[at]] = (start + end + 1) / 2;
    start = end;
  }
  return result;
}

export function spearman(first, second) {
  const [a, b] = [ranks(first), ranks(second)];
  const mean = (a.length + 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) ** 2;
    bb += (b[i] - mean) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Spearman on an STS file, of cosine similarity against the gold scores. `encode(texts)` gives [texts, dim] rows. */
export async function stsSpearman(file, encode, dim) {
  const rows = parse(readFileSync(file, 'utf8'));
  const vectors = await encode([...rows.map((row) => row[0]), ...rows.map((row) => row[1])]);
  const cosines = rows.map((_, index) => {
    const [a, b] = [index * dim, (rows.length + index) * dim];
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = 0; i < dim; i++) {
      ab += vectors[a + i] * vectors[b + i];
      aa += vectors[a + i] ** 2;
      bb += vectors[b + i] ** 2;
    }
    return ab / Math.sqrt(aa * bb);
  });
  return spearman(
    cosines,
    rows.map((row) => Number(row[2])),
  );
}
