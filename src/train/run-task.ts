// A whole run of any task, from a configuration to a model folder.

import { AbortedError } from '../errors.ts';
import { refuseSharedPaths } from '../io/files/output-check.ts';
import { Belongings } from './belongings.ts';
import { checkConfig } from './config/check-config.ts';
import type { RunConfig } from './config/run-config.ts';
import type { TrainListener } from './log/run-report.ts';
import { RunFolder } from './output/run-folder.ts';
import type { Task } from './task.ts';
import { Trainer } from './trainer.ts';

export interface RunOptions {
  /** Go on from the output's latest checkpoint; from the start when nothing is saved. */
  resume?: boolean | undefined;
  /** Stops the run within a step, a checkpoint being written. */
  signal?: AbortSignal | undefined;
  /** Told what happens. */
  listener?: TrainListener | undefined;
  /** Named in errors about the configuration. */
  source?: string | undefined;
}

/** What a run came to. */
export interface TrainSummary {
  /** Steps done, those before a resume included. */
  steps: number;
  /** The step it went on from; 0 for a run from the start. */
  resumedFrom: number;
  /** Of the last step; null when that was not finite. */
  loss: number | null;
  /** Wall time of this call. */
  seconds: number;
  examples: number;
  tokens: number;
  /** Rows of the data that could not be used. */
  skippedRows: number;
  /** Steps that changed nothing, because their loss or gradient was not finite. */
  skippedSteps: number;
  /** The score before the first step; null without an evaluation. */
  startScore: number | null;
  /** The best evaluation; of step 0 when no step was better than the start. */
  best: { step: number; score: number } | null;
  stoppedEarly: boolean;
  output: string;
}

/** Rows left out that the log names; it counts them all. */
const keptReasons = 1000;

/**
 * Trains what a task trains.
 * @throws ConfigError, ModelError, DataError, FileError; AbortedError when the signal fired; ExecutionError for a loss that
 *   is not finite
 */
export async function runTask<Config extends RunConfig>(
  task: Task<Config>,
  value: unknown,
  options: RunOptions = {},
): Promise<TrainSummary> {
  const started = performance.now();
  const { resume = false, signal, listener = {} } = options;
  const config = checkConfig(task, value, options.source ?? 'the configuration');
  const { output, overwrite } = config;
  await refuseSharedPaths({ output }, task.inputs(config));
  await task.check?.(config);
  await using folder = await RunFolder.open(output, { resume, overwrite });
  const skipped: string[] = [];
  const onSkipped = (reason: string) => {
    if (skipped.length < keptReasons) skipped.push(reason);
    listener.onWarning?.(`left out ${reason}`, 'row');
  };
  await using belongings = new Belongings();
  const opened = await task.open(config, { signal, onSkipped, own: (owned) => belongings.own(owned) });
  if (signal?.aborted)
    throw new AbortedError('training was stopped before anything was done', { cause: signal.reason });
  using trainer = new Trainer({ config, task, ...opened, folder, listener, signal, skipped });
  await folder.claim();
  const resumedFrom = resume ? await trainer.resume() : undefined;
  await folder.begin({ resumed: resumedFrom !== undefined });
  await trainer.run();
  const { step, loss, examples, tokens, skippedSteps, startScore, best, stoppedEarly } = trainer.state;
  const skippedRows = opened.source.files.reduce((sum, file) => sum + file.skipped, 0);
  const counts = { examples, tokens, skippedRows, skippedSteps, startScore, best, stoppedEarly };
  const seconds = (performance.now() - started) / 1000;
  return { steps: step, resumedFrom: resumedFrom ?? 0, loss, seconds, ...counts, output: folder.path };
}
