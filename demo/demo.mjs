// `npm run demo`: makes a vocabulary and a small sentence encoder from WordNet's definitions alone, in minutes on two
// cores. The encoder learns which words a definition belongs to, and is then asked about definitions it has not seen.
// Arguments, for a test: the number of steps, and the folder to write (which is emptied first).

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SentenceEncoder, train } from 'likewise';
import { loadLearner } from 'likewise/training';
import { project } from './picture.mjs';
import { report } from './report.mjs';
import { chooseDefinitions, nearestDefinitions } from './topics.mjs';
import { readSynsets } from './wordnet.mjs';

const folder = process.argv[3] ?? join(import.meta.dirname, 'out');
const started = performance.now();
const seconds = () => (performance.now() - started) / 1000;
const say = (text) => console.log(`${seconds().toFixed(0).padStart(4)} s  ${text}`);

/** config.json of the encoder, as Hugging Face has it: all that a model is before it has weights and words. */
const config = {
  model_type: 'bert',
  vocab_size: 8192,
  hidden_size: 128,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  intermediate_size: 256,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 64,
  type_vocab_size: 1,
  pad_token_id: 0,
};
const heldOutDefinitions = 1000;
const steps = Number(process.argv[2] ?? 500);

/** Pairs to learn from, and definitions held out, to be found and for the picture: of words with others, which stay. */
async function prepareData() {
  const synsets = [];
  for await (const synset of readSynsets()) synsets.push(synset);
  const senses = new Map();
  for (const { words } of synsets) for (const word of words) senses.set(word, (senses.get(word) ?? 0) + 1);
  const pictured = chooseDefinitions(synsets, senses);
  const unlearned = new Set(pictured);
  const heldOut = [];
  const taken = new Set();
  const pairs = [];
  for (const [index, synset] of synsets.entries()) {
    const { words, definition, examples } = synset;
    const word = words[0];
    const wanted =
      index % 37 === 5 && heldOut.length < heldOutDefinitions && senses.get(word) > 2 && !taken.has(word);
    if (wanted) {
      heldOut.push({ word, definition });
      taken.add(word);
    } else if (!unlearned.has(synset)) {
      for (const name of words.slice(0, 3)) pairs.push([definition, name]);
      for (const example of examples.slice(0, 2)) pairs.push([example, words.join(', ')]);
    }
  }
  return { synsets, heldOut, pictured, pairs, senses };
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

/** Where the definitions of the picture lie, and which are nearest to each. */
async function spaceOf(encoder, pictured) {
  const { vectors, nearest } = await nearestDefinitions(encoder, pictured, 5);
  return { points: project(vectors), nearest };
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const { synsets, heldOut, pictured, pairs, senses } = await prepareData();
say(
  `WordNet: ${synsets.length} definitions, ${heldOut.length + pictured.length} of them held out; ${pairs.length} pairs for training`,
);

const shell = join(folder, 'shell');
mkdirSync(shell);
writeFileSync(join(shell, 'config.json'), JSON.stringify(config));
const texts = join(folder, 'texts.txt');
writeFileSync(texts, `${pairs.flat().join('\n')}\n`);
writeFileSync(join(folder, 'pairs.jsonl'), pairs.map((pair) => `${JSON.stringify(pair)}\n`).join(''));
const size = String(config.vocab_size);
const vocab = ['vocab', '--input', texts, '--output', shell, '--size', size, '--max-length', '64'];
execFileSync(process.execPath, [join(import.meta.dirname, '../dist/cli/main.js'), ...vocab]);
const tokens = readFileSync(join(shell, 'vocab.txt'), 'utf8').trimEnd().split('\n');
say(`vocabulary: ${tokens.length} word pieces, such as ${tokens.slice(200, 208).join(' ')}`);

const random = { model: shell, weights: 'random', pooling: 'mean', seed: 1 };
const start = join(folder, 'start');
const learner = await loadLearner(random);
const weights = learner.stores[0].parameters.reduce((sum, { size }) => sum + size, 0);
await learner.save(start);
learner[Symbol.dispose]();
const untrained = await SentenceEncoder.load(start);
const before = await retrieve(untrained, heldOut);
const spaceBefore = await spaceOf(untrained, pictured);
untrained.dispose();
say(
  `an encoder of ${(weights / 1e6).toFixed(1)} M random weights finds the word of a held-out definition: ${figures(before)}`,
);

const losses = [];
const output = join(folder, 'model');
await train(
  {
    ...random,
    data: { path: join(folder, 'pairs.jsonl'), columns: [1, 2] },
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
const count = (number) => number.toLocaleString('en-US');
const about = `${count(weights)} weights, random at first, trained for ${count(losses.length)} steps over ${count(pairs.length)} pairs of definitions and words from WordNet: no other model, no Python.`;
const spaces = { before: spaceBefore, after: await spaceOf(encoder, pictured) };
encoder.dispose();
const page = join(folder, 'report.html');
writeFileSync(
  page,
  report({
    seconds: seconds(),
    about,
    losses,
    retrieval: { before, after },
    answers,
    synsets: pictured,
    spaces,
  }),
);
say(`the model is in ${output}, the report in ${page} (${readFileSync(page).length} bytes)`);
