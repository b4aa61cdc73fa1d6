// Whole runs on a two-layer BERT: every objective learns, the output opens as a model, a stopped and resumed run ends with
// the same bytes, GradCache and recomputation give what they should, mistakes are said before the first step.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SentenceEncoder } from '../../../src/embed/encoder/sentence-encoder.ts';
import { ArgumentError, DataError, FileError } from '../../../src/errors.ts';
import type { EngineStats } from '../../../src/native/addon.ts';
import { OBJECTIVES, type TrainConfigInput } from '../../../src/tasks/sentence/config.ts';
import { createLearner } from '../../../src/tasks/sentence/create-learner.ts';
import { sentenceTask } from '../../../src/tasks/sentence/sentence-task.ts';
import { TrainingData } from '../../../src/tasks/sentence/training-data.ts';
import { train } from '../../../src/tasks/train.ts';
import { forgottenTensors } from '../../../src/tensor/tensor.ts';
import { checkConfig } from '../../../src/train/config/check-config.ts';
import { RunFolder } from '../../../src/train/output/run-folder.ts';
import { Trainer } from '../../../src/train/trainer.ts';
import { copyModel, smallModel } from '../../embed/small-model.ts';
import { expectError } from '../../expect-error.ts';
import { lossesOf, makeRun, mean, metricsOf, stopAfter, weightsOf, words, writeData } from './small-run.ts';

const pooled: (typeof OBJECTIVES)[number][] = ['triplet', 'cosine-regression', 'multiple-negatives'];

test.each(OBJECTIVES)('%s learns its training data, and the output opens as a model', async (name) => {
  const { config } = makeRun(name, { epochs: 8, learningRate: 3e-3, dropout: 0.05, attentionDropout: 0 });
  const { losses, summary } = await lossesOf(config);
  expect(summary).toMatchObject({ steps: 80, resumedFrom: 0, skippedRows: 0, skippedSteps: 0 });
  expect(mean(losses.slice(-8))).toBeLessThan(0.9 * mean(losses.slice(0, 8)));
  using encoder = await SentenceEncoder.load(config.output);
  expect(encoder.pooling).toEqual([pooled.includes(name) ? 'mean' : 'cls']);
  expect((await encoder.encode('the cat sat')).every(Number.isFinite)).toBe(true);
  expect(weightsOf(config.output)).not.toBe(weightsOf(smallModel));
});

/** All parameters and moments of the latest checkpoint. */
function lastTensorsOf(output: string): string {
  const checkpoints = join(output, 'checkpoints');
  const latest = readFileSync(join(checkpoints, 'LATEST'), 'utf8').trim();
  return readFileSync(join(checkpoints, latest, 'tensors.safetensors')).toString('base64');
}

test.each<[string, Partial<TrainConfigInput>]>([
  ['plain', {}],
  ['GradCache with a chunk that does not fit evenly', { gradCache: 5 }],
  ['accumulation and recomputed layers', { accumulation: 3, recompute: true }],
  [
    'the masked language auxiliary',
    { objective: { name: 'simcse-unsupervised', head: 'training', maskedLanguageWeight: 0.1 } },
  ],
  [
    'a temperature that is learned, with GradCache',
    { gradCache: 4, objective: { name: 'simcse-unsupervised', learnableTemperature: true } },
  ],
  [
    'BERT’s AdamW with decay and warm-up',
    { optimizer: { convention: 'bert' }, weightDecay: 0.01, warmup: 0.2, schedule: 'bert' },
  ],
  [
    'LAMB with polynomial decay',
    {
      optimizer: { name: 'lamb' },
      weightDecay: 0.01,
      schedule: 'polynomial',
      power: 2,
      endLearningRate: 1e-5,
    },
  ],
])('%s: stopped and resumed, the same bytes as undisturbed', async (_, change) => {
  const { folder, config } = makeRun('simcse-unsupervised', { epochs: 2, checkpointSteps: 4, ...change });
  await train(config);
  for (const step of [1, 5]) {
    const output = join(folder, `stopped-${step}`);
    await expect(train({ ...config, output }, stopAfter(step))).rejects.toThrow(/continue with --resume/);
    const { resumedFrom } = await train({ ...config, output, threads: 1 }, { resume: true });
    expect(resumedFrom).toBeGreaterThanOrEqual(step);
    expect(weightsOf(output)).toBe(weightsOf(config.output));
    expect(lastTensorsOf(output)).toBe(lastTensorsOf(config.output)); // what only training has, and moments
  }
});

