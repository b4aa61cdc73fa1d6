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
    let single = 0;
    for (const size of sampler.sizes(index, 0)) {
      batches += 1;
      if (size === 1) single += 1;
    }
    if (batches === 0) throw noBatch(set);
    if (!set.inBatch) continue;
    if (!hasTwoExamples(set)) {
      throw new DataError(
        `${set.path}: expected at least two different examples, since the objective learns from the others of a batch, ` +
          `but ${set.length === 1 ? 'there is one' : `all ${set.length} are the same`}: name more data`,
      );
    }
    if (single === batches) {
      throw new DataError(
        `${set.path}: expected batches of at least two examples, since the objective learns from the others of a batch, ` +
          `but all ${batches} have one (batchSize ${set.batchSize}): raise batchSize, or name data whose texts differ`,
      );
    }
    if (single > 1) {
      warnings.push(
        `${set.path}: ${single} of ${batches} batches of an epoch have one example, which teaches nothing: equal texts are ` +
          'kept apart (noDuplicates), and there are too few others to put with them',
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
}: Omit<CheckedSet, 'texts' | 'keys' | 'inBatch'>): DataError {
  return new DataError(
    `${path}: expected at least one batch of ${batchSize} but there are ${length} examples: lower batchSize, or keep the ` +
      'last batch, which is smaller (lastBatch: keep)',
  );
}

function hasTwoExamples({ length, texts, keys }: CheckedSet): boolean {
  for (let at = texts; at < length * texts; at++) if (keys[at] !== keys[at % texts]) return true;
  return false;
}
