// An objective of one's own, in a run and in a loop of one's own; a model that begins with random weights.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SentenceEncoder } from '../../../src/embed/encoder/sentence-encoder.ts';
import { ArgumentError, ConfigError, ModelError } from '../../../src/errors.ts';
import { cosineRegression } from '../../../src/objectives/cosine-regression.ts';
import { wholeBatch } from '../../../src/objectives/objective.ts';
import { simcseUnsupervised } from '../../../src/objectives/simcse.ts';
import { AdamW } from '../../../src/optim/adamw.ts';
import { createLearner } from '../../../src/tasks/sentence/create-learner.ts';
import { loadLearner } from '../../../src/tasks/sentence/load-learner.ts';
import { batchOf } from '../../../src/tasks/sentence/make-batch.ts';
import { sentenceTask } from '../../../src/tasks/sentence/sentence-task.ts';
import { train } from '../../../src/tasks/train.ts';
import { checkConfig } from '../../../src/train/config/check-config.ts';
import { smallModel } from '../../embed/small-model.ts';
import { expectError } from '../../expect-error.ts';
import { temporaryFolder } from '../../temporary-file.ts';
import { lossesOf, makeRun, stopAfter, weightsOf } from './small-run.ts';

test.each([{}, { gradCache: 5 }])(
  'an objective in code learns as the one of that name: %j',
  async (change) => {
    const { folder, config } = makeRun('cosine-regression', { maxSteps: 3, ...change });
    const named = await lossesOf(config);
    const { objective: _, ...rest } = config;
    const own = { ...rest, output: join(folder, 'own') };
    const objective = { loss: cosineRegression(), texts: 2, scored: true };
    expect((await lossesOf(own, { objective })).losses).toEqual(named.losses);
    expect(weightsOf(own.output)).toBe(weightsOf(config.output));
  },
);

test('a forward pass of its own, a head, stopped and resumed; another shape of examples is another run', async () => {
  const { folder, config } = makeRun('simcse-unsupervised', { maxSteps: 4, checkpointSteps: 2 });
  const { objective: _, ...own } = { ...config, output: join(folder, 'own') };
  await train(config);
  const objective = { loss: wholeBatch(simcseUnsupervised()), texts: 1, head: 'training' as const };
  await expect(train(own, { ...stopAfter(2), objective })).rejects.toThrow(/continue with --resume/);
  await expectError(
    train(own, { resume: true, objective: { ...objective, head: 'none' } }),
    ConfigError,
    /these changed: objective/,
  );
  await train(own, { resume: true, objective });
  expect(weightsOf(own.output)).toBe(weightsOf(config.output));
});

test('what an objective in code cannot be', async () => {
  const { config } = makeRun('simcse-unsupervised');
  const { objective: _, ...own } = config;
  const loss = simcseUnsupervised();
  const wrong = (objective: unknown, of: object = own) => train(of as never, { objective } as never);
  await expectError(
    wrong({ loss, texts: 1 }, config),
    ConfigError,
    /"objective": expected none, because an obj/,
  );
  await expectError(
    wrong({ loss: 'cosent', texts: 1 }),
    ArgumentError,
    /expected loss to be a function, or /,
  );
  await expectError(wrong({ loss, texts: 2, score: true }), ArgumentError, /"score"; did you mean scored\?/);
  await expectError(wrong({ loss, texts: 2, scored: 1 }), ArgumentError, /scored to be true or false but/);
  await expectError(
    wrong({ loss, texts: 1, head: 'on' }),
    ArgumentError,
    /head to be one of training, always, /,
  );
  await expectError(wrong({ loss, texts: 0 }), ArgumentError, /expected texts, .* from 1 but received 0/);
  await expectError(
    wrong({ loss: wholeBatch(loss), texts: 1 }, { ...own, gradCache: 4 }),
    ConfigError,
    /"gradCache": expected 0 with an objective that does its own encoding/,
  );
  await expectError(train(config, { resum: true } as never), ArgumentError, /"resum"; did you mean resume\?/);
});

test('a loop of one’s own over a real model folder', async () => {
  const folder = join(temporaryFolder(), 'out');
  using learner = await loadLearner(
    { model: smallModel, dropout: 0, pooling: 'mean' },
    { loss: cosineRegression(), texts: 2, scored: true },
  );
  using optimizer = new AdamW(learner.stores);
  const batch = await batchOf(learner, [
    { texts: ['the cat sat', 'a dog'], score: 0.1 },
    { texts: ['the cat', 'the cat sat'], score: 0.9 },
  ]);
  const losses: number[] = [];
  for (let step = 0; step < 8; step++) {
    for (const store of learner.stores) store.clearGradients();
    const { loss } = await learner.learn(batch, step, 1);
    optimizer.step(1e-3, [loss]).dispose();
    losses.push((await loss.data())[0] as number);
    loss.dispose();
  }
  expect(losses.at(-1)).toBeLessThan(0.5 * (losses[0] as number));
  await learner.save(folder);
  using encoder = await SentenceEncoder.load(folder);
  expect((await encoder.encode('the cat')).every(Number.isFinite)).toBe(true);
  await expectError(batchOf(learner, []), ArgumentError, /at least one example/);
  await expectError(
    batchOf(learner, [{ texts: ['a'] }, { texts: ['a', 'b'] }]),
    ArgumentError,
    /expected 1 texts without a score, as in example 0, but example 1 has 2 texts and no score/,
  );
});

