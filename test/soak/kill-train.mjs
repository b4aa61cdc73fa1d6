// `likewise train` killed at random moments, with a checkpoint after every step so that most kills come while one is being
// written: a complete checkpoint always loads, no step is lost twice, and the model that the last resume ends with is
// that of an undisturbed run, byte for byte.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCheckpoint } from '../../dist/train/checkpoint/checkpoint.js';
import { Random } from '../native/fuzz-values.mjs';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const words = 'the cat dog sat on mat run play and red over'.split(' ');

/** Runs train, and kills it `delay` ms after its log has `steps` new lines. Without `steps` it ends by itself. */
function train(args, output, steps, delay) {
  return new Promise((resolve, reject) => {
    const log = join(output, 'metrics.jsonl');
    const lines = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length : 0);
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (text) => {
      complaint += text;
    });
    let before;
    let poll;
    const watch = () => {
      // The first look after the start is at the log as the resumed run has cut it.
      if (complaint !== '') before ??= lines();
      if (before !== undefined && lines() >= before + steps) setTimeout(() => child.kill('SIGKILL'), delay);
      else poll = setTimeout(watch, 1);
    };
    if (steps !== undefined) watch();
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      clearTimeout(poll);
      if (signal === null && code !== 0) reject(new Error(`train ended with ${code}: ${complaint}`));
      else resolve(signal === 'SIGKILL');
    });
  });
}

/** Kills `count` processes; gives the summary. */
export async function killTrain(count, seed, model) {
  const folder = mkdtempSync(join(tmpdir(), 'likewise-soak-'));
  const random = new Random(seed);
  const data = join(folder, 'texts.txt');
  const text = (row) => words.map((_, at) => words[(row * (at + 3) + at) % 11]).slice(row % 7);
  writeFileSync(data, Array.from({ length: 400 }, (_, row) => text(row).join(' ')).join('\n'));
  const args = (output) => {
    const sizes = [
      'batchSize=4',
      'accumulation=2',
      'gradCache=3',
      `maxSteps=${6 * count}`,
      'checkpointSteps=1',
    ];
    const paths = [`model=${model}`, `data=${data}`, `output=${output}`];
    return ['train', 'simcse-unsupervised', '--resume', '--set', ...paths, ...sizes, 'learningRate=1e-3'];
  };
  try {
    const clean = join(folder, 'clean');
    await train(args(clean), clean);
    const output = join(folder, 'killed');
    let kills = 0;
    let reached = 0;
    let damaged = 0;
    for (let round = 0; round < count; round++) {
      const steps = 1 + Math.floor(random.uniform() * 6);
      if (await train(args(output), output, steps, random.uniform() * 60)) kills += 1;
      const saved = await readCheckpoint(join(output, 'checkpoints'));
      if ((saved?.step ?? 0) < reached)
        throw new Error(`seed ${seed}, round ${round}: step ${saved?.step} after ${reached}`);
      reached = saved?.step ?? 0;
      damaged += saved?.damaged.length ?? 0;
    }
    await train(args(output), output);
    const content = (path) => {
      const text = readFileSync(path, 'latin1');
      return path.endsWith('.jsonl') ? text.replaceAll(/.*"(kind":"speed|event":"resumed)".*\n/g, '') : text;
    };
    for (const name of ['model.safetensors', 'metrics.jsonl']) {
      if (content(join(output, name)) === content(join(clean, name))) continue;
      throw new Error(`seed ${seed}: ${name} is not that of the undisturbed run`);
    }
    return `${kills} kills of ${count} processes, the last at step ${reached}; ${damaged} damaged checkpoints`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
