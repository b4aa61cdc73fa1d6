// A project as a reader of the documentation has it: made by `npm init -y`, with Likewise and the hub's client installed,
// and with every file that the examples name, small and made up. Nothing is downloaded.
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { loadLearner } from '../../src/tasks/sentence/load-learner.ts';
import { runCli } from '../cli/run-cli.ts';
import { seededRandom } from '../seeded-random.ts';
import { writeTree } from '../temporary-file.ts';

const root = join(import.meta.dirname, '..', '..');

const syllables = 'ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu'.split(' ');
const words = syllables.flatMap((first) => syllables.map((second) => first + second));
const random = seededRandom(1);
/** 600 different sentences of 400 words, so that their vectors span hundreds of dimensions. */
const sentences = Array.from({ length: 600 }, () =>
  Array.from({ length: 6 }, () => words[Math.floor(random() * words.length)]).join(' '),
);

const config = {
  model_type: 'bert',
  vocab_size: 800,
  hidden_size: 384,
  num_hidden_layers: 1,
  num_attention_heads: 12,
  intermediate_size: 32,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 64,
  type_vocab_size: 1,
  pad_token_id: 0,
};

const pairs = sentences.slice(0, 300).map((text, index) => [text, sentences[index + 300] as string] as const);
const lines = (rows: readonly string[]) => `${rows.join('\n')}\n`;
const jsonLines = (rows: readonly object[]) => lines(rows.map((row) => JSON.stringify(row)));

/** What stands for npm's `@huggingface/hub`: the same two functions, over a folder. */
const hubOf = (folder: string) => `
import { openAsBlob, readdirSync } from 'node:fs';
const folder = ${JSON.stringify(folder)};
export async function* listFiles() {
  for (const { name: path } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    yield { type: 'file', path };
  }
  for (const path of ['1_Pooling/config.json', 'onnx/model.onnx', 'pytorch_model.bin']) yield { type: 'file', path };
}
export const downloadFile = ({ path }) => openAsBlob(\`\${folder}/\${path}\`);
`;

/** Fills an empty folder. */
export async function makeProject(folder: string): Promise<void> {
  const scored = lines(pairs.map(([left, right], index) => `"${left}","${right}",${(index * 7) % 6}`));
  await writeTree(folder, {
    'package.json': { name: 'reader', version: '1.0.0', main: 'index.js', type: 'commonjs' },
    'node_modules/@huggingface/hub/package.json': { type: 'module', exports: './index.js' },
    'node_modules/@huggingface/hub/index.js': hubOf(join(folder, 'HUB')),
    'corpus.txt': lines(sentences),
    'texts.txt': lines(sentences),
    'TEXTS/corpus.txt': lines(sentences.map((text) => `${text}!`)), // a sentence ends, whatever letter comes next
    'held-out.txt': lines(sentences.slice(0, 50)),
    'sentences.txt': lines(sentences.slice(0, 128)),
    'pairs.tsv': lines(['query\tanswer', ...pairs.slice(0, 64).map((pair) => pair.join('\t'))]),
    'pairs.csv': lines(
      pairs.slice(0, 64).map(([left, right], index) => `"${left}","${right}",${(index % 6) / 5}`),
    ),
    'stsb-dev.csv': scored,
    'stsb-en-dev.csv': scored,
    'STS12-en-test/STS.input.one.txt': lines(pairs.slice(0, 50).map((pair) => pair.join('\t'))),
    'STS12-en-test/STS.gs.one.txt': lines(pairs.slice(0, 50).map((_, index) => String(index % 6))),
    'corpus.jsonl': jsonLines(
      sentences.slice(0, 50).map((text, index) => ({ _id: `d${index}`, title: '', text })),
    ),
    'queries.jsonl': jsonLines(
      sentences.slice(0, 5).map((text, index) => ({ _id: `q${index}`, text: `where ${text}` })),
    ),
    'test.tsv': lines([
      'query-id\tcorpus-id\tscore',
      ...[0, 1, 2, 3, 4].map((index) => `q${index}\td${index}\t1`),
    ]),
    'start/config.json': config,
    'shell/config.json': config,
  });
  symlinkSync(root, join(folder, 'node_modules', 'likewise'), 'junction');
  const shell = join(folder, 'shell');
  const options = ['--size', String(config.vocab_size), '--max-length', '64'];
  const made = await runCli(['vocab', '--input', join(folder, 'corpus.txt'), '--output', shell, ...options]);
  if (made.code !== 0) throw new Error(made.stderr);
  const learner = await loadLearner({ model: shell, weights: 'random', pooling: 'mean', seed: 1 });
  for (const name of ['HUB', 'MODEL', 'minilm', 'minilm-l6-mlm', 'all-MiniLM-L6-v2'])
    await learner.save(join(folder, name));
  learner[Symbol.dispose]();
  symlinkSync(shell, join(folder, 'TOKENIZER'), 'junction');
}
