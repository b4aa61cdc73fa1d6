// The tokenizer brings a thread pool of its own (rayon), one thread per core unless told otherwise. Tokenizing costs a
// hundredth of what encoding costs, so a quarter of the cores is plenty and leaves the others to the kernels. The library
// has no other way to be told than the variable RAYON_NUM_THREADS, read once in a process when its pool is made. So the
// variable is set for that moment alone, and in the process itself: a worker thread's process.env is only a copy.
import { availableParallelism } from 'node:os';
import { loadAddon } from './load.ts';

/**
 * Runs `makePool` with the tokenizer's threads capped, unless RAYON_NUM_THREADS says how many.
 * @param makePool makes the library create its pool; from the second time on, in whatever thread, that changes nothing
 */
export async function withTokenizerThreadsCapped(makePool: () => Promise<unknown>): Promise<void> {
  const { addon } = loadAddon();
  const capped = addon.capTokenizerThreads(Math.max(1, Math.floor(availableParallelism() / 4)));
  try {
    await makePool();
  } finally {
    if (capped) addon.capTokenizerThreads(0);
  }
}