test('GradCache and recomputed layers learn as the whole batch does, dropout included', async () => {
  const losses: number[][] = [];
  for (const change of [{}, { gradCache: 5 }, { recompute: true }]) {
    const { config } = makeRun('simcse-supervised', { maxSteps: 6, ...change });
    losses.push((await lossesOf(config)).losses);
  }
  const [plain, ...others] = losses as [number[], ...number[][]];
  for (const other of others) {
    for (const [step, loss] of other.entries()) expect(loss / (plain[step] as number)).toBeCloseTo(1, 4);
  }
});

test('a temperature that is learned is in the log, and moves', async () => {
  const { config } = makeRun('simcse-unsupervised', {
    maxSteps: 6,
    objective: { name: 'simcse-unsupervised', head: 'training', learnableTemperature: true },
    learningRateFactors: { '^logit_scale$': 10 },
    schedule: 'constant',
  });
  await train(config);
  const temperatures = metricsOf(config.output)
    .filter(({ kind }) => kind === 'train')
    .map(({ temperature }) => temperature as number);
  expect(temperatures[0]).toBeCloseTo(0.05, 6); // of the step itself, before its update
  for (const [step, value] of temperatures.slice(1).entries()) {
    const change = Math.abs(Math.log(value / (temperatures[step] as number)));
    expect(change).toBeGreaterThan(1e-4);
    expect(change).toBeLessThan(0.011); // AdamW's step is about the learning rate, 10 x 1e-3
  }
});

test('a learning rate of zero changes nothing; a factor of zero, one group', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 3 });
  await train({ ...config, learningRateFactors: { '.': 0 }, weightDecay: 0.1 });
  using before = await SentenceEncoder.load(smallModel, { pooling: 'cls' });
  using after = await SentenceEncoder.load(config.output);
  expect(await after.encode('the cat')).toEqual(await before.encode('the cat'));
  const output = join(folder, 'partly');
  await train({ ...config, output, learningRateFactors: { '^embeddings': 0 } });
  expect(weightsOf(output)).not.toBe(weightsOf(config.output));
});

test('the head is in the model only when it is kept; dense modules of the folder are trained', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 2 });
  const bent = join(folder, 'bent');
  const weight = Float32Array.from({ length: 8 * 32 }, (_, index) => Math.sin(index));
  await copyModel(bent, {
    modules: [
      { kind: 'pooling', modes: ['mean'], includePrompt: true },
      { kind: 'dense', inFeatures: 32, outFeatures: 8, activation: 'identity', weight },
      { kind: 'normalize' },
    ],
  });
  const { objective: _, ...rest } = config;
  const kept = { name: 'simcse-unsupervised', head: 'always' } as const;
  await train({ ...rest, model: bent, objective: kept });
  const modules = JSON.parse(readFileSync(join(config.output, 'modules.json'), 'utf8')) as { path: string }[];
  expect(modules.map(({ path }) => path)).toEqual(['', '1_Pooling', '2_Dense', '3_Normalize', '4_Dense']);
  using encoder = await SentenceEncoder.load(config.output);
  expect(encoder.dimension).toBe(8);
  const dense = readFileSync(join(config.output, '2_Dense', 'model.safetensors'));
  expect(dense.equals(readFileSync(join(bent, '2_Dense', 'model.safetensors')))).toBe(false);
});

test.each([
  ['texts cut sooner', { maxLength: 4 }],
  ['another pooling', { pooling: 'first_last_layer1', outputPooling: 'mean' }],
])('an evaluation during a run with %s scores as `evaluate` does afterwards', async (_, own) => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 4, keepBest: false, ...own });
  const dev = writeData(folder, 'dev.tsv', 2, true, 20);
  const seen: number[] = [];
  await train(
    { ...config, evaluation: { data: dev, steps: 4 } },
    { listener: { onEvaluation: (result) => seen.push(result.spearman as number) } },
  );
  const { evaluateSts } = await import('../../../src/eval/sts.ts');
  const { readScoredPairs } = await import('../../../src/data/readers/read-scored-pairs.ts');
  using encoder = await SentenceEncoder.load(config.output);
  const { spearman } = await evaluateSts(encoder, readScoredPairs(dev, { columns: ['1', '2', '3'] }));
  expect(seen).toHaveLength(2); // of the start too
  expect(seen[1]).toBe(spearman);
});

