// The covariance of 100,000 vectors of 768 components against np.cov, in rounds that alternate, and as a share of the
// multiply-add peak, counting N d² operations: the upper triangle is all there is to compute. With it the resident size
// while ten million rows stream through a fit, which must not grow.

import { Engine, Whitening } from '../../dist/index.js';
import { covariance } from '../../dist/kernels.js';
import { runProgram } from '../child.mjs';
import { readJob } from '../peers/job.mjs';
import { median, summary } from '../statistics.mjs';

const [rows, dim] = [100_000, 768];
const job = readJob({ threads: 2, repeats: 5, scale: 1 });
const engine = Engine.shared({ threads: job.threads });

function randomRows(count) {
  const data = new Float32Array(count * dim);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = 3 + state / 2 ** 32 - 0.5; // about a large common mean
  }
  return data;
}

async function measure(data) {
  const peak = await engine.measurePeak();
  const begin = performance.now();
  await covariance({ rows: data, dim, threads: job.threads });
  const seconds = (performance.now() - begin) / 1000;
  const limit = (peak + (await engine.measurePeak())) / 2;
  return { seconds, share: (rows * dim * dim) / seconds / limit };
}

const data = randomRows(rows);
const ours = [];
const peer = [];
await measure(data); // warms up
for (let round = 0; round < job.repeats; round++) {
  console.error(`covariance: round ${round + 1} of ${job.repeats}`);
  ours.push(await measure(data));
  if (!job.peers.numpy) continue;
  const { results } = await runProgram('peers/numpy-whitening.py', {
    python: job.peers.python,
    kind: 'covariance',
    rows,
    dims: [dim],
    threads: job.threads,
    repeats: 1,
  });
  peer.push(results[0].seconds['np.cov'][0]);
}

const streamed = Math.round(10_000_000 * job.scale);
const block = data.subarray(0, 10_000 * dim);
const samples = [];
async function* blocks() {
  for (let done = 0; done < streamed; done += 10_000) {
    if (done % Math.max(10_000, Math.round(streamed / 10 / 10_000) * 10_000) === 0) {
      samples.push({ rows: done, rss: process.memoryUsage.rss() });
      console.error(`covariance: ${done} rows of ${streamed}`);
    }
    yield { data: block, shape: [10_000, dim] };
  }
}
await Whitening.fit(blocks(), { threads: job.threads });
samples.push({ rows: streamed, rss: process.memoryUsage.rss() });

const seconds = ours.map((run) => run.seconds);
console.log(
  JSON.stringify({
    rows,
    dim,
    backend: engine.backend,
    seconds: summary(seconds),
    share: summary(ours.map(({ share }) => share)),
    ...(peer.length > 0 && {
      peer: summary(peer),
      ratio: median(peer) / median(seconds),
      perRound: summary(peer.map((value, round) => value / seconds[round])),
    }),
    samples,
  }),
);
