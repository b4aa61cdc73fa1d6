// The progress of encoding, on stderr: one line redrawn on a terminal, otherwise a line every few seconds.

import { formatCount, formatTimeLeft } from './quantities.ts';

/** What has been done. */
export interface ProgressState {
  texts: number;
  /** Undefined where texts are read but not tokenized. */
  tokens?: number | undefined;
  /** The share of the whole that is done, 0 to 1; undefined when it cannot be known. */
  fraction?: number | undefined;
}

const redrawMilliseconds = 100;
const lineMilliseconds = 5000;

/** Shows progress; call `end` before anything else is printed. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #started = performance.now();
  readonly #interval: number;
  #shownAt: number;
  #shown = false;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#interval = stream.isTTY ? redrawMilliseconds : lineMilliseconds;
    this.#shownAt = this.#started;
  }

  /** Shows the state, unless it was shown a moment ago. */
  update(state: ProgressState): void {
    this.show((seconds) => describeProgress(state, seconds));
  }

  /** Shows what is said of the seconds so far, unless something was shown a moment ago. */
  show(describe: (seconds: number) => string): void {
    const now = performance.now();
    if (now - this.#shownAt < this.#interval) return;
    this.#shownAt = now;
    const line = describe((now - this.#started) / 1000);
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`);
      this.#shown = true;
    } else {
      this.#stream.write(`${line}\n`);
    }
  }

  /** Clears a redrawn line. */
  end(): void {
    if (this.#shown) this.#stream.write('\r\x1b[K');
    this.#shown = false;
  }
}

/** `12,800 texts  1,024 texts/s  14,950 tokens/s  3 min 20 s left` */
export function describeProgress({ texts, tokens, fraction }: ProgressState, seconds: number): string {
  const rate = (count: number) => formatCount(count / seconds);
  const parts = [`${formatCount(texts)} texts`, `${rate(texts)} texts/s`];
  if (tokens !== undefined) parts.push(`${rate(tokens)} tokens/s`);
  if (fraction !== undefined && fraction > 0) parts.push(describeRest(fraction, seconds));
  return parts.join('  ');
}

/** `3 min 20 s left`, where a share took so many seconds. */
export function describeRest(fraction: number, seconds: number): string {
  return `${formatTimeLeft((seconds * (1 - Math.min(1, fraction))) / fraction)} left`;
}