test('mistakes are said before the first step', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 2 });
  await expectError(
    train({ ...config, pooling: 'last_two' }),
    ArgumentError,
    /received last_two: name the one .* outputPooling/,
  );
  await expectError(train({ ...config, model: '/none' }), FileError, /'\/none'/);
  await expectError(train({ ...config, data: '/none.txt' }), FileError, /none\.txt/);
  await expectError(
    train({ ...config, learningRateFactors: { bogus: 1 } }),
    ArgumentError,
    /"bogus" to match a parameter/,
  );
  const bad = join(folder, 'bad.tsv');
  writeFileSync(bad, 'only one\n');
  await expectError(
    train({ ...config, objective: 'triplet', data: bad }),
    DataError,
    /bad\.tsv:1: expected a column 2/,
  );
});

test('a pooling that has no name there is trained with, and another one written', async () => {
  const { config } = makeRun('simcse-unsupervised', {
    maxSteps: 2,
    pooling: 'first_last_layer1',
    outputPooling: 'mean',
  });
  await train(config);
  using encoder = await SentenceEncoder.load(config.output);
  expect(encoder.pooling).toEqual(['mean']);
});

test('bad rows are counted, named, and in the log; blank ones are noted', async () => {
  const { config, folder } = makeRun('simcse-unsupervised', { maxSteps: 2 });
  const path = join(folder, 'bad.jsonl');
  const good = Array.from({ length: 12 }, (_, row) => `${JSON.stringify(`${words[row]} cat`)}\n`).join('');
  writeFileSync(path, `${good}\n  \n${'{"text": "tor\n'.repeat(1500)}`);
  const warnings: string[] = [];
  const notes: string[] = [];
  const listener = {
    onWarning: (message: string, kind: string) => warnings.push(`${kind}: ${message}`),
    onNote: (note: string) => notes.push(note),
  };
  const summary = await train({ ...config, data: { path, onCorrupt: 'skip' } }, { listener });
  expect([summary.skippedRows, warnings.length]).toEqual([1500, 1500]);
  expect(warnings[0]).toMatch(/^row: left out .*bad\.jsonl:15: expected a JSON value/);
  expect(notes[0]).toMatch(/bad\.jsonl: 2 blank lines were skipped/);
  const events = metricsOf(config.output).filter(({ kind }) => kind === 'event');
  expect(events).toHaveLength(1001);
  expect(events.at(-1)).toEqual({
    kind: 'event',
    step: 0,
    event: 'rows left out',
    path,
    rows: 1500,
    blank: 2,
  });
  writeFileSync(path, '{"text": "tor\n'.repeat(3));
  await expectError(
    train({ ...config, data: { path, onCorrupt: 'skip' }, overwrite: true }),
    DataError,
    /at least one example but all 3 rows were left out, the first because of .*bad\.jsonl:1: expected a JSON/,
  );
});

test('three hundred steps: as many live tensors as after the fiftieth, and no buffer from malloc', async () => {
  const { config } = makeRun('simcse-supervised', {
    epochs: 30,
    maxSteps: 300,
    checkpointSteps: 1000,
    gradCache: 7,
    shuffle: false,
  });
  const checked = checkConfig(sentenceTask(), config, 'test');
  const data = await TrainingData.open(checked, () => {});
  const learner = await createLearner(checked);
  const seen: EngineStats[] = [];
  const listener = { onStep: () => void seen.push(learner.engine.stats()) };
  await using folder = await RunFolder.open(config.output, { resume: false, overwrite: false });
  await folder.claim();
  await folder.begin({ resumed: false });
  const parts = {
    config: checked,
    task: sentenceTask(),
    source: data.source((texts) => learner.tokenize(texts)),
    learner,
    folder,
    evaluation: undefined,
    listener,
    signal: undefined,
    skipped: [],
  };
  const trainer = new Trainer(parts);
  await trainer.run();
  trainer[Symbol.dispose]();
  learner[Symbol.dispose]();
  await data[Symbol.asyncDispose]();
  const [early, late] = [seen[60], seen[290]] as [EngineStats, EngineStats]; // after the same rows of the data
  expect(late.liveTensors).toBe(early.liveTensors);
  expect(late.bytesHeld).toBe(early.bytesHeld);
  expect(late.poolMisses).toBe(early.poolMisses);
  expect(forgottenTensors()).toBe(0);
});
