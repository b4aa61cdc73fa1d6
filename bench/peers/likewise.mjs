// Likewise itself, by the rules of its peers: the same job, the same clock from strings to vectors, in any precision. It also
// measures the processor's peak in that precision right before and after every call (`peak`), because a share of peak needs
// the peak of that very moment.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SentenceEncoder } from '../../dist/index.js';
import { packageVersion } from '../../dist/native/load.js';
import { median } from '../statistics.mjs';
import { readJob, readTexts, residentBytes, rounds, stsSpearman } from './job.mjs';

const job = readJob({ threads: 2, repeats: 5, maxLength: 256, precision: 'float32', peak: true });
const { precision, threads, maxLength } = job;
const texts = readTexts(job.texts);
const encoder = await SentenceEncoder.load(job.model, { threads, maxLength, precision });

const loaded = residentBytes();

const peakNow = () => (job.peak ? encoder.engine.measurePeak(precision) : undefined);

async function run() {
  const before = await peakNow();
  let tokens = 0;
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const { data } = await encoder.encode(texts, {
    onProgress: (progress) => {
      tokens = progress.tokens;
    },
  });
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peak = (before + (await peakNow())) / 2;
  return { data, tokens, seconds, cores: (user + system) / 1e6 / seconds, peak };
}

const runs = [];
for await (const timed of rounds(job)) {
  const result = await run();
  if (timed) runs.push(result);
}
const resident = { loaded, last: residentBytes() };
const last = runs.at(-1);
if (job.vectors) writeFileSync(job.vectors, last.data);

const encode = async (sentences) => (await encoder.encode(sentences)).data;
console.log(
  JSON.stringify({
    peer: 'likewise',
    versions: {
      node: process.versions.node,
      likewise: packageVersion(),
      tokenizers: createRequire(new URL('../../package.json', import.meta.url))('tokenizers/package.json')
        .version,
    },
    backend: encoder.engine.backend,
    precision: encoder.precision,
    order: 'arrival',
    threads: encoder.engine.threads,
    texts: texts.length,
    tokens: last.tokens, // no padding: all of them are real
    realTokens: last.tokens,
    dim: encoder.dimension,
    seconds: runs.map((entry) => entry.seconds),
    cores: runs.map((entry) => entry.cores),
    ...(job.peak && { peaks: runs.map((entry) => entry.peak) }),
    medianSeconds: median(runs.map((entry) => entry.seconds)),
    resident,
    quality: job.stsb ? { stsSpearman: await stsSpearman(job.stsb, encode, encoder.dimension) } : {},
  }),
);
