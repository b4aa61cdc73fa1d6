// One short query, end to end: what a search box waits for. The engines of the encode case, in each of their precisions,
// take turns in chunks of calls, one call after the other; a few calls before each chunk wake up what slept meanwhile.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contestants, takeTurns } from '../peers/contestants.mjs';
import { readJob } from '../peers/job.mjs';
import { median, quantile, summary } from '../statistics.mjs';

const query = 'how do I renew my passport from another country?';
const calls = 20; // in a chunk
const chunks = 10;
const job = readJob({ threads: 2 });

/** Medians of each chunk. */
const perChunk = (seconds) =>
  Array.from({ length: chunks }, (_, chunk) => median(seconds.slice(chunk * calls, (chunk + 1) * calls)));

/** How many times faster `ours` is than another, by medians and chunk by chunk. */
function ratios(seconds, ours) {
  const own = perChunk(ours.seconds);
  return {
    ratio: median(seconds) / median(ours.seconds),
    perRound: summary(perChunk(seconds).map((value, chunk) => value / own[chunk])),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'likewise-bench-'));
try {
  const { threads, model, peers } = job;
  const texts = join(folder, 'query.json');
  writeFileSync(texts, JSON.stringify([query]));
  const shared = {
    threads,
    model,
    texts,
    batchSize: 1,
    trials: calls,
    calls,
    warm: 5,
    peak: false,
    maxLength: 256,
  };
  const entries = contestants(peers, shared, ['arrival']);
  const results = await takeTurns(entries, { label: 'latency', repeats: chunks });
  const [ours, oursInt8] = results;
  const engines = results.map(({ seconds, ...result }, index) => ({
    ...result,
    engine: entries[index].engine.replace(', arrival', ''),
    precision: entries[index].precision,
    calls: seconds.length,
    p50: 1000 * quantile(seconds, 0.5),
    p95: 1000 * quantile(seconds, 0.95),
    min: 1000 * Math.min(...seconds),
    max: 1000 * Math.max(...seconds),
    ...(index !== 0 && { against: ratios(seconds, ours) }),
    ...(index !== 1 && { againstInt8: ratios(seconds, oursInt8) }),
  }));
  console.log(JSON.stringify({ query, engines }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
