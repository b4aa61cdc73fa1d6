// The tokenizer brings a thread pool of its own (rayon), one thread per core unless told otherwise. Tokenizing costs a
// hundredth of what encoding costs, so a quarter of the cores is plenty and leaves the others to the kernels.
import { availableParallelism } from 'node:os';

/** Caps the tokenizer's threads, unless RAYON_NUM_THREADS says how many. Only works before it first runs. */
export function capTokenizerThreads(): void {
  process.env.RAYON_NUM_THREADS ??= String(Math.max(1, Math.floor(availableParallelism() / 4)));
}
