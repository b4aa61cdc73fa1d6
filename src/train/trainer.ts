// The training loop. A step is queued without waiting; while the engine computes it the next one's rows are read and
// tokenized, and what the step before came to is looked at. A checkpoint holds all that decides the rest of the run, so a
// run that was stopped anywhere and resumed ends with the same bits as one that was not.

import { AbortedError, LikewiseError } from '../errors.ts';
import { AdamW } from '../optim/adamw.ts';
import { scheduleFactor } from '../optim/schedule.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import type { TrainConfig } from './config.ts';
import { type Evaluation, type EvaluationResult, noteScore } from './evaluation.ts';
import { checkFingerprint, fingerprintOf } from './fingerprint.ts';
import type { Learner } from './learner.ts';
import { MetricsLog } from './metrics-log.ts';
import type { RunFolder } from './run-folder.ts';
import { freshState, parseState, type RunState } from './run-state.ts';
import { loadTensors, tensorsOf } from './run-tensors.ts';
import { warningOfSkipped } from './skipped-steps.ts';
import { stepFailure } from './step-failure.ts';
import { type QueuedStep, queueStep, type StepResult } from './step-queue.ts';
import type { StepBatches, TrainingData } from './training-data.ts';

/** What is told of a run while it runs. */
export interface TrainListener {
  onStart?(run: { step: number; totalSteps: number; examples: number }): void;
  onStep?(result: StepResult, state: Readonly<RunState>): void;
  onEvaluation?(result: EvaluationResult, step: number, best: boolean): void;
  onWarning?(message: string): void;
  /** What was assumed, before the first step. */
  onNote?(message: string): void;
}

/** What a run is made of. */
export interface TrainerParts {
  config: TrainConfig;
  data: TrainingData;
  learner: Learner;
  folder: RunFolder;
  evaluation: Evaluation | undefined;
  listener: TrainListener;
  signal: AbortSignal | undefined;
  /** Rows that were left out, for the log: `file:line: reason`. */
  skipped: readonly string[];
}

export class Trainer {
  readonly #parts: TrainerParts;
  readonly #optimizer: AdamW;
  #state: RunState;
  #log!: MetricsLog;
  #queued: QueuedStep | undefined;
  /** Of the latest checkpoint. */
  #savedStep: number | undefined;

  constructor(parts: TrainerParts) {
    const { config, data, learner } = parts;
    const { weightDecay, noDecay, learningRateFactors, maxGradientNorm } = config;
    const groups = { weightDecay, noDecay, learningRateFactors };
    this.#parts = parts;
    this.#optimizer = new AdamW(learner.stores, { ...config.optimizer, ...groups, maxGradientNorm });
    this.#state = freshState(data.totalSteps(), fingerprintOf(config, data.files, learner.fingerprint));
  }

  get state(): Readonly<RunState> {
    return this.#state;
  }

