// How long one query takes while the same process encodes in bulk: alone, and beside `encode` of many texts, `encodeStream`
// and a second encoder on the same engine; and what the queries cost the bulk. A program of the event-loop case.
//
//   node cases/query-beside-bulk.mjs '{"model":"…","threads":2,"seconds":20}'

import { setTimeout } from 'node:timers/promises';
import { SentenceEncoder } from '../../dist/index.js';
import { corpus } from '../corpora.mjs';
import { readJob } from '../peers/job.mjs';
import { median, quantile } from '../statistics.mjs';

const query = 'how do I renew my passport from another country?';
const pause = 100; // milliseconds between queries
const rounds = 3; // in which the bulk runs alone and beside queries in turns
const job = readJob({ threads: 2, seconds: 20, corpus: 'passages' });

const texts = await corpus(job.corpus, 6000, job);
const load = () => SentenceEncoder.load(job.model, { threads: job.threads, maxLength: 256 });
const encoder = await load();
const second = await load();

/** `encode` of all texts, over and over until the signal; `count` is told how many more have been encoded. */
async function encodeWith(any, signal, count) {
  while (!signal.aborted) {
    let before = 0;
    const onProgress = ({ texts: now }) => {
      count(now - before);
      before = now;
    };
    await any.encode(texts, { signal, onProgress }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
}

async function streamWith(any, signal, count) {
  while (!signal.aborted) {
    for await (const chunk of any.encodeStream(texts)) {
      count(chunk.length);
      if (signal.aborted) break;
    }
  }
}

const bulks = {
  encode: (...rest) => encodeWith(encoder, ...rest),
  encodeStream: (...rest) => streamWith(encoder, ...rest),
  'encode of a second encoder': (...rest) => encodeWith(second, ...rest),
};

/** Milliseconds of queries, one after another with pauses, for so long. */
async function ask(seconds) {
  const times = [];
  const end = performance.now() + 1000 * seconds;
  while (performance.now() < end) {
    const begin = performance.now();
    await encoder.encode(query);
    times.push(performance.now() - begin);
    await setTimeout(pause * (0.5 + Math.random()));
  }
  return times;
}

/** Bulk work for so long, beside `other`: texts per second, and what `other` gave. */
async function runBulk(bulk, other) {
  const stop = new AbortController();
  let begin;
  let done = 0;
  const working = bulk(stop.signal, (count) => {
    begin ??= performance.now(); // the first batch has landed: all is warm
    done += count;
  });
  while (begin === undefined) await setTimeout(1);
  done = 0;
  const result = await other();
  const rate = done / ((performance.now() - begin) / 1000);
  stop.abort();
  await working;
  return { rate, result };
}

const part = job.seconds / (2 * rounds);
await ask(1);
const idle = await ask(job.seconds / 4);
const beside = [];
for (const [name, bulk] of Object.entries(bulks)) {
  console.error(`query-beside-bulk: ${name}`);
  const times = [];
  const rates = { alone: [], besideQueries: [] };
  for (let round = 0; round < rounds; round++) {
    rates.alone.push((await runBulk(bulk, () => setTimeout(1000 * part))).rate);
    const { rate, result } = await runBulk(bulk, () => ask(part));
    rates.besideQueries.push(rate);
    times.push(...result);
  }
  beside.push({
    bulk: name,
    queries: times.length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    max: Math.max(...times),
    textsPerSecondAlone: median(rates.alone),
    textsPerSecond: median(rates.besideQueries),
    // what the queries need when nothing else runs
    queriesShare: (times.length * quantile(idle, 0.5)) / (1000 * rounds * part),
  });
}
console.log(
  JSON.stringify({
    query,
    idle: { queries: idle.length, p50: quantile(idle, 0.5), p99: quantile(idle, 0.99) },
    beside,
  }),
);
