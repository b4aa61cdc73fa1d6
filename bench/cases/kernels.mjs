// Kernels against what the processor can do: matrix products and attention against the peak of a loop that touches
// registers only, of the instruction that they use, layer norm against a plain sum with the same memory traffic. The yardstick is measured right before
// and after each measurement, in rounds over all kernels, because on a shared machine it changes from second to second.

import { Engine } from '../../dist/index.js';
import { runProgram } from '../child.mjs';
import { readJob } from '../peers/job.mjs';
import { geometricMean, median, summary } from '../statistics.mjs';
import { attentionShapes, attentionTrainingShapes, kernelsOf } from './kernel-shapes.mjs';

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
    : () => engine.measurePeak(kernel.precision);
  if (kernel.memory) await yardstick(); // warms up
  const before = await yardstick();
  const seconds = await secondsPerCall(engine, kernel.queue, calls);
  const limit = (before + (await yardstick())) / 2;
  await kernel.output.rows(0, 1).data(); // rejects if a call has failed
  const rate = (kernel.flops ?? kernel.bytes) / seconds;
  return { rate, limit, share: rate / limit };
}

async function measureAll(engine, rows) {
  for (const [index, make] of kernelsOf(engine).entries()) {
    const kernel = make(engine);
    const measured = await measure(engine, kernel);
    for (const tensor of kernel.tensors) tensor.dispose();
    rows[index] ??= {
      kind: kernel.kind,
      precision: kernel.precision,
      shape: kernel.shape,
      unit: kernel.flops ? rateUnit(kernel) : 'GB/s',
      runs: [],
    };
    rows[index].runs.push(measured);
  }
}

const rateUnit = ({ precision }) => (precision === 'int8' ? 'GOP/s' : 'GFLOP/s');

function summed(backend, { runs, ...row }) {
  return {
    backend,
    ...row,
    rate: summary(runs.map(({ rate }) => rate / 1e9)),
    limit: summary(runs.map(({ limit }) => limit / 1e9)),
    share: summary(runs.map(({ share }) => share)),
  };
}

const isSame = (row) => (other) =>
  ['kind', 'shape', 'precision'].every((key) => `${other[key]}` === `${row[key]}`);

/** Torch's attention on the same shapes, in its own process, once per round. */
async function torchRound(rounds, precision) {
  for (const { kind, pass, shapes } of [
    { kind: 'attention', pass: 'forward', shapes: attentionShapes.filter(([, , length]) => length > 100) },
    { kind: 'attention, forward + backward, dropout', pass: 'dropout', shapes: attentionTrainingShapes },
  ]) {
    const { cases, versions } = await runProgram('peers/torch-attention.py', {
      threads: job.threads,
      python: job.peers.python,
      shapes,
      dtype: precision,
      passes: [pass],
      repeats: 3,
    });
    for (const { shape, gflops } of cases) {
      const found = rounds.find(isSame({ kind, shape, precision }));
      if (found) found.rates.push(gflops);
      else rounds.push({ kind, shape, precision, versions, rates: [gflops] });
    }
  }
}

/** Beside our row of the same kind and shape: torch's rate, and the ratio as medians and per round. */
function addTorch(rows, torch) {
  for (const { rates, versions, ...own } of torch) {
    for (const row of rows.filter(isSame(own))) {
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
const torchPrecisions = engines.some(({ nativeBFloat16 }) => nativeBFloat16)
  ? ['float32', 'bfloat16']
  : ['float32'];
for (let round = 0; round < job.repeats; round++) {
  console.error(`kernels: round ${round + 1} of ${job.repeats}`);
  for (const engine of engines) await measureAll(engine, measured.get(engine));
  for (const precision of job.peers.torch ? torchPrecisions : []) await torchRound(torch, precision);
}
const kernelRows = engines.flatMap((engine) =>
  measured.get(engine).map((row) => summed(engine.backend, row)),
);
addTorch(kernelRows, torch);
const gemmMeans = engines.flatMap(({ backend }) =>
  ['float32', 'int8', 'bfloat16'].flatMap((precision) => {
    const shares = kernelRows
      .filter((row) => row.backend === backend && row.precision === precision && row.kind === 'gemm')
      .map(({ share }) => share.median);
    return shares.length === 0 ? [] : [{ backend, precision, shareOfPeak: geometricMean(shares) }];
  }),
);
const absent = backends
  .filter(({ available }) => !available)
  .map(({ name, reason }) => ({ peer: name, reason }));
console.log(JSON.stringify({ kernels: kernelRows, gemmMeans, missing: absent }));
