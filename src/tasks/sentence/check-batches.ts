// Data that can teach nothing is refused before the first step: a data set that gives no batch, and, for objectives that
// learn from the other examples of a batch, batches without others. What is left to be told comes back as warnings.

import type { MixedSampler } from '../../data/batches/mixed-sampler.ts';
import { DataError } from '../../errors.ts';

/** A data set of a run. */
export interface CheckedSet {
  path: string;
  /** Examples. */
  length: number;
  texts: number;
  /** [length, texts] */
  keys: Float64Array;
  batchSize: number;
  lastBatch: 'keep' | 'drop';
  /** Whether its objective learns from the other examples of a batch alone. */
  inBatch: boolean;
}

/**
 * Looks at the first epoch's batches.
 * @returns warnings
 * @throws DataError
 */
export function checkBatches(sets: readonly CheckedSet[], sampler: MixedSampler): string[] {
  const warnings: string[] = [];
  for (const [index, set] of sets.entries()) {
    let batches = 0;
    let examples = 0;
    for (const size of sampler.sizes(index, 0)) {
      batches += 1;
      examples += size;
    }
    if (set.inBatch && !hasTwoExamples(set)) {
      throw new DataError(
        `${set.path}: expected at least two different examples, because the objective learns from the other examples of a batch, ` +
          `but ${set.length === 1 ? 'there is one' : `all ${set.length} are the same`}: name more data`,
      );
    }
    if (set.inBatch && set.batchSize === 1) {
      throw new DataError(
        `${set.path}: expected batches of at least two examples, because the objective learns from the other examples of a batch, ` +
          `but all ${set.length} have one (batchSize 1): raise batchSize`,
      );
    }
    if (batches === 0) throw noBatch(set);
    if (set.inBatch && set.lastBatch === 'keep' && examples < set.length) {
      warnings.push(
        `${set.path}: ${set.length - examples} of ${set.length} examples are left out of an epoch: nothing else is in their ` +
          'batch to learn from, because equal texts are kept apart (noDuplicates)',
      );
    }
  }
  return warnings;
}

/** That a data set gives not one batch, because its last one is dropped. */
export function noBatch({
  path,
  length,
  batchSize,
}: Pick<CheckedSet, 'path' | 'length' | 'batchSize'>): DataError {
  return new DataError(
    `${path}: expected at least one batch of ${batchSize} but there are ${length} examples: lower batchSize, or keep the ` +
      'last batch, which is smaller (lastBatch: keep)',
  );
}

function hasTwoExamples({ length, texts, keys }: CheckedSet): boolean {
  for (let at = texts; at < length * texts; at++) if (keys[at] !== keys[at % texts]) return true;
  return false;
}
