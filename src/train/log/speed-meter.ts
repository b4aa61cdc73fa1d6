// How fast a run learns, in tokens per second of the time that its steps take: what evaluations and checkpoints take between
// them does not count. One figure for about a second, so that a log of many short steps has few.

/** Seconds that a figure is of, at least; shorter where an evaluation or the end comes first. */
const least = 1;

export class SpeedMeter {
  readonly #write: (step: number, tokensPerSecond: number) => void;
  readonly #now: () => number;
  /** Where the figure begins, and the last step in it. */
  #begin: { time: number; tokens: number };
  #last: { time: number; tokens: number; step: number } | undefined;

  /** @param tokens that the run has learned from so far @param now seconds */
  constructor(
    write: (step: number, tokensPerSecond: number) => void,
    tokens: number,
    now = () => performance.now() / 1000,
  ) {
    this.#write = write;
    this.#now = now;
    this.#begin = { time: now(), tokens };
  }

  /** A step is done. @param tokens of all steps so far */
  step(step: number, tokens: number): void {
    this.#last = { time: this.#now(), tokens, step };
    if (this.#last.time - this.#begin.time >= least) this.pause();
  }

  /** Ends the figure; the next one begins now. */
  pause(): void {
    if (this.#last === undefined) {
      this.#begin.time = this.#now();
      return;
    }
    const { time, tokens, step } = this.#last;
    const seconds = time - this.#begin.time;
    if (seconds > 0) this.#write(step, (tokens - this.#begin.tokens) / seconds);
    this.#begin = { time: this.#now(), tokens };
    this.#last = undefined;
  }
}
