// The training loop. A step is queued without waiting; while it is computed the next one's rows are read and tokenized. A
// checkpoint holds all that decides the rest of a run: stopped anywhere and resumed, it ends with the same bits.

import { AbortedError, ExecutionError, LikewiseError } from '../errors.ts';
import type { AdamOptimizer } from '../optim/adam-optimizer.ts';
import { createOptimizer } from '../optim/create-optimizer.ts';
import {
  pruneCheckpoints,
  readCheckpoint,
  type SavedCheckpoint,
  writeCheckpoint,
} from './checkpoint/checkpoint.ts';
import { checkFingerprint, fingerprintOf } from './checkpoint/fingerprint.ts';
import { countStep, freshState, parseState, type RunState } from './checkpoint/run-state.ts';
import { loadTensors, tensorsOf } from './checkpoint/run-tensors.ts';
import type { RunConfig } from './config/run-config.ts';
import { type Evaluation, verdictOnScores, withScore } from './evaluation.ts';
import { RunReport, type TrainListener } from './log/run-report.ts';
import type { RunFolder } from './output/run-folder.ts';
import { checkPhases, learningRateAt, type Phase } from './step/learning-rate.ts';
import { remedyOfSkipped, type SkippedVerdict, verdictOnRun, verdictOnStep } from './step/skipped-steps.ts';
import { remedyOf, runFailure, type SavedStep, stepFailure } from './step/step-failure.ts';
import { type QueuedStep, queueStep } from './step/step-queue.ts';
import type { TrainingStep } from './step-source.ts';
import type { OpenedTask, Task } from './task.ts';

/** What a run is made of. */
export interface TrainerParts extends OpenedTask {
  config: RunConfig;
  task: Pick<Task, 'name' | 'comparedByContent'>;
  folder: RunFolder;
  listener: TrainListener;
  signal: AbortSignal | undefined;
  /** The first rows that were left out, for the log: `file:line: reason`. */
  skipped: readonly string[];
}

export class Trainer implements Disposable {
  readonly #parts: TrainerParts;
  readonly #optimizer: AdamOptimizer;
  readonly #phases: readonly Phase[];
  #state: RunState;
  readonly #report: RunReport;
  #queued: QueuedStep | undefined;
  /** The latest checkpoint, which is whole. */
  #checkpoint: SavedCheckpoint | undefined;
  #damaged: readonly string[] = []; // checkpoints that were passed over
  /** Whether the weights and moments in memory can be used. */
  #sound = true;
  /** An error ends the run: what is under way is counted and no longer told. */
  #failing = false;
  /** What to do when an error ends the run. */
  #remedy = remedyOf;

