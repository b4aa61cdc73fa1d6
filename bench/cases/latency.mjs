// One short query, end to end: what a search box waits for. Likewise and onnxruntime-node, with the same tokenizer
// package, take turns in chunks of calls, one call after the other.

import { SentenceEncoder } from '../../dist/index.js';
import { readJob } from '../peers/job.mjs';
import { median, quantile, summary } from '../statistics.mjs';

const query = 'how do I renew my passport from another country?';
const chunk = 20;
const job = readJob({ threads: 2, calls: 200 });

/** Milliseconds of each of `count` calls. */
async function times(encode, count) {
  const result = [];
  for (let call = 0; call < count; call++) {
    const begin = performance.now();
    await encode(query);
    result.push(performance.now() - begin);
  }
  return result;
}

/** The graph that answers fastest. */
async function openFastest(graphs) {
  const { OnnxEncoder } = await import('../peers/onnx-encoder.mjs');
  let best;
  for (const graph of graphs) {
    const encoder = await OnnxEncoder.open(graph, { ...job, maxLength: 256 });
    const encode = async (text) => (await encoder.embed([text], 'arrival', 1)).vectors;
    await times(encode, chunk);
    const milliseconds = median(await times(encode, chunk));
    if (best === undefined || milliseconds < best.milliseconds) best = { encode, milliseconds };
  }
  return best.encode;
}

const encoder = await SentenceEncoder.load(job.model, { threads: job.threads, maxLength: 256 });
const contestants = [{ engine: 'likewise', encode: (text) => encoder.encode(text), chunks: [] }];
if (job.peers.onnx) {
  contestants.push({ engine: 'onnxruntime-node', encode: await openFastest(job.peers.onnx), chunks: [] });
}
for (const { encode } of contestants) await times(encode, chunk);
for (let done = 0; done < job.calls; done += chunk) {
  for (const { encode, chunks } of contestants) chunks.push(await times(encode, chunk));
}

const [ours] = contestants;
const medians = (chunks) => chunks.map(median);
const vector = await ours.encode(query);
const engines = [];
for (const [index, { engine, encode, chunks }] of contestants.entries()) {
  const all = chunks.flat();
  const own = medians(ours.chunks);
  const other = index > 0 ? await encode(query) : vector;
  engines.push({
    engine,
    calls: all.length,
    p50: quantile(all, 0.5),
    p95: quantile(all, 0.95),
    min: Math.min(...all),
    max: Math.max(...all),
    ...(index > 0 && {
      ourRatio: quantile(all, 0.5) / quantile(ours.chunks.flat(), 0.5),
      ourRatioPerChunk: summary(medians(chunks).map((value, at) => value / own[at])),
      maxDifference: vector.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at])), 0),
    }),
  });
}
console.log(JSON.stringify({ query, engines }));
