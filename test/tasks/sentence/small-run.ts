// Runs of the whole trainer on the small golden model, for tests: data, a configuration in a folder of its own, losses.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OBJECTIVES, TrainConfigInput } from '../../../src/tasks/sentence/config.ts';
import { READY_CONFIGS } from '../../../src/tasks/sentence/ready-configs.ts';
import { type TrainOptions, train } from '../../../src/tasks/train.ts';
import { smallModel } from '../../embed/small-model.ts';
import { seededRandom } from '../../seeded-random.ts';
import { temporaryFolder } from '../../temporary-file.ts';

export const words = 'the cat dog sat on mat run play and red over a b c d'.split(' ');

/** Rows of sentences, `columns` to a row: a random one, the same words in another order, another random one. */
export function writeData(folder: string, name: string, columns: number, score = false, rows = 60): string {
  const random = seededRandom(columns);
  const sentence = () =>
    Array.from({ length: 3 + Math.floor(random() * 7) }, () => words[Math.floor(random() * words.length)]);
  const lines = Array.from({ length: rows }, () => {
    const first = sentence();
    const texts = [first, first.toReversed(), sentence()].slice(0, columns).map((parts) => parts.join(' '));
    return [...texts, ...(score ? [random().toFixed(2)] : [])].join('\t');
  });
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

export function makeRun(name: (typeof OBJECTIVES)[number], change: Partial<TrainConfigInput> = {}) {
  const folder = temporaryFolder();
  const columns =
    { 'simcse-supervised': 3, triplet: 3, 'cosine-regression': 2, 'multiple-negatives': 2 }[name as string] ??
    1;
  const data = writeData(
    folder,
    columns > 1 ? 'data.tsv' : 'data.txt',
    columns,
    name === 'cosine-regression',
  );
  const config = {
    ...READY_CONFIGS[name],
    model: smallModel,
    data,
    output: join(folder, 'out'),
    batchSize: 6,
    learningRate: 1e-3,
  };
  return { folder, config: { ...config, ...change } as TrainConfigInput };
}

export const weightsOf = (folder: string) =>
  readFileSync(join(folder, 'model.safetensors')).toString('base64');

export async function lossesOf(config: TrainConfigInput, options: TrainOptions = {}) {
  const losses: number[] = [];
  const summary = await train(config, { ...options, listener: { onStep: ({ loss }) => losses.push(loss) } });
  return { losses, summary };
}

export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The lines of metrics.jsonl. */
export const metricsOf = (output: string) =>
  readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Aborts once that step is done. */
export function stopAfter(step: number): TrainOptions {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    listener: { onStep: (result) => void (result.step === step && controller.abort()) },
  };
}
