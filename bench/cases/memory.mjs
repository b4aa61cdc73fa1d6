// Memory over a long stream of short texts: it must stay flat, and a warm engine must ask the system for nothing. The
// first twentieth warms up; growth and pool misses are counted after it.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SentenceEncoder } from '../../dist/index.js';
import { corpus } from '../corpora.mjs';
import { readJob } from '../peers/job.mjs';

const marks = 20;
const job = readJob({ threads: 2, texts: 1_000_000 });
const source = await corpus('snli', Number.POSITIVE_INFINITY, job);
const encoder = await SentenceEncoder.load(job.model, { threads: job.threads, maxLength: 256 });

function* repeated() {
  for (let index = 0; index < job.texts; index++) yield source[index % source.length];
}

const samples = [];
let batches = 0;
let tokens = 0;
function sample(texts) {
  const { poolMisses, bytesHeld, liveTensors } = encoder.engine.stats();
  const { rss, heapUsed } = process.memoryUsage();
  samples.push({
    texts,
    seconds: (performance.now() - begin) / 1000,
    batches,
    rss,
    heapUsed,
    poolMisses,
    bytesHeld,
    liveTensors,
  });
  const share = Math.round((100 * texts) / job.texts);
  console.error(`memory: ${share} %, RSS ${(rss / 1e6).toFixed(0)} MB, ${poolMisses} pool misses`);
}

const histogram = monitorEventLoopDelay({ resolution: 1 });
const begin = performance.now();
for await (const chunk of encoder.encodeStream(repeated())) {
  batches++;
  tokens += chunk.tokens;
  const done = chunk.start + chunk.length;
  if (done < ((samples.length + 1) * job.texts) / marks) continue;
  sample(done);
  if (samples.length === 1) histogram.enable();
}
histogram.disable();

const [warm] = samples;
const last = samples.at(-1);
const seconds = (performance.now() - begin) / 1000;
const warmBatches = last.batches - warm.batches;
if (warmBatches === 0) throw new Error(`${job.texts} texts are one batch only: pass a larger --texts`);
console.log(
  JSON.stringify({
    texts: job.texts,
    tokens,
    seconds,
    textsPerSecond: job.texts / seconds,
    tokensPerSecond: tokens / seconds,
    warmRss: warm.rss,
    lastRss: last.rss,
    maxRss: Math.max(...samples.map(({ rss }) => rss)),
    poolMissesPerBatch: (last.poolMisses - warm.poolMisses) / warmBatches,
    eventLoop: {
      p50: histogram.percentile(50) / 1e6,
      p99: histogram.percentile(99) / 1e6,
      max: histogram.max / 1e6,
    },
    samples,
  }),
);
