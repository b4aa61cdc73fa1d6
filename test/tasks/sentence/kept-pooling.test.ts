// A model keeps its pooling unless another is asked for, and what a run changes of a model is told before its first step.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SentenceEncoder } from '../../../src/embed/encoder/sentence-encoder.ts';
import { createLearner } from '../../../src/tasks/sentence/create-learner.ts';
import { READY_CONFIGS } from '../../../src/tasks/sentence/ready-configs.ts';
import { sentenceTask } from '../../../src/tasks/sentence/sentence-task.ts';
import { train } from '../../../src/tasks/train.ts';
import { checkConfig } from '../../../src/train/config/check-config.ts';
import { copyModel, smallModel } from '../../embed/small-model.ts';
import { scratchFolder } from '../../temporary-file.ts';
import { makeRun } from './small-run.ts';

const folder = scratchFolder();
const pooled = join(folder, 'max');
await copyModel(pooled, { modules: [{ kind: 'pooling', modes: ['max'], includePrompt: true }] });

async function notesOf(model: string, change: object) {
  const values = { model, data: 'none.txt', output: 'none', ...change };
  using learner = await createLearner(checkConfig(sentenceTask(), values, 'test'));
  return learner.notes.filter((note) => !note.startsWith('maxLength'));
}

test.each(Object.keys(READY_CONFIGS))('%s keeps the pooling of a model that has one', async (name) => {
  expect(await notesOf(pooled, READY_CONFIGS[name] as object)).toEqual([]);
  const cls = READY_CONFIGS[name]?.defaultPooling ?? 'mean';
  expect(await notesOf(smallModel, READY_CONFIGS[name] as object)).toEqual([
    `'${smallModel}' names no pooling, so it is trained with ${cls}`,
  ]);
});

test('what is changed of a model is told, and is what is written', async () => {
  const change = { pooling: 'first_last_layer1', outputPooling: 'mean', objective: { head: 'always' } };
  expect(await notesOf(pooled, change)).toEqual([
    `the pooling of '${pooled}' is max, and that of the trained model will be mean`,
    'it is trained with first_last_layer1, evaluated and written with mean',
    'a dense layer with tanh is added to the model (head: always)',
  ]);
  const { config } = makeRun('simcse-unsupervised', { model: pooled, maxSteps: 1 });
  const notes: string[] = [];
  await train({ ...config, pooling: 'cls' }, { listener: { onNote: (note) => notes.push(note) } });
  expect(notes).toContain(`the pooling of '${pooled}' is max, and that of the trained model will be cls`);
  using encoder = await SentenceEncoder.load(config.output);
  expect(encoder.pooling).toEqual(['cls']);
  const kept = { ...config, output: join(folder, 'kept') };
  await train(kept);
  using same = await SentenceEncoder.load(kept.output);
  expect(same.pooling).toEqual(['max']);
});
