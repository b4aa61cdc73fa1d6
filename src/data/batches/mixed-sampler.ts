// Batches of several data sets in one stream, each batch from one of them: in turn (`round_robin`, an exhausted set
// being passed over until the epoch ends), or in a seeded order in which each set comes as often as it has batches
// (`proportional`). The place in the stream is two numbers, epoch and batch; coming back to it runs the epoch's row
// numbers through again, so it is exact.

import { epochBatches, type SampledRows, type SamplerOptions } from './batch-sampler.ts';
import { mixNumbers, shuffle } from './seeded-order.ts';

export type Mixing = 'round_robin' | 'proportional';

/** One data set in the mixture. */
export interface MixedSet extends SampledRows {
  batchSize: number;
  noDuplicates: boolean;
  leastRows?: number | undefined;
}

export interface MixedSamplerOptions
  extends Omit<SamplerOptions, 'batchSize' | 'noDuplicates' | 'leastRows'> {
  mixing: Mixing;
}

/** Rows of one data set. */
export interface SampledBatch {
  /** Index of the data set. */
  set: number;
  rows: Uint32Array;
}

/** How many batches have been given: `batch` of them in this epoch. */
export interface SamplerPosition {
  epoch: number;
  batch: number;
}

export class MixedSampler {
  readonly #sets: readonly MixedSet[];
  readonly #options: MixedSamplerOptions;

  constructor(sets: readonly MixedSet[], options: MixedSamplerOptions) {
    this.#sets = sets;
    this.#options = options;
  }

  /** The batches of an epoch, all sets together. */
  count(epoch: number): number {
    return this.#counts(epoch).reduce((sum, count) => sum + count, 0);
  }

  /** The batches of an epoch in order, from the given one on. */
  *batches({ epoch, batch }: SamplerPosition): Generator<SampledBatch> {
    const streams = this.#sets.map((_, set) => this.#stream(set, epoch));
    for (const [index, set] of this.#turns(epoch).entries()) {
      const rows = streams[set]?.next().value as Uint32Array;
      if (index >= batch) yield { set, rows };
    }
  }

  #stream(set: number, epoch: number): Generator<Uint32Array> {
    const data = this.#sets[set] as MixedSet;
    const { batchSize, noDuplicates, leastRows } = data;
    const seed = mixNumbers(this.#options.seed, set);
    return epochBatches(data, { ...this.#options, seed, batchSize, noDuplicates, leastRows }, epoch);
  }

  /** The sizes of an epoch's batches of one data set. */
  *sizes(set: number, epoch: number): Generator<number> {
    for (const rows of this.#stream(set, epoch)) yield rows.length;
  }

  #counts(epoch: number): number[] {
    return this.#sets.map((_, set) => {
      let count = 0;
      for (const _rows of this.#stream(set, epoch)) count += 1;
      return count;
    });
  }

  /** Whose turn it is, batch by batch. */
  #turns(epoch: number): Uint16Array {
    const counts = this.#counts(epoch);
    const turns = new Uint16Array(counts.reduce((sum, count) => sum + count, 0));
    let filled = 0;
    if (this.#options.mixing === 'proportional') {
      for (const [set, count] of counts.entries()) {
        turns.fill(set, filled, filled + count);
        filled += count;
      }
      return counts.length > 1 ? shuffle(turns, mixNumbers(this.#options.seed, epoch, 0x6d6978)) : turns;
    }
    for (let round = 0; filled < turns.length; round++) {
      for (const [set, count] of counts.entries()) if (round < count) turns[filled++] = set;
    }
    return turns;
  }
}