test.each([{ batchSize: 9 }, { learningRate: 5 }, { epochs: 7 }, { data: 'x.txt' }, { output: 'x' }])(
  'a learner refuses what only a run looks at: %j',
  async (change) => {
    const config = { model: smallModel, ...change };
    const message = new RegExp(`^\\[loadLearner\\] unknown option "${Object.keys(change)[0]}"; `);
    await expectError(loadLearner(config), ArgumentError, message);
  },
);

test('a learner takes every key of its own, precision too', async () => {
  using learner = await loadLearner({
    model: smallModel,
    precision: 'emulated-bfloat16',
    gradCache: 2,
    seed: 3,
  });
  expect(learner.stores.length).toBe(1);
});

/** A folder with a config.json and a tokenizer, and no weights. */
function shellOf(model: string): string {
  const folder = join(temporaryFolder(), 'shell');
  mkdirSync(folder);
  for (const name of ['config.json', 'vocab.txt']) copyFileSync(join(model, name), join(folder, name));
  return folder;
}

test('weights: random begins with a config.json and a tokenizer, by the seed alone', async () => {
  const model = shellOf(smallModel);
  const { folder, config } = makeRun('simcse-unsupervised', { model, weights: 'random', maxSteps: 2 });
  await train(config);
  const again = { ...config, output: join(folder, 'again') };
  await train(again);
  expect(weightsOf(again.output)).toBe(weightsOf(config.output));
  const other = { ...config, output: join(folder, 'other'), seed: 2, learningRateFactors: { '.': 0 } };
  await train(other);
  expect(weightsOf(other.output)).not.toBe(weightsOf(config.output));
  using encoder = await SentenceEncoder.load(other.output); // what nothing has trained
  expect((await encoder.encode('the cat sat')).every(Number.isFinite)).toBe(true);
});

test('without weights, the message says how to begin without', async () => {
  const { config } = makeRun('simcse-unsupervised', { model: shellOf(smallModel) });
  await expectError(
    train(config),
    ModelError,
    /holds no weights, .* start with random ones \(weights=random\)/,
  );
});

test('a maximum length beyond the positions is said before the first step', async () => {
  const { config } = makeRun('simcse-unsupervised', { maxLength: 100_000, maxSteps: 1 });
  using learner = await createLearner(checkConfig(sentenceTask(), config, 'here'));
  expect(learner.notes).toContainEqual(
    expect.stringMatching(/maxLength is 100000, but '.*' has 40 positions/),
  );
});

test('scores beyond cosines are refused by file and line, for cosine regression only', async () => {
  const { folder, config } = makeRun('cosine-regression', { maxSteps: 1 });
  const data = join(folder, 'stsb.tsv');
  const rows = ['a cat\tthe cat\t0.9', 'a dog\tthe cat\t4.2'];
  writeFileSync(data, `${rows.join('\n')}\n`);
  await expect(train({ ...config, data })).rejects.toThrow(
    /stsb\.tsv:2: expected the score to be from -1 to 1, .* but found 4\.2: .*divide .* by 5/,
  );
  const { objective: _, ...own } = { ...config, data };
  await train(own, { objective: { loss: cosineRegression(), texts: 2, scored: true } });
  expect(readFileSync(join(own.output, 'metrics.jsonl'), 'utf8')).toContain('"step":1');
});

test('pairs given to triplets of SimCSE: the message says how to name two columns', async () => {
  const { folder, config } = makeRun('simcse-supervised', { maxSteps: 1 });
  const data = join(folder, 'pairs.tsv');
  writeFileSync(data, 'a cat\tthe cat\na dog\tthe dog\n');
  await expect(train({ ...config, data })).rejects.toThrow(
    /pairs\.tsv:1: .*name them with columns: \[1, 2\]/,
  );
  await train({ ...config, data: { path: data, columns: [1, 2] } });
});

test('directions and partition of multiple negatives, with two columns of hard negatives', async () => {
  const { folder, config } = makeRun('multiple-negatives', { maxSteps: 2 });
  const rows = Array.from({ length: 12 }, (_, row) => `cat ${row}\tthe cat ${row}\tdog ${row}\tmat ${row}`);
  const data = join(folder, 'four.tsv');
  writeFileSync(data, `${rows.join('\n')}\n`);
  const objective = {
    name: 'multiple-negatives' as const,
    directions: ['query_to_doc' as const, 'doc_to_doc' as const],
  };
  const run = { ...config, data: { path: data, columns: [1, 2, 3, 4] }, objective };
  expect((await lossesOf(run)).losses.every(Number.isFinite)).toBe(true);
  await expectError(
    train({ ...run, output: join(folder, 'other'), objective: { ...objective, partition: 'per_direction' } }),
    ArgumentError,
    /expected a joint partition for doc_to_doc/,
  );
});
