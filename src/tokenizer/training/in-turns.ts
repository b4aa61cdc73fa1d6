// Long work in steps, with turns for the event loop between them, so that a signal is heard and progress is seen.

import { setImmediate } from 'node:timers/promises';
import { AbortedError } from '../../errors.ts';

export interface TurnOptions {
  /** Told what the latest step gave, some times a second. */
  onStep?: ((value: number) => void) | undefined;
  /** Ends the work with an AbortedError. */
  signal?: AbortSignal | undefined;
}

const turnMilliseconds = 20;

/** Runs a generator to its end and gives what it returns. @throws {AbortedError} The signal fired */
export async function inTurns<T>(steps: Generator<number, T>, { onStep, signal }: TurnOptions): Promise<T> {
  let started = performance.now();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() - started < turnMilliseconds) continue;
    onStep?.(value);
    await setImmediate();
    if (signal?.aborted) throw new AbortedError('training was aborted', { cause: signal.reason });
    started = performance.now();
  }
}
