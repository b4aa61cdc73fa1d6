// Kernels against what the processor can do: matrix products and attention against the peak of a loop that touches
// registers only, layer norm against a plain sum with the same memory traffic. The yardstick is measured right before
// and after each measurement, in rounds over all kernels, because on a shared machine it changes from second to second.

import { Engine } from '../../dist/index.js';
import { runProgram } from '../child.mjs';
import { readJob } from '../peers/job.mjs';
import { geometricMean, median, summary } from '../statistics.mjs';
import { attentionShapes, attentionTrainingShapes, kernels } from './kernel-shapes.mjs';

const secondsPerMeasurement = 0.12;
const mostCalls = 4096;
const job = readJob({ threads: 2, repeats: 5 });

/** Seconds per call of many that are queued at once, so that queueing costs nothing. */
async function secondsPerCall(engine, queue, calls) {
  await engine.ready(0);
  const begin = performance.now();
  for (let call = 0; call < calls; call++) queue();
  await engine.ready(0);
  return (performance.now() - begin) / 1000 / calls;
}

/** Warms up, and gives the number of calls that fill a measurement. */
async function callsToFill(engine, queue) {
  await secondsPerCall(engine, queue, 2);
  const calls = Math.round(secondsPerMeasurement / (await secondsPerCall(engine, queue, 2)));
  return Math.min(mostCalls, Math.max(2, calls));
}

/** One measurement: the rate, the yardstick's rate around it, and their ratio. */
async function measure(engine, kernel) {
  const calls = await callsToFill(engine, kernel.queue);
  const yardstick = kernel.memory
    ? async () => kernel.bytes / (await secondsPerCall(engine, kernel.memory, calls))
    : () => engine.measurePeak();
  if (kernel.memory) await yardstick(); // warms up
  const before = await yardstick();
  const seconds = await secondsPerCall(engine, kernel.queue, calls);
  const limit = (before + (await yardstick())) / 2;
  await kernel.output.rows(0, 1).data(); // rejects if a call has failed
  const rate = (kernel.flops ?? kernel.bytes) / seconds;
  return { rate, limit, share: rate / limit };
}

async function measureAll(engine, rows) {
  for (const [index, make] of kernels.entries()) {
    const kernel = make(engine);
    const measured = await measure(engine, kernel);
    for (const tensor of kernel.tensors) tensor.dispose();
    rows[index] ??= {
      kind: kernel.kind,
      shape: kernel.shape,
      unit: kernel.flops ? 'GFLOP/s' : 'GB/s',
      runs: [],
    };
    rows[index].runs.push(measured);
  }
}

function summed(backend, { runs, ...row }) {
  return {
    backend,
    ...row,
    rate: summary(runs.map(({ rate }) => rate / 1e9)),
    limit: summary(runs.map(({ limit }) => limit / 1e9)),
    share: summary(runs.map(({ share }) => share)),
  };
}

/** Torch's attention on the same shapes, in its own process, once per round. */
async function torchRound(rounds) {
  for (const { kind, pass, shapes } of [
    { kind: 'attention', pass: 'forward', shapes: attentionShapes.filter(([, , length]) => length > 100) },
    { kind: 'attention, forward + backward, dropout', pass: 'dropout', shapes: attentionTrainingShapes },
  ]) {
    const { cases, versions } = await runProgram('peers/torch-attention.py', {
      threads: job.threads,
      python: job.peers.python,
      shapes,
      passes: [pass],
      repeats: 3,
    });
    for (const { shape, gflops } of cases) {
      const found = rounds.find((row) => row.kind === kind && `${row.shape}` === `${shape}`);
      if (found) found.rates.push(gflops);
      else rounds.push({ kind, shape, versions, rates: [gflops] });
    }
  }
}

/** Beside our row of the same kind and shape: torch's rate, and the ratio as medians and per round. */
function addTorch(rows, torch) {
  for (const { kind, shape, rates, versions } of torch) {
    for (const row of rows.filter((own) => own.kind === kind && `${own.shape}` === `${shape}`)) {
      const perRound = summary(row.rate.values.map((rate, round) => rate / rates[round]));
      row.torch = { versions, rate: summary(rates), ratio: row.rate.median / median(rates), perRound };
    }
  }
}

const described = new Engine({ threads: job.threads });
const { backends } = described.description;
described.dispose();
const engines = backends
  .filter(({ name, available }) => available && !['reference', 'mock'].includes(name))
  .map(({ name }) => new Engine({ backend: name, threads: job.threads }));
const measured = new Map(engines.map((engine) => [engine, []]));
const torch = [];
for (let round = 0; round < job.repeats; round++) {
  console.error(`kernels: round ${round + 1} of ${job.repeats}`);
  for (const engine of engines) await measureAll(engine, measured.get(engine));
  if (job.peers.torch) await torchRound(torch);
}
const kernelRows = engines.flatMap((engine) =>
  measured.get(engine).map((row) => summed(engine.backend, row)),
);
addTorch(kernelRows, torch);
const gemmMeans = engines.map(({ backend }) => {
  const shares = kernelRows.filter((row) => row.backend === backend && row.kind === 'gemm');
  return { backend, shareOfPeak: geometricMean(shares.map(({ share }) => share.median)) };
});
const absent = backends
  .filter(({ available }) => !available)
  .map(({ name, reason }) => ({ peer: name, reason }));
console.log(JSON.stringify({ kernels: kernelRows, gemmMeans, missing: absent }));
