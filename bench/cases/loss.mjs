// The contrastive loss with both gradients over as many queries as candidates, both directions: share of the measured
// peak, counting 8 B^2 d operations, and seconds beside torch's, in turns. Queries and candidates are the same numbers on
// both sides, and the loss that comes out stands beside the speed. The largest batch is run once, without torch, which
// would need more than 50 GB for it.

import { Engine } from '../../dist/index.js';
import { cosineSoftmaxLossAndGradients } from '../../dist/ops/loss/cosine-softmax-loss.js';
import { Tensor } from '../../dist/tensor/tensor.js';
import { runProgram } from '../child.mjs';
import { hashedNumbers } from '../numbers.mjs';
import { readJob } from '../peers/job.mjs';
import { summary } from '../statistics.mjs';

const job = readJob({
  threads: 2,
  repeats: 5,
  shapes: [
    [4096, 384],
    [16384, 384],
  ],
  largest: [65536, 384],
});
const scale = 20;
const wanted = { queries: true, candidates: true, scale: false };

async function measure(engine, [rows, width], repeats, afterEach) {
  const queries = Tensor.from(engine, hashedNumbers(rows * width, 0), [rows, width]);
  const candidates = Tensor.from(engine, hashedNumbers(rows * width, rows * width), [rows, width]);
  const result = { shape: [rows, width], seconds: [], shares: [], limits: [] };
  for (let repeat = 0; repeat < repeats; repeat++) {
    await engine.ready(0);
    const before = await engine.measurePeak();
    const begin = performance.now();
    const made = cosineSoftmaxLossAndGradients(queries, candidates, { scale, symmetric: true }, wanted);
    [result.loss] = await made.loss.data();
    const seconds = (performance.now() - begin) / 1000;
    const limit = (before + (await engine.measurePeak())) / 2;
    result.seconds.push(seconds);
    result.limits.push(limit / 1e9);
    result.shares.push((8 * rows * rows * width) / seconds / limit);
    for (const tensor of [made.loss, made.queryGradient, made.candidateGradient]) tensor.dispose();
    await afterEach?.();
  }
  queries.dispose();
  candidates.dispose();
  return result;
}

async function compare(engine, shape) {
  const torch = [];
  const round = async () => {
    const { cases } = await runProgram('peers/torch-loss.py', {
      threads: job.threads,
      python: job.peers.python,
      shapes: [shape],
      repeats: 1,
      scale,
    });
    torch.push(cases[0]);
  };
  const { seconds, shares, limits, ...result } = await measure(
    engine,
    shape,
    job.repeats,
    job.peers.torch && round,
  );
  return {
    ...result,
    seconds: summary(seconds),
    limit: summary(limits),
    share: summary(shares),
    ...(torch.length > 0 && {
      torch: {
        seconds: summary(torch.map((one) => one.seconds)),
        ratio: summary(torch.map((one, index) => one.seconds / seconds[index])),
        peakMemory: Math.max(...torch.map((one) => one.peakMemory)),
        loss: torch[0].loss,
      },
    }),
  };
}

const engine = new Engine({ threads: job.threads });
await measure(engine, [1024, 384], 2); // warms up
const losses = [];
for (const shape of job.shapes) {
  console.error(`loss: ${shape.join(' x ')}`);
  losses.push(await compare(engine, shape));
}
console.error(`loss: ${job.largest.join(' x ')}`);
const { seconds, shares, limits, ...largest } = await measure(engine, job.largest, 1);
losses.push({ ...largest, seconds: summary(seconds), limit: summary(limits), share: summary(shares) });
console.log(JSON.stringify({ losses, maxRss: process.resourceUsage().maxRSS * 1024 }));
