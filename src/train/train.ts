// A whole run, from a configuration to a model folder.

import { AbortedError } from '../errors.ts';
import { refuseSharedPaths } from '../io/files/output-check.ts';
import { checkOptions } from '../options/check-options.ts';
import { checkFormats } from './check-formats.ts';
import type { TrainConfig, TrainConfigInput } from './config.ts';
import { createLearner } from './create-learner.ts';
import type { CustomObjective } from './custom-objective.ts';
import { Evaluation } from './evaluation.ts';
import type { Learner } from './learner.ts';
import { checkConfig } from './read-config.ts';
import { RunFolder } from './run-folder.ts';
import type { TrainListener } from './run-report.ts';
import { Trainer } from './trainer.ts';
import { TrainingData } from './training-data.ts';

export interface TrainOptions {
  /** Go on from the output's latest checkpoint; from the start when nothing is saved. */
  resume?: boolean | undefined;
  /** Stops the run within a step, a checkpoint being written. */
  signal?: AbortSignal | undefined;
  /** Told what happens. */
  listener?: TrainListener | undefined;
  /** Named in errors about the configuration. */
  source?: string | undefined;
  /**
   * In place of a named objective. What a checkpoint knows of it is its name, `custom`, and the shape of its examples: that
   * it is the same one when a run is resumed is up to the caller.
   */
  objective?: CustomObjective | undefined;
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
  /** The best evaluation. */
  best: { step: number; score: number } | null;
  stoppedEarly: boolean;
  output: string;
}

/** Rows left out that the log names; it counts them all. */
const keptReasons = 1000;

/**
 * Trains a sentence encoder and writes it as a sentence-transformers folder.
 * @throws ConfigError, ModelError, DataError, FileError; AbortedError when the signal fired; ExecutionError for a loss that
 *   is not finite
 */
export async function train(config: TrainConfigInput, options: TrainOptions = {}): Promise<TrainSummary> {
  const started = performance.now();
  checkOptions('train', options, ['resume', 'signal', 'listener', 'source', 'objective']);
  const { resume = false, signal, listener = {} } = options;
  const checked = checkConfig(config, options.source ?? 'the configuration', options.objective);
  const { output, overwrite } = checked;
  await refuseSharedPaths({ output }, inputsOf(checked));
  await checkFormats(checked);
  await using folder = await RunFolder.open(output, { resume, overwrite });
  const evaluation = checked.evaluation && (await Evaluation.open(checked.evaluation));
  const skipped: string[] = [];
  const onSkipped = (reason: string) => {
    if (skipped.length < keptReasons) skipped.push(reason);
    listener.onWarning?.(`left out ${reason}`, 'row');
  };
  const data = await TrainingData.open(checked, onSkipped, signal);
  let learner: Learner | undefined;
  let trainer: Trainer | undefined;
  try {
    learner = await createLearner(checked, options.objective?.loss);
    if (signal?.aborted)
      throw new AbortedError('training was stopped: nothing was done yet', { cause: signal.reason });
    trainer = new Trainer({ config: checked, data, learner, folder, evaluation, listener, signal, skipped });
    await folder.claim();
    const resumedFrom = resume ? await trainer.resume() : undefined;
    await folder.begin({ resumed: resumedFrom !== undefined });
    await trainer.run();
    const { step, loss, examples, tokens, skippedSteps, best, stoppedEarly } = trainer.state;
    const skippedRows = data.files.reduce((sum, file) => sum + file.skipped, 0);
    const counts = { examples, tokens, skippedRows, skippedSteps, best, stoppedEarly };
    const seconds = (performance.now() - started) / 1000;
    return { steps: step, resumedFrom: resumedFrom ?? 0, loss, seconds, ...counts, output: folder.path };
  } finally {
    trainer?.dispose();
    learner?.[Symbol.dispose]();
    await data.close();
  }
}

/** What a run reads, and must not be written over. */
function inputsOf({ model, data, evaluation }: TrainConfig): Record<string, string | undefined> {
  const sets = data.map(({ path }, index) => [data.length > 1 ? `data.${index}` : 'data', path] as const);
  return { model, evaluation: evaluation?.data, ...Object.fromEntries(sets) };
}
