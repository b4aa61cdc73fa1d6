// Runs of the trainer over the toy learner, for tests: texts, a configuration in a folder of its own, one run of it.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../../src/io/files/atomic-file.ts';
import { writeFolder } from '../../src/io/files/folder-writer.ts';
import type { TrainConfigInput } from '../../src/tasks/sentence/config.ts';
import { sentenceTask } from '../../src/tasks/sentence/sentence-task.ts';
import { StsEvaluation } from '../../src/tasks/sentence/sts-evaluation.ts';
import { TrainingData } from '../../src/tasks/sentence/training-data.ts';
import { checkConfig } from '../../src/train/config/check-config.ts';
import type { TrainListener } from '../../src/train/log/run-report.ts';
import { RunFolder } from '../../src/train/output/run-folder.ts';
import type { StepResult } from '../../src/train/step/step-queue.ts';
import { Trainer } from '../../src/train/trainer.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { type ToyLearner, type ToyOptions, toyLearner } from './toy-learner.ts';

export interface RunOptions extends Omit<ToyOptions, 'onSave'> {
  /** Instead of a new one. */
  learner?: ToyLearner;
  resume?: boolean;
  signal?: AbortSignal;
  listener?: TrainListener;
}

/** Texts and a configuration in a folder of their own. */
export function makeRun(change: Partial<TrainConfigInput> = {}) {
  const folder = temporaryFolder();
  const lines = Array.from({ length: 50 }, (_, row) => `row ${row} ${'abcdefghij'.repeat(1 + (row % 3))}`);
  writeFileSync(join(folder, 'texts.txt'), `${lines.join('\n')}\nrow 1 abcdefghijabcdefghij\n`);
  const config = {
    model: 'none',
    data: join(folder, 'texts.txt'),
    output: join(folder, 'out'),
    batchSize: 4,
    epochs: 2,
    learningRate: 0.01,
    checkpointSteps: 5,
    warmup: 3,
    ...change,
  };
  return { folder, config, output: config.output };
}

/** A toy learner whose model folder is written as the real one's, its values in modules.json. */
export function savingLearner(options: ToyOptions = {}): ToyLearner {
  const learner = toyLearner({
    ...options,
    onSave: async (target) => {
      const values = await learner.stores[0]?.values.float32Data();
      const modules = [{ path: '', type: 'toy', values: [...(values ?? [])] }];
      await writeFolder(target, { overwrite: true }, (folder) =>
        writeFileAtomic(join(folder, 'modules.json'), JSON.stringify(modules)),
      );
    },
  });
  return learner;
}

export async function runOnce(config: TrainConfigInput, options: RunOptions = {}) {
  const task = sentenceTask();
  const checked = checkConfig(task, config, 'test');
  const warnings: string[] = [];
  const steps: StepResult[] = [];
  const data = await TrainingData.open(checked, (reason) => warnings.push(reason));
  const learner = options.learner ?? savingLearner(options);
  const listener: TrainListener = {
    onStep: (result) => steps.push(result),
    onWarning: (message) => warnings.push(message),
    ...options.listener,
  };
  let trainer: Trainer | undefined;
  const { resume = false, signal } = options;
  try {
    await using folder = await RunFolder.open(checked.output, { resume, overwrite: checked.overwrite });
    const pairs = checked.evaluation && (await StsEvaluation.open(checked.evaluation));
    const evaluation = pairs?.of(() => learner.encoder());
    const source = data.source((texts) => learner.tokenize(texts));
    const opened = { source, learner, evaluation };
    const skipped = [...warnings];
    trainer = new Trainer({ config: checked, task, ...opened, folder, listener, signal, skipped });
    await folder.claim();
    const resumedFrom = resume ? await trainer.resume() : undefined;
    await folder.begin({ resumed: resumedFrom !== undefined });
    await trainer.run();
    return { state: trainer.state, resumedFrom, warnings, steps };
  } finally {
    trainer?.[Symbol.dispose]();
    if (options.learner === undefined) learner[Symbol.dispose]();
    await data[Symbol.asyncDispose]();
  }
}

export const weightsOf = (output: string) => readFileSync(join(output, 'modules.json'), 'utf8');
export const metricsOf = (output: string) =>
  readFileSync(join(output, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Stops when a batch of that number is asked for, as a signal would. */
export function stopAt(call: number): Pick<RunOptions, 'signal' | 'onLearn'> {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onLearn: (now) => {
      if (now === call) controller.abort(new Error('SIGINT'));
      return undefined;
    },
  };
}
