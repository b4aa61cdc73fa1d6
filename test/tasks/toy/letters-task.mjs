// A task of one's own, as a user of the package writes it (docs/adding-a-task.md): which letter follows which, learned from
// running text. Its text is streamed from a position that is a line of an epoch, batches are as many letters as fit, some
// letters are drawn anew in every epoch, the loss has two named parts, and a run may have two phases.

import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from 'likewise';
import {
  add,
  backward,
  configKeys,
  contentOf,
  gatherRows,
  logSoftmax,
  mean,
  mixSeed,
  multiply,
  negate,
  ParameterStore,
  runKeys,
  runProblems,
  square,
  sum,
  Tensor,
  taskKey,
  withTape,
} from 'likewise/training';

const { flag, fromZero, oneOf, table, text, whole } = configKeys;

const letters = 27; // a space and the alphabet
const codesOf = (line) =>
  Int32Array.from([...line.toLowerCase()], (letter) => ' abcdefghijklmnopqrstuvwxyz'.indexOf(letter));

const schema = table({
  task: taskKey('letters'),
  /** Running text, in lines. */
  data: text,
  /** Letters of a batch at most. */
  batchLetters: whole(2).default(40),
  /** Of the part of the loss that keeps the table small. */
  smallness: fromZero.default(0.1),
  /** Letters that are replaced by random ones, of a hundred. */
  noise: whole(0).default(5),
  order: oneOf(['text', 'reversed']).default('text'),
  /** A second half of the run with a warm-up of its own. */
  twoPhases: flag.default(false),
  evaluationSteps: whole(1).optional(),
  ...runKeys,
});

const help = [
  {
    prefix: '',
    lines: {
      data: 'a text file',
      batchLetters: 'letters of a batch at most',
      smallness: 'of the loss that keeps the table small',
      noise: 'letters of a hundred that are replaced',
      order: 'text or reversed',
      twoPhases: 'a second half with a warm-up of its own',
      evaluationSteps: 'steps between evaluations',
    },
    defaults: { batchLetters: 40, smallness: 0.1, noise: 5, order: 'text', twoPhases: false },
  },
];

/** Batches of pairs of letters, built as they are read: the same from any position on. */
class LetterSource {
  start = { epoch: 0, line: 0 };
  warnings = [];
  notes = [];

  constructor(config, lines) {
    this.config = config;
    this.lines = lines;
    this.examples = lines.length;
    this.files = [{ path: config.data, skipped: 0, blank: 0 }];
    const sum = createHash('sha256').update(lines.join('\n')).digest('hex');
    this.fingerprint = contentOf('data', 'text', `${lines.length} lines`, sum);
    const half = Math.ceil(config.maxSteps / 2);
    const last = { steps: config.maxSteps - half, learningRate: config.learningRate / 2, warmup: 2 };
    if (config.twoPhases) this.phases = [{ steps: half }, last];
  }

  totalSteps() {
    return this.config.maxSteps;
  }

  async *steps({ epoch, line }) {
    for (;;) {
      const batches = [];
      while (batches.length < this.config.accumulation) {
        const pairs = [];
        do {
          pairs.push(...this.#pairsOf(epoch, line));
          line += 1;
          if (line === this.lines.length) [epoch, line] = [epoch + 1, 0];
        } while (pairs.length < this.config.batchLetters);
        batches.push(pairs);
      }
      const tokens = batches.reduce((total, pairs) => total + pairs.length, 0);
      const shares = batches.map((pairs) => pairs.length / tokens);
      yield { batches, shares, examples: batches.length, tokens, after: { epoch, line } };
    }
  }

  /** Each letter with the one behind it; noise by epoch and line, wherever the reading began. */
  #pairsOf(epoch, line) {
    const { order, noise, seed } = this.config;
    const codes = codesOf(this.lines[order === 'text' ? line : this.lines.length - 1 - line]);
    const drawn = codes.map((code, at) => {
      const random = mixSeed(mixSeed(mixSeed(seed, epoch), line), at);
      return random % 100 < noise ? random % letters : code;
    });
    return Array.from(drawn.subarray(1), (next, at) => [drawn[at], next]);
  }
}

/** The table of all pairs of letters: row a, column b is the logit of b behind a. */
class LetterLearner {
  engine = new Engine({ threads: 1 });
  store = new ParameterStore(this.engine, [{ names: ['table'], shape: [letters, letters] }]);
  stores = [this.store];
  fingerprint = { table: 'zeros' };
  notes = [];

  constructor({ smallness }) {
    this.smallness = smallness;
    this.store.parameter('table').load(new Float32Array(letters * letters));
  }

  async learn(pairs, _seed, factor) {
    return withTape(() => {
      const table = this.store.parameter('table').value;
      const firsts = Tensor.from(
        this.engine,
        Int32Array.from(pairs, ([first]) => first),
      );
      const wanted = new Float32Array(pairs.length * letters);
      for (const [row, [, next]] of pairs.entries()) wanted[row * letters + next] = 1 / pairs.length;
      const predicted = logSoftmax(gatherRows(table, firsts));
      const next = negate(
        sum(multiply(predicted, Tensor.from(this.engine, wanted, [pairs.length, letters]))),
      );
      const small = mean(square(table));
      const loss = add(next, multiply(small, this.smallness));
      backward(loss, factor);
      return { loss, metrics: { next, small } };
    });
  }

  /** How often the likeliest letter is the one that follows. */
  async accuracy(lines) {
    const table = await this.store.parameter('table').read();
    const rows = Array.from({ length: letters }, (_, row) =>
      table.subarray(row * letters, (row + 1) * letters),
    );
    const likeliest = rows.map((row) => row.indexOf(Math.max(...row)));
    const pairs = lines.flatMap((line) => {
      const codes = codesOf(line);
      return Array.from(codes.subarray(1), (next, at) => likeliest[codes[at]] === next);
    });
    return { score: pairs.filter(Boolean).length / pairs.length, pairs: pairs.length };
  }

  async save(folder) {
    await mkdir(folder);
    const table = Array.from(await this.store.parameter('table').read());
    await writeFile(join(folder, 'config.json'), JSON.stringify({ model_type: 'letters', table }));
  }

  [Symbol.dispose]() {
    this.store.dispose();
    this.engine.dispose();
  }
}

export const lettersTask = {
  name: 'letters',
  summary: 'a table of which letter follows which',
  schema,
  help,
  readyConfigs: { letters: { task: 'letters', learningRate: 0.05 } },
  comparedByContent: ['data'],
  problems: (config) => [
    ...runProblems(config, config.evaluationSteps !== undefined),
    ...(config.maxSteps === undefined
      ? [{ path: ['maxSteps'], message: 'expected the steps of the run, since its text has no end' }]
      : []),
  ],
  inputs: ({ data }) => ({ data }),
  async open(config, { own, onSkipped }) {
    const all = (await readFile(config.data, 'utf8')).split('\n').filter((line) => line !== '');
    const lines = all.filter((line) => /^[a-z ]{2,}$/i.test(line));
    if (lines.length < all.length) onSkipped(`${config.data}: ${all.length - lines.length} lines`);
    const learner = own(new LetterLearner(config));
    const evaluation = config.evaluationSteps && {
      steps: config.evaluationSteps,
      fingerprint: {},
      run: async () => {
        const { score, pairs } = await learner.accuracy(lines);
        return { score, accuracy: score, pairs };
      },
    };
    return { source: new LetterSource(config, lines), learner, evaluation };
  },
};