  constructor(parts: TrainerParts) {
    const { config, task, source, learner } = parts;
    const { weightDecay, noDecay, learningRateFactors, maxGradientNorm } = config;
    const groups = { weightDecay, noDecay, learningRateFactors };
    this.#parts = parts;
    const totalSteps = source.totalSteps();
    this.#state = freshState(totalSteps, source.start, fingerprintOf(config, task, parts));
    this.#report = new RunReport(parts.listener);
    this.#phases = source.phases ?? [{ steps: totalSteps }];
    checkPhases(config, this.#phases, totalSteps);
    const { name, ...settings } = config.optimizer;
    this.#optimizer = createOptimizer(name, learner.stores, { ...settings, ...groups, maxGradientNorm });
  }

  get state(): Readonly<RunState> {
    return this.#state;
  }

  /**
   * Goes on from the latest checkpoint, if there is one.
   * @returns the step it goes on from, or undefined when nothing is saved
   * @throws ConfigError naming what is not as it was; FormatError; FileError, also when the best model so far is gone
   */
  async resume(): Promise<number | undefined> {
    const { config, folder, learner } = this.#parts;
    const saved = await readCheckpoint(folder.checkpoints);
    if (saved === undefined) return undefined;
    const state = parseState(saved.state, folder.checkpoints);
    const { fingerprint } = this.#state;
    const ended = state.step === state.totalSteps || state.stoppedEarly ? folder.path : undefined;
    const changes = checkFingerprint(state.fingerprint, fingerprint, ended);
    if (config.keepBest && state.best !== null) await folder.checkBestModel(state.best.step);
    for (const change of changes) this.#report.warn(state.step, change);
    for (const each of saved.damaged) this.#report.warn(state.step, `left out a checkpoint: ${each.message}`);
    this.#damaged = saved.damaged.map(({ name }) => name);
    loadTensors(learner.stores, this.#optimizer, saved.tensors, state.optimizerSteps);
    this.#state = { ...state, fingerprint };
    this.#checkpoint = { step: saved.step, name: saved.name };
    return state.step;
  }

  /**
   * Runs to the end and writes the model.
   * @throws a checkpoint having been written: AbortedError when the signal fired; ExecutionError for a step that is not finite
   *   when that is to stop, when more than half of the steps were left out, and for an evaluation without a correlation;
   *   DataError, FileError and what a listener throws. ExecutionError or OutOfMemoryError for a step that the engine failed in
   */
  async run(): Promise<void> {
    const { folder, skipped } = this.#parts;
    await this.#report.open(folder.path, this.#state);
    try {
      await this.#report.start(this.#state, this.#parts, skipped);
      await this.#train().catch((error) => this.#fail(error));
    } finally {
      await this.#queued?.result.catch(() => undefined);
      await this.#report.close();
    }
  }

  [Symbol.dispose](): void {
    this.#optimizer.dispose();
  }

  async #train(): Promise<void> {
    const { source, signal } = this.#parts;
    const steps = source.steps(this.#state.position);
    const nextStep = () => {
      const next = steps.next();
      next.catch(() => {}); // awaited below in its turn
      return next;
    };
    await this.#afterStep(false); // the evaluation of the start, or one that was interrupted or failed
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
    await this.#install();
  }

  /** What the run came to, at the root of its folder. */
  async #install(): Promise<void> {
    const { folder, learner, config } = this.#parts;
    if (this.#checkpoint !== undefined) await this.#prune(this.#checkpoint); // a kill may have come before it
    await this.#report.end(this.#state, this.#parts);
    const verdict = verdictOnRun(this.#state);
    if (verdict !== undefined) this.#judge(verdict);
    this.#report.tell(verdictOnScores(this.#state, config.keepBest));
    const best = config.keepBest ? this.#state.best : null;
    const kept = best === null ? undefined : folder.bestModel(best.step);
    await folder.install(kept ?? ((target) => learner.save(target)));
  }

  /** @throws ExecutionError when the run is to end */
  #judge(verdict: SkippedVerdict): void {
    if (verdict.ends) {
      this.#remedy = (saved) => remedyOfSkipped(verdict, this.#parts.config.nanPolicy, saved);
      throw new ExecutionError(verdict.message);
    }
    this.#report.tell(verdict.message);
  }

  #goesOn(): boolean {
    return this.#state.step < this.#state.totalSteps && !this.#state.stoppedEarly;
  }

  async #queueStep(step: TrainingStep): Promise<boolean> {
    const { config, learner, signal } = this.#parts;
    const { seed, accumulation } = config;
    const learningRate = learningRateAt(config, this.#phases, this.#state.step);
    const place = { step: this.#state.step + 1, seed, accumulation, learningRate };
    const aborted = () => signal?.aborted === true;
    const queued = await this.#during(place.step, queueStep(learner, this.#optimizer, step, place, aborted));
    if (queued === undefined) return false;
    this.#state.step += 1;
    this.#state.optimizerSteps = this.#optimizer.steps;
    this.#state.position = step.after;
    await this.#settle(queued); // the step before, while this one is computed
    return true;
  }

  /** Part of a step: an error of the engine comes out with what it means for the run. */
  async #during<T>(step: number, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const failure = stepFailure(error, step, this.#saved());
      if (failure === undefined) throw error;
      this.#sound = false;
      throw failure;
    }
  }

