// One step of unsupervised SimCSE (dropout 0.1, AdamW, [CLS] with its MLP head): an encoder of MiniLM's shape from random
// weights, on batches of one length and on real sentences laid end to end, which torch pads to the longest of each batch. In
// float32, and where the processor multiplies in bfloat16 in that too, torch by its autocast. All sides see the same token
// ids, in turns; tokenization counts for none. The share of peak, that of the precision, counts three times the multiply-adds
// that the real tokens need in a forward pass.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Engine } from '../../dist/index.js';
import { ParameterReader } from '../../dist/nn/parameters/parameter-reader.js';
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
import { ourPrecisions } from '../peers/contestants.mjs';
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

async function makeStep(engine, precision) {
  const specs = [
    ...encoderParameters(config, { pooler: false }),
    ...linearParameters('mlp.dense', config.hiddenSize, config.hiddenSize),
  ];
  const store = new ParameterStore(engine, specs);
  const source = randomParameters(specs, 1);
  const encoder = await Encoder.load(engine, config, source, { trainable: store, precision });
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

/** Likewise and torch in a precision, loaded and warm. */
async function open(precision) {
  const step = await makeStep(engine, precision);
  for (const { texts } of corpora) await step(texts);
  const own = {
    ...job,
    python: job.peers.python,
    config,
    dtype: precision,
    corpora: corpora.map(({ texts }) => texts),
  };
  const torch = job.peers.torch && new Program('peers/torch-training.py', own);
  await torch?.ready();
  return { precision, step, torch, seconds: corpora.map(() => []), limits: [] };
}

async function round({ precision, step, torch, seconds, limits }) {
  const before = await engine.measurePeak(precision);
  for (const [index, { texts }] of corpora.entries()) {
    const begin = performance.now();
    for (let i = 0; i < 3; i++) await step(texts);
    seconds[index].push((performance.now() - begin) / 3000);
  }
  limits.push((before + (await engine.measurePeak(precision))) / 2);
  await torch?.round();
}

async function rows({ precision, torch, seconds, limits }) {
  const peer = await torch?.finish();
  return corpora.map(({ name, texts }, index) => {
    const tokens = 2 * texts.flat().length;
    const ours = seconds[index];
    const theirs = peer?.seconds[index];
    return {
      name,
      precision,
      tokens,
      seconds: summary(ours),
      tokensPerSecond: summary(ours.map((one) => tokens / one)),
      limit: summary(limits.map((limit) => limit / 1e9)),
      share: summary(ours.map((one, at) => (3 * operations(texts)) / one / limits[at])),
      ...(theirs && {
        torch: {
          tokensPerSecond: summary(theirs.map((one) => tokens / one)),
          ratio: summary(theirs.map((one, at) => one / ours[at])),
        },
      }),
    };
  });
}

const sides = [];
for (const precision of ourPrecisions(job.peers)) if (precision !== 'int8') sides.push(await open(precision));
for (let number = 0; number < job.repeats; number++) {
  console.error(`training: round ${number + 1} of ${job.repeats}`);
  for (const side of sides) await round(side);
}
const training = [];
for (const side of sides) training.push(...(await rows(side)));
console.log(JSON.stringify({ training, missing: [] }));
process.exit(0);