  /**
   * Goes on from the latest checkpoint, if there is one.
   * @returns the step it goes on from, or undefined when nothing is saved
   * @throws ConfigError naming what is not as it was; FormatError, FileError
   */
  async resume(): Promise<number | undefined> {
    const { folder, learner, listener } = this.#parts;
    const saved = await readCheckpoint(folder.checkpoints);
    if (saved === undefined) return undefined;
    for (const damage of saved.damaged) listener.onWarning?.(`left out a checkpoint: ${damage}`);
    const state = parseState(saved.state, folder.checkpoints);
    checkFingerprint(state.fingerprint, this.#state.fingerprint);
    loadTensors(learner.stores, this.#optimizer, saved.tensors, state.optimizerSteps);
    this.#state = state;
    this.#savedStep = saved.step;
    return state.step;
  }

  /**
   * Runs to the end and writes the model.
   * @throws AbortedError when the signal fired, a checkpoint having been written; ExecutionError for a step that is not
   *   finite when that is to stop; ExecutionError or OutOfMemoryError for one that the engine failed in; FileError
   */
  async run(): Promise<void> {
    const { folder, learner, data, listener } = this.#parts;
    this.#log = await MetricsLog.open(folder.path, this.#state.step);
    try {
      const { step, totalSteps } = this.#state;
      if (step === 0) this.#noteSkippedRows();
      for (const note of learner.notes) listener.onNote?.(note);
      listener.onStart?.({ step, totalSteps, examples: data.examples });
      await this.#train();
      const { best } = this.#state;
      const kept = this.#parts.config.keepBest && best !== null ? folder.bestModel(best.step) : undefined;
      await folder.install(kept ?? ((target) => learner.save(target)));
    } finally {
      await this.#queued?.result.catch(() => undefined);
      this.#log.close();
    }
  }

  dispose(): void {
    this.#optimizer.dispose();
  }

  async #train(): Promise<void> {
    const { data, learner, signal } = this.#parts;
    const steps = data.steps(this.#state.position, (texts) => learner.tokenize(texts));
    const nextStep = () => {
      const next = steps.next();
      next.catch(() => {}); // awaited below in its turn
      return next;
    };
    await this.#afterStep(false); // an evaluation that was interrupted
    let next = nextStep();
    try {
      while (this.#goesOn()) {
        const { value, done } = await next;
        if (done === true) break;
        if (this.#state.step + 1 < this.#state.totalSteps) next = nextStep();
        if (signal?.aborted || !(await this.#queueStep(value))) await this.#interrupt();
        await this.#afterStep(true);
      }
      await this.#settle();
    } finally {
      await next.catch(() => undefined);
      await steps.return(undefined);
    }
  }

  #goesOn(): boolean {
    return this.#state.step < this.#state.totalSteps && !this.#state.stoppedEarly;
  }

  async #queueStep(step: StepBatches): Promise<boolean> {
    const { config, learner, signal } = this.#parts;
    const { schedule, warmup, learningRate, seed, accumulation } = config;
    const { totalSteps } = this.#state;
    const warmupSteps = warmup < 1 ? Math.round(warmup * totalSteps) : warmup;
    const factor = scheduleFactor({ name: schedule, warmupSteps, totalSteps }, this.#state.step);
    const place = { step: this.#state.step + 1, seed, accumulation, learningRate: learningRate * factor };
    const aborted = () => signal?.aborted === true;
    const queued = await this.#during(place.step, queueStep(learner, this.#optimizer, step, place, aborted));
    if (queued === undefined) return false;
    this.#state.step += 1;
    this.#state.optimizerSteps = this.#optimizer.steps;
    this.#state.position = step.after;
    await this.#settle(); // the step before, while this one is computed
    this.#queued = queued;
    return true;
  }

  /** Part of a step: an error of the engine comes out with what it means for the run. */
  async #during<T>(step: number, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { checkpoints: folder } = this.#parts.folder;
      const saved = this.#savedStep === undefined ? undefined : { step: this.#savedStep, folder };
      throw stepFailure(error, step, saved);
    }
  }

  /** Waits for what the queued step came to. */
  async #settle(): Promise<void> {
    const queued = this.#queued;
    this.#queued = undefined;
    if (queued === undefined) return;
    const result = await this.#during(queued.step, queued.result);
    const state = this.#state;
    state.examples += result.examples;
    state.tokens += result.tokens;
    state.loss = Number.isFinite(result.loss) ? result.loss : null;
    state.skippedInARow = result.finite ? 0 : state.skippedInARow + 1;
    if (!result.finite) this.#noteSkipped(result);
    const { config, listener } = this.#parts;
    const { step, loss, metrics, gradientNorm, learningRate } = result;
    if (result.finite && (step % config.logSteps === 0 || step === state.totalSteps)) {
      const { examples, tokens } = state;
      this.#log.write('train', { step, loss, ...metrics, learningRate, gradientNorm, examples, tokens });
    }
    listener.onStep?.(result, state);
  }

  #noteSkippedRows(): void {
    for (const row of this.#parts.skipped) this.#log.write('event', { step: 0, event: 'row left out', row });
  }

  #noteSkipped(result: StepResult): void {
    const { config, listener } = this.#parts;
    const { step, loss, gradientNorm } = result;
    this.#state.skippedSteps += 1;
    this.#log.write('event', { step, event: 'not finite', loss, gradientNorm });
    listener.onWarning?.(warningOfSkipped(result, config.nanPolicy, this.#state.skippedInARow));
  }

  /** Evaluation and checkpoint, where they are due. */
  async #afterStep(save: boolean): Promise<void> {
    const { config, evaluation } = this.#parts;
    const { step } = this.#state;
    const last = step === this.#state.totalSteps;
    const evaluated = step === 0 || this.#state.evaluatedStep === step;
    if (evaluation !== undefined && !evaluated && (last || step % evaluation.config.steps === 0)) {
      await this.#settle();
      await this.#evaluate(evaluation);
    }
    if (save && (last || this.#state.stoppedEarly || step % config.checkpointSteps === 0)) await this.#save();
  }

  async #evaluate(evaluation: Evaluation): Promise<void> {
    const { learner, config, listener, folder, signal } = this.#parts;
    let result: EvaluationResult;
    try {
      result = await evaluation.run(learner, signal);
    } catch (error) {
      if (error instanceof AbortedError) return this.#interrupt(); // the resumed run begins with this evaluation
      throw error;
    }
    const { step } = this.#state;
    const { spearman, pearson, pairs, score } = result;
    const best = noteScore(this.#state, score, config.earlyStopping);
    this.#log.write('evaluation', { step, spearman, pearson, pairs });
    if (best && config.keepBest) await learner.save(folder.bestModel(step));
    listener.onEvaluation?.(result, step, best);
  }

  async #save(): Promise<void> {
    await this.#settle();
    const { folder, learner, config } = this.#parts;
    const tensors = await tensorsOf(learner.stores, this.#optimizer);
    await writeCheckpoint(
      folder.checkpoints,
      this.#state.step,
      { state: this.#state, tensors },
      config.keepCheckpoints,
    );
    this.#savedStep = this.#state.step;
    await folder.pruneBest(this.#state.best?.step);
  }

  /** The signal fired: the steps done are saved, what was begun of the next one is not. */
  async #interrupt(): Promise<never> {
    const { step } = this.#state;
    let saved = 'nothing was done yet';
    if (step > 0) {
      try {
        await this.#save();
        saved = `step ${step} is saved; go on with --resume`;
      } catch (error) {
        if (!(error instanceof LikewiseError)) throw error;
        saved = error.message;
      }
      this.#log.write('event', { step, event: 'interrupted' });
    }
    throw new AbortedError(`training was stopped: ${saved}`, { cause: this.#parts.signal?.reason });
  }
}