  #saved(): SavedStep | undefined {
    const { checkpoints: folder } = this.#parts.folder;
    return this.#checkpoint && { step: this.#checkpoint.step, folder };
  }

  /** Waits for what the queued step came to. @param next queued behind it */
  async #settle(next?: QueuedStep): Promise<void> {
    const queued = this.#queued;
    this.#queued = next;
    if (queued === undefined) return;
    const result = await this.#during(queued.step, queued.result);
    const { config } = this.#parts;
    const state = this.#state;
    const spike = countStep(state, result);
    this.#report.log(result, state, config, spike);
    if (this.#failing) return;
    if (!result.finite) this.#judge(verdictOnStep(result, config.nanPolicy, state.skippedInARow));
    this.#report.step(result, state);
  }

  /** Evaluation and checkpoint, where they are due. @param done a step was, just now */
  async #afterStep(done: boolean): Promise<void> {
    const { config, evaluation } = this.#parts;
    const { step, evaluatedStep, startScore } = this.#state;
    const last = step === this.#state.totalSteps;
    const due = step === 0 ? startScore === null : step > evaluatedStep;
    const evaluating = evaluation !== undefined && due && (last || step % evaluation.steps === 0);
    if (evaluating) {
      await this.#settle();
      await this.#evaluate(evaluation);
    }
    if (step === 0 || (!done && !evaluating)) return;
    if (last || this.#state.stoppedEarly || step % config.checkpointSteps === 0) await this.#save();
  }

  /** Order: the model, the log, then the state, which names what is written. */
  async #evaluate(evaluation: Evaluation): Promise<void> {
    const { learner, config, folder, signal } = this.#parts;
    const result = await evaluation.run(signal).catch((error: unknown) => {
      if (error instanceof AbortedError) return this.#interrupt(); // the resumed run begins with this evaluation
      throw error;
    });
    const { step } = this.#state;
    const { state, best } = withScore(this.#state, result.score, config.earlyStopping);
    if (best && config.keepBest) await folder.saveBest(step, (target) => learner.save(target));
    this.#report.evaluation(result, step);
    this.#state = state;
    if (best) await folder.pruneBest(state);
    this.#report.evaluated(result, step, best);
  }

  async #save(): Promise<void> {
    await this.#settle();
    const { folder, learner } = this.#parts;
    const tensors = await tensorsOf(learner.stores, this.#optimizer);
    const { step } = this.#state;
    this.#checkpoint = await writeCheckpoint(folder.checkpoints, step, { state: this.#state, tensors });
    await this.#prune(this.#checkpoint);
    this.#report.saved();
  }

  async #prune(checkpoint: SavedCheckpoint): Promise<void> {
    const { folder, config } = this.#parts;
    await pruneCheckpoints(folder.checkpoints, checkpoint, config.keepCheckpoints, this.#damaged);
    this.#damaged = [];
    await folder.pruneBest(this.#state);
  }

  /** The signal fired: the steps done are saved, what was begun of the next one is not. */
  async #interrupt(): Promise<never> {
    await this.#settle(); // what it came to may end the run in its own way
    const { step } = this.#state;
    let saved = ' before anything was done';
    if (step > 0) {
      try {
        await this.#save();
        saved = `: step ${step} is saved; continue with --resume`;
      } catch (error) {
        if (!(error instanceof LikewiseError)) throw error;
        saved = `: ${error.message}; ${remedyOf(this.#saved())}`;
      }
      this.#report.event(step, 'interrupted');
    }
    throw new AbortedError(`training was stopped${saved}`, { cause: this.#parts.signal?.reason });
  }

  /** An error ended the run: what is sound in memory is saved before it leaves, and it says what is saved. */
  async #fail(error: unknown): Promise<never> {
    if (error instanceof AbortedError || !this.#sound) throw error;
    this.#failing = true;
    if (this.#state.step > (this.#checkpoint?.step ?? 0)) await this.#save().catch(() => undefined); // what is saved is told
    this.#report.failed(this.#state.step, error);
    const remedy = this.#remedy(this.#saved());
    const failure = runFailure(error, remedy);
    if (failure === error) this.#report.note(remedy);
    throw failure;
  }
}
