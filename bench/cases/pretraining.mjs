// A step of BERT's pretraining as the trainer takes it: masked words and next sentences, forward and backward, clipping and
// AdamW, with dropout 0.1 and from random weights. In float32, and where the processor multiplies in bfloat16 in that too,
// torch by its autocast. Both sides see the same token ids, segments and masked places, in turns. The share of peak, that of
// the precision, counts three times the multiply-adds that a forward pass needs.

import { Engine } from '../../dist/index.js';
import { createOptimizer } from '../../dist/optim/create-optimizer.js';
import { namedConfig } from '../../dist/tasks/pretraining/model-configurations.js';
import { forwardOf, PretrainingLearner } from '../../dist/tasks/pretraining/pretraining-learner.js';
import { TrainableModel } from '../../dist/tasks/pretraining/trainable-model.js';
import { queueStep } from '../../dist/train/step/step-queue.js';
import { Program } from '../child.mjs';
import { maskedPairs } from '../masked-pairs.mjs';
import { readJob } from '../peers/job.mjs';
import { median, summary } from '../statistics.mjs';

const job = readJob({
  threads: 2,
  repeats: 5,
  learningRate: 1e-4,
  weightDecay: 0.01,
  maxGradientNorm: 1,
  dropout: 0.1,
  sequences: 32,
  length: 128,
  masked: 19, // of each sequence: 15 %
  models: [
    { name: 'bert-base', steps: 1 }, // of a round
    { name: 'bert-mini', steps: 8 },
  ],
});
const vocabularySize = 30522;

/**
 * Multiply-adds times two of a forward pass: linear layers and attention's two products. Of the last layer only the states
 * at masked places and of first tokens are read, which need the others' keys and values and nothing else of them.
 */
function operations({ hiddenSize: h, intermediateSize: m, layers }) {
  const { sequences, length } = job;
  const tokens = sequences * length;
  const words = sequences * job.masked;
  const read = words + sequences;
  const inner = (layers - 1) * tokens * (4 * h * h + 2 * h * m + 2 * h * length);
  const last = tokens * 2 * h * h + read * (2 * h * h + 2 * h * m + 2 * h * length);
  const heads = words * (h * h + h * vocabularySize) + sequences * (h * h + 2 * h);
  return 2 * (inner + last + heads);
}

/** @returns `step`, which ends when the weights are updated and gives the loss, and `dispose` */
async function contestant(config, batch, precision) {
  const engine = new Engine({ threads: job.threads });
  const folder = { path: 'random weights', config };
  const options = { nextSentence: true, causal: false, seed: 1, precision, weights: 'random' };
  const model = await TrainableModel.load(engine, folder, options);
  const forward = forwardOf({ objectives: { maskedWords: 1, nextSentence: 1 } }, undefined);
  const parts = { config: { dropout: job.dropout, recompute: false }, model, forward, notes: [] };
  const learner = new PretrainingLearner({ ...parts, fingerprint: {} });
  const { weightDecay, maxGradientNorm, learningRate } = job;
  const optimizer = createOptimizer('adamw', learner.stores, { weightDecay, maxGradientNorm });
  const { sequences: examples, length } = job;
  const taken = { batches: [batch], examples, tokens: examples * length };
  let number = 0;
  return {
    engine,
    step: async () => {
      const place = { step: ++number, seed: 1, accumulation: 1, learningRate };
      const { result } = await queueStep(learner, optimizer, taken, place, () => false);
      const { loss } = await result;
      await engine.ready(0);
      return loss;
    },
    dispose: () => {
      optimizer.dispose();
      learner[Symbol.dispose]();
    },
  };
}

async function compare({ name, steps }, precision) {
  const config = namedConfig(name, vocabularySize, 0);
  const batch = maskedPairs(job);
  const { engine, step, dispose } = await contestant(config, batch, precision);
  const torch =
    job.peers.torch &&
    new Program('peers/torch-pretraining.py', {
      ...job,
      python: job.peers.python,
      config,
      batch: Object.fromEntries(Object.entries(batch).map(([part, values]) => [part, [...values]])),
      dtype: precision,
      interleaved: true,
      calls: steps,
    });
  const loss = await step(); // warms up
  if (torch) await torch.ready();
  const [seconds, limits] = [[], []];
  for (let round = 0; round < job.repeats; round++) {
    console.error(`pretraining: ${name}, ${precision}, round ${round + 1} of ${job.repeats}`);
    const before = await engine.measurePeak(precision);
    const begin = performance.now();
    for (let count = 0; count < steps; count++) await step();
    seconds.push((performance.now() - begin) / 1000 / steps);
    limits.push((before + (await engine.measurePeak(precision))) / 2);
    if (torch) await torch.round();
  }
  const peer = torch ? await torch.finish() : undefined;
  dispose();
  const theirs = peer && seconds.map((_, at) => median(peer.seconds.slice(at * steps, (at + 1) * steps)));
  return {
    name,
    precision,
    sequences: job.sequences,
    length: job.length,
    masked: batch.maskedPlaces.length,
    loss,
    seconds: summary(seconds),
    limit: summary(limits.map((limit) => limit / 1e9)),
    share: summary(seconds.map((one, at) => (3 * operations(config)) / one / limits[at])),
    ...(peer && {
      torch: {
        ...peer,
        seconds: summary(theirs),
        ratio: summary(theirs.map((one, at) => one / seconds[at])),
      },
    }),
  };
}

const probe = new Engine({ threads: job.threads });
const precisions = probe.nativeBFloat16 ? ['float32', 'bfloat16'] : ['float32'];
probe.dispose();
const pretraining = [];
for (const model of job.models)
  for (const precision of precisions) pretraining.push(await compare(model, precision));
console.log(JSON.stringify({ pretraining, maxRss: process.resourceUsage().maxRSS * 1024 }));
