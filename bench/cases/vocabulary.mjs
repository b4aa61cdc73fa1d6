// The cross-entropy of masked words over a vocabulary with all gradients: the op by itself, forward and backward in one go, and
// as a training step has it, forward and then backward through the tape. Shares are of the measured peak, counting 6 P V d
// operations for P positions, V words and width d; torch takes turns, in a process of its own. States and table are the
// same numbers on both sides, and the mean loss stands beside the speed.

import { Engine } from '../../dist/index.js';
import { vocabularyLoss, vocabularyLossAndGradients } from '../../dist/ops/loss/vocabulary-loss.js';
import { mean } from '../../dist/ops/plain/reduce.js';
import { Tensor } from '../../dist/tensor/tensor.js';
import { backward, ParameterStore, withTape } from '../../dist/training.js';
import { Program } from '../child.mjs';
import { hashedNumbers } from '../numbers.mjs';
import { readJob } from '../peers/job.mjs';
import { summary } from '../statistics.mjs';

const job = readJob({
  threads: 2,
  repeats: 5,
  shapes: [
    [2048, 30522, 384],
    [2048, 30522, 768],
  ],
});

/** The op and the step as functions that end when everything has run, and give the mean loss. */
function contestants(engine, [positions, words, width], bfloat16) {
  const store = new ParameterStore(engine, [
    { names: ['table'], shape: [words, width] },
    { names: ['bias'], shape: [words] },
    { names: ['states'], shape: [positions, width] },
  ]);
  const values = (name) => store.parameter(name).value;
  store.parameter('states').load(hashedNumbers(positions * width, 0));
  store.parameter('table').load(hashedNumbers(words * width, positions * width, 0.1));
  const targets = Tensor.from(
    engine,
    Int32Array.from({ length: positions }, (_, i) => (i * 7919) % words),
  );
  const weights = Tensor.from(engine, new Float32Array(positions).fill(1 / positions));
  const lossOf = async (tensors) => {
    const losses = await tensors[0].data();
    for (const tensor of tensors) tensor.dispose();
    return losses.reduce((sum, loss) => sum + loss / losses.length, 0);
  };
  const [states, table, bias] = ['states', 'table', 'bias'].map(values);
  const gradients = Object.fromEntries(
    ['states', 'table', 'bias'].map((name) => [name, store.parameter(name).gradient]),
  );
  const views = ['states', 'table', 'bias'].map((name) => store.parameter(name).view());
  return {
    op: () => {
      const run = { bias, weights, gradients, bfloat16 };
      const { losses, hits } = vocabularyLossAndGradients(states, table, targets, run);
      return lossOf([losses, hits]);
    },
    step: () => {
      store.clearGradients();
      const loss = withTape(() => {
        const { losses } = vocabularyLoss(views[0], views[1], targets, { bias: views[2], bfloat16 });
        const total = mean(losses);
        backward(total);
        return total;
      });
      return lossOf([loss]);
    },
    dispose: () => {
      for (const part of [targets, weights, ...views, store]) part.dispose();
    },
  };
}

async function timed(engine, precision, shape, run) {
  const peak = () => engine.measurePeak(precision);
  await engine.ready(0);
  const before = await peak();
  const begin = performance.now();
  const loss = await run();
  const seconds = (performance.now() - begin) / 1000;
  const limit = (before + (await peak())) / 2;
  const [positions, words, width] = shape;
  return { seconds, limit: limit / 1e9, share: (6 * positions * words * width) / seconds / limit, loss };
}

async function compare(engine, shape, precision) {
  const torch =
    job.peers.torch &&
    new Program('peers/torch-vocabulary.py', {
      threads: job.threads,
      python: job.peers.python,
      shape,
      dtype: precision,
      interleaved: true,
    });
  await (torch || undefined)?.ready();
  const both = contestants(engine, shape, precision === 'bfloat16');
  await both.op(); // warms up
  const [ops, steps] = [[], []];
  for (let repeat = 0; repeat < job.repeats; repeat++) {
    ops.push(await timed(engine, precision, shape, both.op));
    steps.push(await timed(engine, precision, shape, both.step));
    if (torch) await torch.round();
  }
  both.dispose();
  const measured = torch ? await torch.finish() : undefined;
  const figures = (rounds) => ({
    seconds: summary(rounds.map(({ seconds }) => seconds)),
    share: summary(rounds.map(({ share }) => share)),
    loss: rounds[0].loss,
    ...(measured && {
      ratio: summary(rounds.map(({ seconds }, index) => measured.seconds[index] / seconds)),
    }),
  });
  return {
    shape,
    precision,
    limit: summary(ops.map(({ limit }) => limit)),
    op: figures(ops),
    step: figures(steps),
    ...(measured && { torch: { ...measured, seconds: summary(measured.seconds) } }),
  };
}

const engine = new Engine({ threads: job.threads });
const precisions = engine.nativeBFloat16 ? ['float32', 'bfloat16'] : ['float32'];
const vocabularies = [];
for (const shape of job.shapes) {
  for (const precision of precisions) {
    console.error(`vocabulary: ${shape.join(' x ')}, ${precision}`);
    vocabularies.push(await compare(engine, shape, precision));
  }
}
console.log(JSON.stringify({ vocabularies, maxRss: process.resourceUsage().maxRSS * 1024 }));
