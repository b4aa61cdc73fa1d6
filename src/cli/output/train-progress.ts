// The progress of training, on stderr: one line redrawn on a terminal, otherwise one for the first step and every few
// seconds from there; evaluations and what was left out as lines of their own.

import type { EvaluationResult } from '../../train/evaluation.ts';
import type { TrainListener, WarningKind } from '../../train/log/run-report.ts';
import type { StepResult } from '../../train/step/step-queue.ts';
import { formatCount, formatTimeLeft } from './quantities.ts';

const redrawMilliseconds = 100;
const lineMilliseconds = 5000;
/** Speed is that of the last steps: this share of it from before. */
const inertia = 0.9;
/** Rows that are named when they are left out. */
const namedRows = 20;

export class TrainProgress implements TrainListener {
  readonly #stream: NodeJS.WriteStream;
  readonly #interval: number;
  /** The first step is shown at once. */
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = false;
  #totalSteps = 0;
  /** Where the time of a step is counted from: the start, and once it is done the first step, which takes longer. */
  #first = { step: 0, at: 0 };
  #steps = 0;
  #lastStepAt = 0;
  /** Of the last steps, older ones counting less and less. */
  #recent = { seconds: 0, tokens: 0 };
  #rows = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#interval = stream.isTTY ? redrawMilliseconds : lineMilliseconds;
  }

  onStart({ step, totalSteps, examples }: Parameters<NonNullable<TrainListener['onStart']>>[0]): void {
    this.#totalSteps = totalSteps;
    this.#lastStepAt = performance.now();
    this.#first = { step, at: this.#lastStepAt };
    const from = step === 0 ? '' : `, continuing after step ${formatCount(step)}`;
    const known = examples === undefined ? '' : `${formatCount(examples)} examples, `;
    this.#line(`${known}${formatCount(totalSteps)} steps${from}`);
  }

  onStep(result: StepResult): void {
    const now = performance.now();
    const seconds = (now - this.#lastStepAt) / 1000;
    this.#lastStepAt = now;
    this.#recent.seconds = inertia * this.#recent.seconds + seconds;
    this.#recent.tokens = inertia * this.#recent.tokens + result.tokens;
    // Evaluations and checkpoints are counted in, since there will be more of them.
    const secondsPerStep = (now - this.#first.at) / 1000 / (result.step - this.#first.step);
    this.#steps += 1;
    if (this.#steps === 1) this.#first = { step: result.step, at: now };
    if (now - this.#shownAt < this.#interval && result.step !== this.#totalSteps) return;
    this.#shownAt = now;
    const tokensPerSecond = this.#recent.tokens / this.#recent.seconds;
    const line = describeStep(result, this.#totalSteps, tokensPerSecond, secondsPerStep);
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
      this.#shown = true;
    } else {
      this.#stream.write(`${line}\n`);
    }
  }

  onEvaluation(result: EvaluationResult, step: number, best: boolean): void {
    this.#line(`step ${formatCount(step)}  ${describeEvaluation(result)}${best ? '  best so far' : ''}`);
    this.#lastStepAt = performance.now(); // an evaluation's time is not a step's
    if (this.#steps === 0) this.#first = { step, at: this.#lastStepAt }; // nor is the start's part of the first step's
  }

  onWarning(message: string, kind: WarningKind): void {
    if (kind === 'row') this.#rows += 1;
    if (kind === 'run' || this.#rows <= namedRows) this.#line(message);
    else if (this.#rows === namedRows + 1) {
      this.#line('more rows are left out: metrics.jsonl names the first 1,000 and counts them all');
    }
  }

  onNote(message: string): void {
    this.#line(`note: ${message}`);
  }

  /** Clears a redrawn line. */
  end(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
  }

  #line(text: string): void {
    this.end();
    this.#stream.write(`${text}\n`);
  }
}

/** `spearman 0.812345  pearson 0.801234  1,500 pairs`: what is above 1 and whole is a number of things. */
export function describeEvaluation({ score: _, ...figures }: EvaluationResult): string {
  const parts = Object.entries(figures).map(([name, value]) =>
    typeof value === 'string'
      ? value
      : Number.isInteger(value) && value > 1
        ? `${formatCount(value)} ${name}`
        : `${name} ${value.toFixed(6)}`,
  );
  return parts.join('  ');
}

/** `step 120/398  loss 0.0123  rate 2.1e-5  norm 0.534  14,950 tokens/s  3 min 20 s left` */
export function describeStep(
  { step, loss, metrics, learningRate, gradientNorm }: StepResult,
  totalSteps: number,
  tokensPerSecond: number,
  secondsPerStep: number,
): string {
  return [
    `step ${formatCount(step)}/${formatCount(totalSteps)}`,
    `loss ${loss.toPrecision(4)}`,
    ...Object.entries(metrics).map(([name, value]) => `${name} ${value.toPrecision(4)}`),
    `rate ${learningRate.toPrecision(3)}`,
    `norm ${gradientNorm.toPrecision(3)}`,
    `${formatCount(tokensPerSecond)} tokens/s`,
    `${formatTimeLeft((totalSteps - step) * secondsPerStep)} left`,
  ].join('  ');
}
