// ONNX Runtime's Node addon, as `onnx-encoder.mjs` uses it.
//
// `onnx` and `batchSize` may be lists: every combination first runs on a sample of the texts, and the fastest one is
// measured, so that the peer stands at its best on the machine and the corpus at hand. With `choose` that is all it does,
// so that a process of its own, which has loaded one graph only, can be measured with the settings chosen.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { median } from '../statistics.mjs';
import { readJob, readTexts, residentBytes, rounds, stsSpearman } from './job.mjs';
import { OnnxEncoder } from './onnx-encoder.mjs';

const job = readJob({
  batchSize: [32, 8, 64],
  order: 'arrival',
  threads: 2,
  repeats: 5,
  maxLength: 256,
  sample: 256,
  trials: 2,
});
const texts = readTexts(job.texts);

/** The fastest of all graphs and batch sizes on a sample spread over the corpus (one run to warm up, best of `trials`). */
async function choose(files, sizes) {
  const step = Math.max(1, Math.floor(texts.length / job.sample));
  const sample = texts.filter((_, index) => index % step === 0).slice(0, job.sample);
  const encoders = new Map();
  const tried = [];
  for (const file of files) encoders.set(file, await OnnxEncoder.open(file, job));
  if (files.length * sizes.length > 1) {
    for (const file of files)
      for (const batchSize of sizes) tried.push({ file, batchSize, seconds: Infinity });
    for (let trial = 0; trial <= job.trials; trial++) {
      for (const entry of tried) {
        const { seconds } = await encoders.get(entry.file).embed(sample, job.order, entry.batchSize);
        if (trial > 0) entry.seconds = Math.min(entry.seconds, seconds);
      }
    }
    tried.sort((a, b) => a.seconds - b.seconds);
  }
  const { file, batchSize } = tried[0] ?? { file: files[0], batchSize: sizes[0] };
  return {
    file,
    batchSize,
    encoder: encoders.get(file),
    tried: tried.map((entry) => ({ ...entry, file: basename(entry.file) })),
  };
}

const { file, batchSize, encoder, tried } = await choose([job.onnx].flat(), [job.batchSize].flat());
if (job.choose) {
  console.log(JSON.stringify({ settings: { onnx: file, batchSize }, tried }));
  process.exit(0);
}
const loaded = residentBytes();
const runs = [];
for await (const timed of rounds(job)) {
  const run = await encoder.embed(texts, job.order, batchSize);
  if (timed) runs.push(run);
}
const resident = { loaded, last: residentBytes() };
const last = runs.at(-1);
if (job.vectors) writeFileSync(job.vectors, last.vectors);

const require = createRequire(import.meta.url);
const version = (name) => require(`${name}/package.json`).version;
const encode = async (sentences) => (await encoder.embed(sentences, job.order, batchSize)).vectors;
console.log(
  JSON.stringify({
    peer: 'onnxruntime-node',
    versions: {
      node: process.versions.node,
      'onnxruntime-node': version('onnxruntime-node'),
      tokenizers: version('tokenizers'),
    },
    graph: basename(file),
    order: job.order,
    batchSize,
    threads: job.threads,
    texts: texts.length,
    tokens: last.tokens,
    realTokens: last.realTokens,
    dim: last.dim,
    seconds: runs.map((run) => run.seconds),
    tokenizeSeconds: runs.map((run) => run.tokenizeSeconds),
    cores: runs.map((run) => run.cores),
    medianSeconds: median(runs.map((run) => run.seconds)),
    resident,
    quality: job.stsb ? { stsSpearman: await stsSpearman(job.stsb, encode, last.dim) } : {},
  }),
);
