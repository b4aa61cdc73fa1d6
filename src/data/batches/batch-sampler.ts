// The batches of one epoch of one data set, as row numbers: a permutation that belongs to its seed, cut into batches. With
// `noDuplicates` a row whose text is already in the batch is deferred to a later one and never dropped: in a contrastive
// loss it would count as its own negative. Nothing here reads texts, so an epoch can be run through in advance, to count
// its batches, or to come back to its middle. What is too little for a batch joins the one before.

import { mixNumbers, shuffle } from './seeded-order.ts';

/** What a sampler needs to know of a data set. */
export interface SampledRows {
  length: number;
  /** Texts of an example. */
  texts: number;
  /** [length, texts] */
  keys: Float64Array;
}

export interface SamplerOptions {
  batchSize: number;
  seed: number;
  shuffle: boolean;
  noDuplicates: boolean;
  /** A last batch with fewer rows is kept, or its rows are left out of this epoch. */
  lastBatch: 'keep' | 'drop';
  /** Rows that a batch needs to teach anything, 1 by default: fewer join the batch before, or are left out of this epoch. */
  leastRows?: number | undefined;
}

/** Deferred rows are looked through for every batch; past so many per row of a batch, a smaller batch is given instead. */
const deferredBatches = 64;

/** The batches of an epoch, the same in every run. */
export function* epochBatches(
  data: SampledRows,
  options: SamplerOptions,
  epoch: number,
): Generator<Uint32Array> {
  const { leastRows = 1 } = options;
  let before: Batch | undefined;
  for (const batch of cutBatches(data, options, epoch)) {
    if (batch.rows.length < leastRows) {
      for (const row of batch.rows) before?.add(row);
      continue;
    }
    if (before !== undefined) yield Uint32Array.from(before.rows);
    before = batch;
  }
  if (before !== undefined) yield Uint32Array.from(before.rows);
}

function* cutBatches(data: SampledRows, options: SamplerOptions, epoch: number): Generator<Batch> {
  const { batchSize } = options;
  const order = Uint32Array.from({ length: data.length }, (_, row) => row);
  if (options.shuffle) shuffle(order, mixNumbers(options.seed, epoch));
  let next = 0;
  let deferred: number[] = [];
  while (next < order.length || deferred.length > 0) {
    const batch = new Batch(data, options.noDuplicates);
    const waiting = deferred;
    deferred = [];
    for (const row of waiting) if (batch.rows.length === batchSize || !batch.add(row)) deferred.push(row);
    while (
      batch.rows.length < batchSize &&
      next < order.length &&
      deferred.length < deferredBatches * batchSize
    ) {
      const row = order[next++] as number;
      if (!batch.add(row)) deferred.push(row);
    }
    if (batch.rows.length < batchSize && next >= order.length && options.lastBatch === 'drop') continue;
    yield batch;
  }
}

class Batch {
  readonly rows: number[] = [];
  readonly #data: SampledRows;
  readonly #seen: Set<number> | undefined;

  constructor(data: SampledRows, noDuplicates: boolean) {
    this.#data = data;
    this.#seen = noDuplicates ? new Set() : undefined;
  }

  /** Takes a row, unless one of its texts is in the batch. */
  add(row: number): boolean {
    const { keys, texts } = this.#data;
    const own = keys.subarray(row * texts, (row + 1) * texts);
    if (this.#seen !== undefined) {
      for (const key of own) if (this.#seen.has(key)) return false;
      for (const key of own) this.#seen.add(key);
    }
    this.rows.push(row);
    return true;
  }
}
