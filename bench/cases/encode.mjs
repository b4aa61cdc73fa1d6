// Texts per second, from strings to normalised vectors, tokenization included for everybody: Likewise, onnxruntime-node
// (texts in arrival order and sorted by length), both in float32 and in int8, sentence-transformers (sorts by itself) and
// llama.cpp take turns on the same texts, round after round. Where the processor multiplies in bfloat16, Likewise and
// sentence-transformers take part in that too. Beside the speed stand the quality, STS-B and how far the vectors are from
// those of Likewise in float32, and each process's resident size.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tokenizer } from 'tokenizers';
import { corpus } from '../corpora.mjs';
import { contestants, ourPrecisions, takeTurns } from '../peers/contestants.mjs';
import { readJob } from '../peers/job.mjs';
import { median, summary } from '../statistics.mjs';

/** `sample`: texts on which onnxruntime-node chooses its graph and batch size, and llama.cpp its batch. */
const corpora = [
  { name: 'fixed-128', count: 256, sample: 64, orders: ['arrival'] },
  { name: 'snli', count: 2000, sample: 256, orders: ['sorted', 'arrival'] },
  { name: 'passages', count: 256, sample: 64, orders: ['sorted', 'arrival'] },
];
const qualityCorpus = 'snli'; // STS-B does not depend on the corpus, so it is encoded with one of them only
const maxLength = 256;

const job = readJob({ threads: 2, repeats: 5, scale: 1 });
const precisions = ourPrecisions(job.peers);
const folder = mkdtempSync(join(tmpdir(), 'likewise-bench-'));
const stsb = join(job.data, 'stsb-multi-mt', 'stsb-en-dev.csv');

/** Floating-point operations that the real tokens need: linear layers and attention, nothing else. */
async function flopsOf(texts) {
  const config = JSON.parse(readFileSync(join(job.model, 'config.json'), 'utf8'));
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers } = config;
  const tokenizer = Tokenizer.fromFile(join(job.model, 'tokenizer.json'));
  tokenizer.disablePadding();
  tokenizer.setTruncation(maxLength);
  const lengths = (await tokenizer.encodeBatch(texts)).map((encoding) => encoding.getLength());
  const flops = (length) =>
    layers * length * (2 * (4 * hidden * hidden + 2 * hidden * inner) + 4 * hidden * length);
  return lengths.reduce((sum, length) => sum + flops(length), 0);
}

/** The programs that take turns, each with a file for its vectors. */
function entriesOf({ name, orders, sample }) {
  const { threads, model, peers } = job;
  const shared = { threads, model, maxLength, sample, texts: join(folder, `${name}.json`) };
  if (name === qualityCorpus && existsSync(stsb)) shared.stsb = stsb;
  return contestants(peers, shared, orders).map((entry, index) => {
    const vectors = join(folder, `${name}-${index}.f32`);
    const own = { ...entry.job, vectors };
    // In float32 the order does not change the vectors' quality; in int8 a text's vector depends on its batch.
    if (entry.precision === 'float32' && own.order === 'arrival') delete own.stsb;
    return { ...entry, vectors, job: own };
  });
}

/** The largest difference of a component, and the largest angle between two vectors of a text in degrees. */
function distance(file, ours, dim) {
  const [a, b] = [file, ours].map((path) => {
    const { buffer, byteOffset, length } = readFileSync(path);
    return new Float32Array(buffer.slice(byteOffset, byteOffset + length));
  });
  if (a.length !== b.length)
    throw new Error(`vectors of different shapes: ${a.length} and ${b.length} numbers`);
  const maxDifference = a.reduce((most, value, index) => Math.max(most, Math.abs(value - b[index])), 0);
  let least = 1;
  for (let start = 0; start < a.length; start += dim) {
    let [ab, aa, bb] = [0, 0, 0];
    for (let i = start; i < start + dim; i++) {
      ab += a[i] * b[i];
      aa += a[i] ** 2;
      bb += b[i] ** 2;
    }
    least = Math.min(least, ab / Math.sqrt(aa * bb));
  }
  return { maxDifference, maxAngle: (Math.acos(least) * 180) / Math.PI };
}

/** How many times faster `ours` is than another, by medians and round by round. */
function ratios(seconds, ours) {
  return {
    ratio: median(seconds) / median(ours.seconds),
    perRound: summary(seconds.map((value, round) => value / ours.seconds[round])),
  };
}

async function measure(entry) {
  const count = Math.max(8, Math.round(entry.count * job.scale));
  const texts = await corpus(entry.name, count, { data: job.data, model: job.model });
  writeFileSync(join(folder, `${entry.name}.json`), JSON.stringify(texts));
  const flops = await flopsOf(texts);
  const entries = entriesOf(entry);
  const results = await takeTurns(entries, { label: entry.name, repeats: job.repeats });
  const [ours, oursInt8] = results;
  const engines = results.map(({ seconds, ...result }, index) => ({
    ...result,
    engine: entries[index].engine,
    precision: entries[index].precision,
    seconds: summary(seconds),
    textsPerSecond: summary(seconds.map((value) => texts.length / value)),
    tokensPerSecond: summary(seconds.map((value) => ours.realTokens / value)),
    shareOfPeak: summary(
      seconds.map((value, round) => {
        const { peaks } = results[precisions.indexOf(entries[index].precision)];
        return flops / value / peaks[round];
      }),
    ),
    ...(index !== 0 && {
      against: ratios(seconds, ours),
      ...distance(entries[index].vectors, entries[0].vectors, ours.dim),
    }),
    ...(index !== 1 && { againstInt8: ratios(seconds, oursInt8) }),
  }));
  const realTokens = ours.realTokens;
  return { corpus: entry.name, texts: texts.length, realTokens, flops, peaks: ours.peaks, engines };
}

try {
  const results = [];
  for (const entry of corpora) results.push(await measure(entry));
  const missing = existsSync(stsb) ? [] : [{ peer: 'STS-B quality', reason: `no file ${stsb}` }];
  console.log(JSON.stringify({ corpora: results, missing }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
