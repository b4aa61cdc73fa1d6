// Small runs of the pretraining task: a two-layer BERT on sentences of its few words, and what such a run has written.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PretrainingConfigInput } from '../../../src/tasks/pretraining/config.ts';
import { pretrainingTask } from '../../../src/tasks/pretraining/pretraining-task.ts';
import { readyConfigs } from '../../../src/tasks/read-config.ts';
import type { TaskOptions } from '../../../src/tasks/train.ts';
import { train } from '../../../src/tasks/train.ts';

export const tinyModel = join(import.meta.dirname, '../../golden/bert-two-layers');

const words = ['the', 'cat', 'dog', 'sat', 'on', 'mat', 'run', 'play', 'and', 'red', 'over'];

/** Documents of sentences that follow from their numbers alone. */
export function smallText(documents: number, sentences = 6): string {
  const sentence = (number: number) =>
    `${Array.from({ length: 4 + (number % 5) }, (_, word) => words[(number * 7 + word * (1 + (number % 3))) % 11]).join(' ')} .`;
  return Array.from({ length: documents }, (_, document) =>
    Array.from({ length: sentences }, (_, index) => sentence(document * sentences + index)).join('\n'),
  ).join('\n\n');
}

/** Writes training text and held-out text. */
export function writeTexts(folder: string): { data: string; heldOut: string } {
  const [data, heldOut] = [join(folder, 'text.txt'), join(folder, 'held-out.txt')];
  writeFileSync(data, smallText(12));
  writeFileSync(heldOut, smallText(3, 5));
  return { data, heldOut };
}

/** A ready configuration made small. */
export function smallConfig(name: string, folder: string, changes: Partial<PretrainingConfigInput> = {}) {
  const { data } = writeTexts(folder);
  return {
    ...readyConfigs()[name],
    model: tinyModel,
    weights: 'random',
    data,
    format: 'sentences',
    output: join(folder, 'out'),
    maxSteps: 3,
    batchTokens: 96,
    learningRate: 1e-3,
    threads: 1,
    ...changes,
  } as PretrainingConfigInput;
}

export const run = (config: PretrainingConfigInput, options: Omit<TaskOptions<never, never>, 'task'> = {}) =>
  train(config, { ...options, task: pretrainingTask() });

/** Lines of metrics.jsonl. */
export const metricsOf = (output: string): Record<string, number | string>[] =>
  readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

export const architectureOf = (output: string): string =>
  JSON.parse(readFileSync(join(output, 'config.json'), 'utf8')).architectures[0];
