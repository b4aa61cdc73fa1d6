// One step of unsupervised SimCSE in float32 (dropout 0.1, AdamW, [CLS] with its MLP head): an encoder of MiniLM's shape from
// random weights, on batches of one length and on real sentences laid end to end, which torch pads to the longest of each
// batch. Both sides see the same token ids, in turns; tokenization counts for neither. The share of peak counts three times
// the multiply-adds that the real tokens need in a forward pass.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../dist/index.js';
import { ParameterReader } from '../../dist/nn/parameter-reader.js';
import { Tokenizer } from '../../dist/tokenizer/tokenizer.js';
import {
  AdamW,
  backward,
  Encoder,
  encoderParameters,
  Linear,
  linearParameters,
  mixSeed,
  ParameterStore,
  Pooling,
  randomParameters,
  simcseUnsupervised,
  wholeBatch,
  withTape,
} from '../../dist/training.js';
import { Program } from '../child.mjs';
import { readJob } from '../peers/job.mjs';
import { summary } from '../statistics.mjs';

const job = readJob({ threads: 2, repeats: 5, learningRate: 3e-5, dropout: 0.1, temperature: 0.05 });

const config = {
  modelType: 'bert',
  vocabularySize: 30522,
  hiddenSize: 384,
  embeddingSize: 384,
  layers: 6,
  heads: 12,
  intermediateSize: 1536,
  activation: 'gelu_erf',
  layerNormEpsilon: 1e-12,
  maxPositions: 512,
  typeVocabularySize: 2,
  positionOffset: 0,
  padTokenId: 0,
};

/** Token ids that look random and are the same every time. */
function fixed(texts, length) {
  let state = 1;
  return Array.from({ length: texts }, () =>
    Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return 1000 + (state % 28000);
    }),
  );
}

async function sentences(count) {
  const lines = readFileSync(join(job.data, 'snli/s1.dev'), 'utf8').split('\n');
  const tokenizer = await Tokenizer.load(job.model, { maxLength: 32 });
  const { tokenIds, offsets } = await tokenizer.encode([...new Set(lines)].slice(0, count));
  return Array.from({ length: count }, (_, i) => [...tokenIds.subarray(offsets[i], offsets[i + 1])]);
}

/**
 * Multiply-adds times two of a forward pass over texts, both twins: linear layers and attention's two products. Of the last
 * layer [CLS] alone is read, which needs the others' keys and values and nothing else of them.
 */
function operations(texts) {
  const { hiddenSize: h, intermediateSize: m, layers } = config;
  const tokens = texts.flat().length;
  const inner = (layers - 1) * (tokens * (4 * h * h + 2 * h * m) + 2 * h * sum(texts, (n) => n * n));
  const last = tokens * 2 * h * h + texts.length * (2 * h * h + 2 * h * m) + 2 * h * tokens;
  return 2 * 2 * (inner + last);
}

const sum = (texts, of) => texts.reduce((total, ids) => total + of(ids.length), 0);

async function makeStep(engine) {
  const specs = [
    ...encoderParameters(config, { pooler: false }),
    ...linearParameters('mlp.dense', config.hiddenSize, config.hiddenSize),
  ];
  const store = new ParameterStore(engine, specs);
  const source = randomParameters(specs, 1);
  const encoder = await Encoder.load(engine, config, source, { trainable: store });
  const reader = new ParameterReader(engine, source, { prefix: 'mlp.dense.', trainable: store });
  const { hiddenSize: width } = config;
  const head = await Linear.load(reader, { inputs: width, outputs: width, activation: 'tanh' });
  const optimizer = new AdamW([store]);
  const objective = wholeBatch(simcseUnsupervised({ temperature: job.temperature }));
  const model = { encoder, pooling: new Pooling(['cls']), head };
  let number = 0;
  return async (texts) => {
    const offsets = Int32Array.from([0, ...texts.map(({ length }) => length)]);
    for (let i = 1; i < offsets.length; i++) offsets[i] += offsets[i - 1];
    const tokens = { tokenIds: Int32Array.from(texts.flat()), offsets };
    const { dropout } = job;
    const context = { dropout, attentionDropout: dropout, seed: mixSeed(1, number++) };
    const loss = withTape(() => {
      store.clearGradients();
      const made = objective(model, { examples: texts.length, columns: 1, tokens }, context).loss;
      backward(made);
      return made;
    });
    optimizer.step(job.learningRate, [loss]).dispose();
    const [value] = await loss.data();
    loss.dispose();
    await engine.ready(0);
    return value;
  };
}

const corpora = [
  { name: '2 x 64 x 32', texts: fixed(64, 32) },
  { name: '2 x 32 x 128', texts: fixed(32, 128) },
  { name: 'SNLI premises, 2 x 64', texts: await sentences(64) },
];
const engine = new Engine({ threads: job.threads });
const step = await makeStep(engine);
const torch =
  job.peers.torch &&
  new Program('peers/torch-training.py', {
    ...job,
    config,
    corpora: corpora.map(({ texts }) => texts),
    interleaved: true,
  });
await torch?.ready();
for (const { texts } of corpora) await step(texts);
const ours = corpora.map(() => []);
const limits = [];
for (let round = 0; round < job.repeats; round++) {
  console.error(`training: round ${round + 1} of ${job.repeats}`);
  const before = await engine.measurePeak();
  for (const [index, { texts }] of corpora.entries()) {
    const begin = performance.now();
    for (let i = 0; i < 3; i++) await step(texts);
    ours[index].push((performance.now() - begin) / 3000);
  }
  limits.push((before + (await engine.measurePeak())) / 2);
  await torch?.round();
}
const peer = await torch?.finish();
const training = corpora.map(({ name, texts }, index) => {
  const tokens = 2 * texts.flat().length;
  const seconds = ours[index];
  const theirs = peer?.seconds[index];
  return {
    name,
    tokens,
    seconds: summary(seconds),
    tokensPerSecond: summary(seconds.map((one) => tokens / one)),
    limit: summary(limits.map((limit) => limit / 1e9)),
    share: summary(seconds.map((one, round) => (3 * operations(texts)) / one / limits[round])),
    ...(theirs && {
      torch: {
        tokensPerSecond: summary(theirs.map((one) => tokens / one)),
        ratio: summary(theirs.map((one, round) => one / seconds[round])),
      },
    }),
  };
});
console.log(JSON.stringify({ training, missing: [] }));
process.exit(0);
