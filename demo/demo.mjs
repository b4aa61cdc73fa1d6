// `npm run demo`: a vocabulary and a small sentence encoder from nothing but WordNet's definitions, in minutes on two
// cores. It learns which words a definition belongs to, and is asked about definitions that it has not seen.
// Arguments, for a test: the number of steps, and the folder that is written (and emptied first).

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SentenceEncoder, train } from 'likewise';
import { encoderParameters, randomParameters } from 'likewise/training';
import { writeModelFolder } from '../dist/io/model-folder-writer.js';
import { project } from './picture.mjs';
import { report } from './report.mjs';
import { wordPieces } from './vocabulary.mjs';
import { readSynsets } from './wordnet.mjs';

const folder = process.argv[3] ?? join(import.meta.dirname, 'out');
const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;
const say = (text) => console.log(`${seconds().toFixed(0).padStart(4)} s  ${text}`);

const config = {
  modelType: 'bert',
  vocabularySize: 8192,
  hiddenSize: 128,
  embeddingSize: 128,
  layers: 2,
  heads: 4,
  intermediateSize: 256,
  activation: 'gelu_erf',
  layerNormEpsilon: 1e-12,
  maxPositions: 64,
  typeVocabularySize: 1,
  positionOffset: 0,
  padTokenId: 0,
};
const heldOutDefinitions = 1000;
const steps = Number(process.argv[2] ?? 500);

/** Pairs to learn from, and definitions held out: of words that have other definitions, which stay. */
async function prepareData() {
  const synsets = [];
  for await (const synset of readSynsets()) synsets.push(synset);
  const senses = new Map();
  for (const { words } of synsets) for (const word of words) senses.set(word, (senses.get(word) ?? 0) + 1);
  const heldOut = [];
  const taken = new Set();
  const pairs = [];
  for (const [index, { words, definition, examples }] of synsets.entries()) {
    const word = words[0];
    const wanted =
      index % 37 === 5 && heldOut.length < heldOutDefinitions && senses.get(word) > 2 && !taken.has(word);
    if (wanted) {
      heldOut.push({ word, definition });
      taken.add(word);
    } else {
      for (const name of words.slice(0, 3)) pairs.push([definition, name]);
      for (const example of examples.slice(0, 2)) pairs.push([example, words.join(', ')]);
    }
  }
  return { synsets, heldOut, pairs, senses };
}

/** How often the right one of all held-out words is nearest to a definition. */
async function retrieve(encoder, heldOut) {
  const definitions = await encoder.encode(
    heldOut.map(({ definition }) => definition),
    { normalize: true },
  );
  const words = await encoder.encode(
    heldOut.map(({ word }) => word),
    { normalize: true },
  );
  const similarities = await encoder.similarity(definitions, words);
  let [first, ten, rank] = [0, 0, 0];
  for (let row = 0; row < heldOut.length; row++) {
    const scores = similarities.row(row);
    const better = scores.reduce((count, score) => count + (score > scores[row] ? 1 : 0), 0);
    first += better === 0 ? 1 : 0;
    ten += better < 10 ? 1 : 0;
    rank += 1 / (better + 1);
  }
  const count = heldOut.length;
  return { first: first / count, ten: ten / count, rank: rank / count };
}

const figures = ({ first, ten, rank }) =>
  `first ${(100 * first).toFixed(1)} %, among ten ${(100 * ten).toFixed(1)} %, mean reciprocal rank ${rank.toFixed(3)}`;

/** An answer that begins like a word of the question (sea, seam, seamy) is none. */
function sharesBeginning(word, query) {
  return query
    .split(' ')
    .some((asked) => asked.length > 2 && word.toLowerCase().startsWith(asked.slice(0, 4)));
}

async function answer(encoder, queries, words) {
  const vectors = await encoder.encode(words, { normalize: true });
  const similarities = await encoder.similarity(await encoder.encode(queries, { normalize: true }), vectors);
  return queries.map((query, row) => {
    const order = [...similarities.row(row).entries()].sort((left, right) => right[1] - left[1]);
    const found = order.map(([index]) => words[index]).filter((word) => !sharesBeginning(word, query));
    return { query, words: found.slice(0, 5) };
  });
}

