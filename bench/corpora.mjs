// The texts that benchmarks run on, made from the data folder; the same arguments always give the same texts.
//
//   fixed-128   every text is exactly 128 tokens ([CLS] and [SEP] included): words of the books in their order; a word
//               whose tokens no longer fit is left out and the next one tried
//   snli        SNLI's dev sentences in arrival order: premise 1, hypothesis 1, premise 2, …
//   passages    consecutive book text in log-normal lengths, 8 to 256 tokens, mean 126
//
//   node corpora.mjs passages --count 512 --output passages.json
//     [--data ../../shared/data] [--model ../../shared/models/all-MiniLM-L6-v2] [--seed 1]
//
// The model folder only supplies tokenizer.json, to count tokens. The file written is a JSON array of strings.

import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Tokenizer } from 'tokenizers';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
export const defaultData = here('../../shared/data');
export const defaultModel = here('../../shared/models/all-MiniLM-L6-v2');

const specials = 2; // [CLS] and [SEP]
const passageMean = 126;
const passageMax = 256;
const passageMin = 8;
const passageSigma = 0.8; // of the logarithm of the length

/** Uniform numbers in [0, 1) from a 32-bit seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** All words of all books, in the order of the file names. */
function* bookWords(data) {
  const folder = join(data, 'corpus-en', 'litbank-books');
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith('.txt'))
    .sort()) {
    for (const word of readFileSync(join(folder, name), 'utf8').split(/\s+/)) if (word) yield word;
  }
}

/** Words with their number of tokens. WordPiece splits at white space first, so counts of words add up. */
async function* countedWords(data, model) {
  const tokenizer = plainTokenizer(model);
  const known = new Map();
  let chunk = [];
  const counted = async () => {
    const fresh = [...new Set(chunk)].filter((word) => !known.has(word));
    const encodings = fresh.length ? await tokenizer.encodeBatch(fresh, { addSpecialTokens: false }) : [];
    for (const [index, word] of fresh.entries()) known.set(word, encodings[index].getLength());
    return chunk.map((word) => ({ word, tokens: known.get(word) }));
  };
  for (const word of bookWords(data)) {
    if (chunk.push(word) < 4096) continue;
    yield* await counted();
    chunk = [];
  }
  yield* await counted();
}

function plainTokenizer(model) {
  const tokenizer = Tokenizer.fromFile(join(model, 'tokenizer.json'));
  tokenizer.disablePadding();
  tokenizer.disableTruncation();
  return tokenizer;
}

async function fixed(count, length, { data, model }) {
  const texts = [];
  let words = [];
  let room = length - specials;
  for await (const { word, tokens } of countedWords(data, model)) {
    if (texts.length === count) break;
    if (tokens > room) continue;
    words.push(word);
    room -= tokens;
    if (room > 0) continue;
    texts.push(words.join(' '));
    words = [];
    room = length - specials;
  }
  return texts;
}

function snli(count, { data }) {
  const lines = (file) =>
    readFileSync(join(data, 'snli', file), 'utf8')
      .trimEnd()
      .split('\n');
  const premises = lines('s1.dev');
  const hypotheses = lines('s2.dev');
  return premises.flatMap((premise, index) => [premise.trim(), hypotheses[index].trim()]).slice(0, count);
}

/** `count` token counts: log-normal, scaled so that their mean is right after clipping. */
function passageLengths(count, seed) {
  const uniform = random(seed);
  const shapes = Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    return Math.exp(passageSigma * normal);
  });
  const lengths = (scale) =>
    shapes.map((shape) => Math.round(Math.min(passageMax, Math.max(passageMin, scale * shape))));
  let [low, high] = [1, 4 * passageMean];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    const mean = lengths(middle).reduce((sum, value) => sum + value, 0) / count;
    if (mean < passageMean) low = middle;
    else high = middle;
  }
  return lengths(high);
}

async function passages(count, { data, model, seed }) {
  const texts = [];
  const targets = passageLengths(count, seed);
  let words = [];
  let total = specials;
  const close = () => {
    texts.push(words.join(' '));
    words = [];
    total = specials;
  };
  for await (const { word, tokens } of countedWords(data, model)) {
    // Whichever is nearer to the wanted length, with this word or without it, but never past the maximum.
    const room = targets[texts.length] - total;
    if (words.length && (tokens - room > room || total + tokens > passageMax)) close();
    if (texts.length === count) break;
    words.push(word);
    total += tokens;
    if (total >= targets[texts.length]) close();
    if (texts.length === count) break;
  }
  return texts;
}

/** The texts of a named corpus: `count` strings, or fewer when the data ends before. */
export async function corpus(name, count, { data = defaultData, model = defaultModel, seed = 1 } = {}) {
  switch (name) {
    case 'fixed-128':
      return fixed(count, 128, { data, model });
    case 'snli':
      return snli(count, { data });
    case 'passages':
      return passages(count, { data, model, seed });
    default:
      throw new Error(`unknown corpus ${name}: fixed-128, snli or passages`);
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      count: { type: 'string', default: '1024' },
      output: { type: 'string' },
      data: { type: 'string' },
      model: { type: 'string' },
      seed: { type: 'string', default: '1' },
    },
  });
  const texts = await corpus(positionals[0], Number(values.count), {
    data: values.data,
    model: values.model,
    seed: Number(values.seed),
  });
  const json = `${JSON.stringify(texts)}\n`;
  if (values.output) writeFileSync(values.output, json);
  else process.stdout.write(json);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
