// What happens in a run, told to its listener and written to its log. Warnings from before the log is open are written
// when it is.

import { dirname, join } from 'node:path';
import type { RunState } from '../checkpoint/run-state.ts';
import type { RunConfig } from '../config/run-config.ts';
import type { EvaluationResult } from '../evaluation.ts';
import { writeRunReport } from '../report/run-report-page.ts';
import type { StepResult } from '../step/step-queue.ts';
import type { OpenedTask } from '../task.ts';
import { MetricsLog } from './metrics-log.ts';
import { SpeedMeter } from './speed-meter.ts';

/** Of a row that is left out, which may be many, or of the run. */
export type WarningKind = 'row' | 'run';

/** What is told of a run while it runs. */
export interface TrainListener {
  /** Before the first step. @param run `examples` of an epoch, where their number is known in advance */
  onStart?(run: { step: number; totalSteps: number; examples: number | undefined }): void;
  /** After every step. */
  onStep?(result: StepResult, state: Readonly<RunState>): void;
  /** After every evaluation. */
  onEvaluation?(result: EvaluationResult, step: number, best: boolean): void;
  /** A row that was left out, or something about the run that should be known. */
  onWarning?(message: string, kind: WarningKind): void;
  /** What was assumed, before the first step; what is saved, when the listener's own error ends the run. */
  onNote?(message: string): void;
}

export class RunReport {
  readonly #listener: TrainListener;
  #log: MetricsLog | undefined;
  #speed: SpeedMeter | undefined;
  #early: string[] = [];

  constructor(listener: TrainListener) {
    this.#listener = listener;
  }

  /** @throws FileError */
  async open(folder: string, state: RunState): Promise<void> {
    const log = await MetricsLog.open(folder, state);
    this.#log = log;
    for (const message of this.#early.splice(0)) this.event(state.step, 'warning', { message });
  }

  /** Ends the log and makes the report of it. One that cannot be written is told of: it can be made at any time. */
  async close(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    log?.close();
    if (log === undefined) return;
    const target = join(dirname(log.path), 'report.html');
    try {
      await writeRunReport(log.path, target);
    } catch (error) {
      this.note(`${(error as Error).message}; make the report with likewise report`);
    }
  }

  /** What is known before the first step. @param rows the first ones that were left out */
  async start(
    { step, totalSteps, tokens }: RunState,
    { source, learner, examples }: OpenedTask,
    rows: readonly string[],
  ): Promise<void> {
    if (step === 0) {
      for (const row of rows) this.event(0, 'row left out', { row });
      for (const { path, skipped, blank } of source.files) {
        if (skipped + blank > 0) this.event(0, 'rows left out', { path, rows: skipped, blank });
      }
      for (const warning of source.warnings) this.warn(0, warning);
      await this.#ask(0, examples);
    } else this.event(step, 'resumed');
    for (const note of [...source.notes, ...learner.notes]) this.#listener.onNote?.(note);
    this.#listener.onStart?.({ step, totalSteps, examples: source.examples });
    this.#speed = new SpeedMeter(
      (at, tokensPerSecond) =>
        this.#log?.write('speed', { step: at, tokensPerSecond: Number(tokensPerSecond.toPrecision(5)) }),
      tokens,
    );
  }

  /** The last step is done. */
  async end({ step }: RunState, { examples }: Pick<OpenedTask, 'examples'>): Promise<void> {
    this.#speed?.pause();
    await this.#ask(step, examples);
  }

  async #ask(step: number, examples: OpenedTask['examples']): Promise<void> {
    if (examples !== undefined) this.#log?.write('examples', { step, examples: await examples() });
  }

  /** A step's line of the log; also that it was not finite. @param spike what is told of a loss that is one */
  log(
    result: StepResult,
    { totalSteps, examples, tokens }: RunState,
    { logSteps }: RunConfig,
    spike: string | undefined,
  ): void {
    const { step, loss, metrics, gradientNorm, learningRate } = result;
    if (!result.finite) this.event(step, 'not finite', { loss, gradientNorm });
    else if (step % logSteps === 0 || step === totalSteps) {
      this.#log?.write('train', { step, loss, ...metrics, learningRate, gradientNorm, examples, tokens });
    }
    this.#speed?.step(step, tokens);
    if (spike !== undefined) this.warn(step, spike, 'loss spike');
  }

  step(result: StepResult, state: RunState): void {
    this.#listener.onStep?.(result, state);
  }

  evaluation(result: EvaluationResult, step: number): void {
    const { score: _, ...figures } = result;
    this.#log?.write('evaluation', { step, ...figures });
  }

  evaluated(result: EvaluationResult, step: number, best: boolean): void {
    this.#listener.onEvaluation?.(result, step, best);
    this.#speed?.pause();
  }

  /** A checkpoint was written. */
  saved(): void {
    this.#speed?.pause();
  }

  warn(step: number, message: string, event = 'warning'): void {
    if (this.#log === undefined) this.#early.push(message);
    else this.event(step, event, { message });
    this.tell(message);
  }

  /** A warning of what the log has in numbers. */
  tell(message: string | undefined): void {
    if (message !== undefined) this.#listener.onWarning?.(message, 'run');
  }

  /** To a listener that may have failed itself. */
  note(message: string): void {
    try {
      this.#listener.onNote?.(message);
    } catch {
      // its first error is the one to throw
    }
  }

  /** An error ends the run. */
  failed(step: number, error: unknown): void {
    try {
      this.event(step, 'failed', { message: error instanceof Error ? error.message : String(error) });
    } catch {
      // a log that cannot be written to may be what ended the run
    }
  }

  event(step: number, event: string, more: Record<string, string | number> = {}): void {
    this.#log?.write('event', { step, event, ...more });
  }
}