async function picture(encoder, synsets, senses) {
  const words = synsets
    .filter(({ topic, words: [word] }) => topic !== undefined && senses.get(word) > 2 && !word.includes(' '))
    .filter((_, index) => index % 5 === 0)
    .slice(0, 400);
  const vectors = await encoder.encode(
    words.map(({ words: [word] }) => word),
    { normalize: true },
  );
  const places = project(words.map((_, index) => vectors.row(index)));
  return words.map(({ topic, words: [word] }, index) => ({ topic, word, at: places[index] }));
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, 'start-files'), { recursive: true });
const { synsets, heldOut, pairs, senses } = await prepareData();
say(
  `WordNet: ${synsets.length} definitions, ${heldOut.length} of them held out; ${pairs.length} pairs to learn from`,
);

const tokens = wordPieces(pairs.flat(), config.vocabularySize);
writeFileSync(join(folder, 'start-files', 'vocab.txt'), `${tokens.join('\n')}\n`);
writeFileSync(join(folder, 'pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
say(`vocabulary: ${tokens.length} word pieces, such as ${tokens.slice(200, 208).join(' ')}`);

const specs = encoderParameters(config, { pooler: false });
const source = randomParameters(specs, 1);
const tensors = [];
for (const name of source.names) {
  const { shape } = source.info(name);
  tensors.push({ name, dtype: 'F32', shape, data: await source.readFloat32(name) });
}
const start = join(folder, 'start');
await writeModelFolder(start, {
  config,
  tensors,
  maxSequenceLength: config.maxPositions,
  lowerCase: true,
  modules: [{ kind: 'pooling', modes: ['mean'], includePrompt: true }],
  tokenizerFrom: join(folder, 'start-files'),
});
const weights = tensors.reduce((sum, { data }) => sum + data.length, 0);
const untrained = await SentenceEncoder.load(start);
const before = await retrieve(untrained, heldOut);
untrained.dispose();
say(
  `an encoder of ${(weights / 1e6).toFixed(1)} M random weights finds the word of a held-out definition: ${figures(before)}`,
);

const losses = [];
const output = join(folder, 'model');
await train(
  {
    model: start,
    data: { path: join(folder, 'pairs.jsonl'), columns: ['definition', 'word'] },
    output,
    objective: 'simcse-supervised',
    maxSteps: steps,
    batchSize: 256,
    learningRate: 2e-3,
    warmup: 0.05,
    schedule: 'cosine',
    dropout: 0,
    temperature: 0.05,
    maxLength: 32,
    checkpointSteps: 100000,
  },
  {
    listener: {
      onStep: ({ step, loss }) => {
        losses.push(loss);
        if (step % 100 === 0) say(`step ${step} of ${steps}, loss ${loss.toFixed(3)}`);
      },
    },
  },
);

const encoder = await SentenceEncoder.load(output);
const after = await retrieve(encoder, heldOut);
say(`trained: ${figures(after)}`);
const common = [...senses].filter(([word, count]) => count > 2 && !word.includes(' ')).map(([word]) => word);
const queries = [
  'a vehicle with four wheels',
  'a tool for cutting',
  'to move very fast',
  'money paid for work',
  'a loud sound',
  'to put food into the mouth',
];
const answers = await answer(encoder, queries, common);
for (const { query, words } of answers) console.log(`        ${query}: ${words.join(', ')}`);
const about = `${weights} weights, ${losses.length} steps over ${pairs.length} pairs of definitions and words from WordNet.`;
const points = await picture(encoder, synsets, senses);
encoder.dispose();
const page = join(folder, 'report.html');
writeFileSync(page, report({ before, after, losses, points, answers, seconds: seconds(), about }));
say(`the model is in ${output}, the report in ${page} (${readFileSync(page).length} bytes)`);
