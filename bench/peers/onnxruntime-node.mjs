// ONNX Runtime in Node: native tokenizer, one padded batch per run, masked mean pooling and L2 norm over typed arrays.
//
// `onnx` and `batchSize` may be lists: every combination first runs on a sample of the texts, and the fastest one is
// measured, so that the peer stands at its best on the machine and the corpus at hand.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import ort from 'onnxruntime-node';
import { Tokenizer } from 'tokenizers';
import { median, readJob, readTexts, stsSpearman } from './job.mjs';

const sampleSize = 256;

const job = readJob({ batchSize: [32, 8, 64], order: 'arrival', threads: 2, repeats: 5, maxLength: 256 });
const texts = readTexts(job.texts);
const tokenizer = Tokenizer.fromFile(join(job.model, 'tokenizer.json'));
tokenizer.disablePadding();
tokenizer.setTruncation(job.maxLength);

const openSession = (file) =>
  ort.InferenceSession.create(file, {
    executionProviders: ['cpu'],
    intraOpNumThreads: job.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
  });

/** Token ids of every text: an array of number arrays. */
async function tokenize(sentences) {
  const result = [];
  for (let start = 0; start < sentences.length; start += 1024) {
    const encodings = await tokenizer.encodeBatch(sentences.slice(start, start + 1024));
    for (const encoding of encodings) result.push(encoding.getIds());
  }
  return result;
}

/** Indices of the texts, cut in batches; `sorted` puts the longest first, over all texts. */
function makeBatches(ids, order, size) {
  const indices = ids.map((_, index) => index);
  if (order === 'sorted') indices.sort((a, b) => ids[b].length - ids[a].length);
  const batches = [];
  for (let start = 0; start < indices.length; start += size) batches.push(indices.slice(start, start + size));
  return batches;
}

function makeFeeds(ids, batch, length) {
  const dims = [batch.length, length];
  const inputIds = new BigInt64Array(batch.length * length); // [PAD] is 0
  const mask = new BigInt64Array(batch.length * length);
  batch.forEach((index, row) => {
    const tokens = ids[index];
    const start = row * length;
    for (let at = 0; at < tokens.length; at++) inputIds[start + at] = BigInt(tokens[at]);
    mask.fill(1n, start, start + tokens.length);
  });
  return {
    input_ids: new ort.Tensor('int64', inputIds, dims),
    attention_mask: new ort.Tensor('int64', mask, dims),
    token_type_ids: new ort.Tensor('int64', new BigInt64Array(batch.length * length), dims),
  };
}

/** Mean over the real tokens, then L2 norm; `hidden` is [rows, length, dim], the result goes to row `index` of `out`. */
function pool(hidden, row, length, dim, count, out, index) {
  const target = out.subarray(index * dim, (index + 1) * dim);
  for (let token = 0; token < count; token++) {
    const from = (row * length + token) * dim;
    for (let i = 0; i < dim; i++) target[i] += hidden[from + i];
  }
  let squares = 0;
  for (let i = 0; i < dim; i++) squares += target[i] * target[i];
  const scale = 1 / Math.max(Math.sqrt(squares), 1e-12); // the mean's divisor cancels
  for (let i = 0; i < dim; i++) target[i] *= scale;
}

/** Sentence vectors [texts, dim] in the order of the texts, with the tokens computed and the real ones. */
async function embed(session, sentences, order, batchSize) {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  const ids = await tokenize(sentences);
  const tokenizeSeconds = (performance.now() - begin) / 1000;
  let vectors;
  let dim = 0;
  let tokens = 0;
  for (const batch of makeBatches(ids, order, batchSize)) {
    const length = batch.reduce((longest, index) => Math.max(longest, ids[index].length), 0);
    const output = (await session.run(makeFeeds(ids, batch, length))).last_hidden_state;
    dim = output.dims[2];
    vectors ??= new Float32Array(sentences.length * dim);
    for (const [row, index] of batch.entries()) {
      pool(output.data, row, length, dim, ids[index].length, vectors, index);
    }
    tokens += batch.length * length;
    output.dispose?.();
  }
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const realTokens = ids.reduce((sum, row) => sum + row.length, 0);
  return {
    vectors,
    dim,
    tokens,
    realTokens,
    tokenizeSeconds,
    seconds,
    cores: (user + system) / 1e6 / seconds,
  };
}

/** The fastest of all graphs and batch sizes on a sample spread over the corpus (one run to warm up, best of two). */
async function choose(files, sizes) {
  const step = Math.max(1, Math.floor(texts.length / sampleSize));
  const sample = texts.filter((_, index) => index % step === 0).slice(0, sampleSize);
  const sessions = new Map();
  const tried = [];
  for (const file of files) sessions.set(file, await openSession(file));
  if (files.length * sizes.length > 1) {
    for (const file of files)
      for (const batchSize of sizes) tried.push({ file, batchSize, seconds: Infinity });
    for (const timed of [false, true, true]) {
      for (const entry of tried) {
        const { seconds } = await embed(sessions.get(entry.file), sample, job.order, entry.batchSize);
        if (timed) entry.seconds = Math.min(entry.seconds, seconds);
      }
    }
    tried.sort((a, b) => a.seconds - b.seconds);
  }
  const { file, batchSize } = tried[0] ?? { file: files[0], batchSize: sizes[0] };
  return { file, batchSize, session: sessions.get(file), tried };
}

const { file, batchSize, session, tried } = await choose([job.onnx].flat(), [job.batchSize].flat());
const runs = [];
for (let repeat = 0; repeat <= job.repeats; repeat++) {
  const run = await embed(session, texts, job.order, batchSize);
  if (repeat > 0 || job.repeats === 0) runs.push(run); // the first one warms up
}
const last = runs.at(-1);
if (job.vectors) writeFileSync(job.vectors, last.vectors);

const require = createRequire(import.meta.url);
const version = (name) => require(`${name}/package.json`).version;
const encode = async (sentences) => (await embed(session, sentences, 'sorted', batchSize)).vectors;
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
    tried: tried.map((entry) => ({
      graph: basename(entry.file),
      batchSize: entry.batchSize,
      seconds: entry.seconds,
    })),
    quality: job.stsb ? { stsSpearman: await stsSpearman(job.stsb, encode, last.dim) } : {},
  }),
);
