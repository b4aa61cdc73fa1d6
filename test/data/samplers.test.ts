// Orders, batches without duplicates, mixtures of data sets: complete, repeatable, and exact when continued in the middle.

import { expect, test } from 'vitest';
import { epochBatches, type SamplerOptions } from '../../src/data/batches/batch-sampler.ts';
import { MixedSampler, type Mixing } from '../../src/data/batches/mixed-sampler.ts';
import { shuffle } from '../../src/data/batches/seeded-order.ts';
import { textKey } from '../../src/data/examples/text-key.ts';

const plain: SamplerOptions = {
  batchSize: 4,
  seed: 1,
  shuffle: true,
  noDuplicates: false,
  lastBatch: 'keep',
};

/** A data set whose row i has the given texts. */
function dataOf(rows: string[][]) {
  return {
    length: rows.length,
    texts: rows[0]?.length ?? 1,
    keys: Float64Array.from(rows.flat().map(textKey)),
  };
}

const distinct = (length: number) => dataOf(Array.from({ length }, (_, row) => [`text ${row}`]));
const batches = (rows: string[][], options: Partial<SamplerOptions>, epoch = 0) =>
  [...epochBatches(dataOf(rows), { ...plain, ...options }, epoch)].map((batch) => [...batch]);

test('a shuffled order is a permutation, the same for a seed, and each place is equally likely', () => {
  const order = (seed: number) => [
    ...shuffle(
      Uint32Array.from({ length: 50 }, (_, row) => row),
      seed,
    ),
  ];
  expect(order(7)).toEqual(order(7));
  expect(order(7)).not.toEqual(order(8));
  expect(order(7).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, row) => row));
  const counts = new Float64Array(36);
  for (let seed = 0; seed < 6000; seed++) {
    for (const [place, value] of shuffle(Uint32Array.of(0, 1, 2, 3, 4, 5), seed).entries()) {
      counts[place * 6 + value] = (counts[place * 6 + value] as number) + 1;
    }
  }
  expect(Math.max(...counts.map((count) => Math.abs(count - 1000)))).toBeLessThan(130); // 4.5 standard deviations
});

test('a batch of too few rows joins the one before, or is left out where that has their texts', () => {
  const rows = Array.from({ length: 9 }, (_, row) => [`${row}`]);
  const joined = batches(rows, { leastRows: 2 });
  expect(joined.map((batch) => batch.length)).toEqual([4, 5]);
  expect(joined.flat()).toEqual(batches(rows, {}).flat());
  const more = batches([...rows, ['9']], { leastRows: 2 });
  expect(more.map((batch) => batch.length)).toEqual([4, 4, 2]);
  const same = ['a', 'a', 'a', 'b'].map((text) => [text]);
  expect(batches(same, { noDuplicates: true }).map((batch) => batch.length)).toEqual([2, 1, 1]);
  expect(batches(same, { noDuplicates: true, leastRows: 2 }).map((batch) => batch.length)).toEqual([2]);
  expect(batches([['a']], { leastRows: 2 })).toEqual([]);
});

test('an epoch gives every row once; epochs and seeds differ; without shuffling, in order', () => {
  const rows = Array.from({ length: 10 }, (_, row) => [`${row}`]);
  const first = batches(rows, {});
  expect(first.map((batch) => batch.length)).toEqual([4, 4, 2]);
  expect(first.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(batches(rows, {}, 1)).not.toEqual(first);
  expect(batches(rows, { seed: 2 })).not.toEqual(first);
  expect(batches(rows, { shuffle: false }).flat()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(batches(rows, { lastBatch: 'drop' })).toEqual(first.slice(0, 2));
});

test('equal texts of one batch are deferred and never dropped, in any column', () => {
  const names = ['a', 'b', 'a', 'c', 'a', 'd', 'e', 'a'];
  const rows = names.map((name, row) => (row % 2 === 0 ? [name, `p${row}`] : [`q${row}`, name]));
  for (let seed = 0; seed < 30; seed++) {
    const found = batches(rows, { noDuplicates: true, seed });
    expect(found.flat().toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    for (const batch of found) {
      const texts = batch.flatMap((row) => rows[row] as string[]);
      expect(new Set(texts).size).toBe(texts.length);
    }
  }
  expect(
    batches(
      [
        ['x', 'x'],
        ['y', 'y'],
      ],
      { noDuplicates: true },
    ),
  ).toHaveLength(1); // a row does not collide with itself
});

test('a data set of one text many times goes through in batches of one', () => {
  const rows = [...Array.from({ length: 1000 }, () => ['same']), ['other']];
  const found = batches(rows, { noDuplicates: true, batchSize: 2 });
  expect(found.flat()).toHaveLength(1001);
  expect(found.filter((batch) => batch.length === 2)).toHaveLength(1);
});

const mixed = (mixing: Mixing, sizes: number[], seed = 3) =>
  new MixedSampler(
    sizes.map((size, index) => ({ ...distinct(size), batchSize: 2 + index, noDuplicates: true })),
    { seed, shuffle: true, lastBatch: 'keep', mixing },
  );

test('round_robin takes turns and passes over what is exhausted', () => {
  const sampler = mixed('round_robin', [6, 3, 20]);
  const sets = [...sampler.batches({ epoch: 0, batch: 0 })].map(({ set }) => set);
  expect(sets).toEqual([0, 1, 2, 0, 2, 0, 2, 2, 2]);
  expect(sampler.count(0)).toBe(9);
});

test('proportional gives each data set as often as it has batches, in an order of its own for each epoch', () => {
  const sampler = mixed('proportional', [40, 90]);
  const sets = (epoch: number) => [...sampler.batches({ epoch, batch: 0 })].map(({ set }) => set);
  expect(sets(0).filter((set) => set === 0)).toHaveLength(20);
  expect(sets(0).filter((set) => set === 1)).toHaveLength(30);
  expect(sets(0)).not.toEqual(sets(0).toSorted());
  expect(sets(0)).not.toEqual(sets(1));
});

test.each(['round_robin', 'proportional'] as const)(
  '%s continues exactly from any batch of any epoch',
  (mixing) => {
    const whole = [...mixed(mixing, [30, 17]).batches({ epoch: 2, batch: 0 })];
    for (const batch of [1, 7, whole.length - 1, whole.length]) {
      expect([...mixed(mixing, [30, 17]).batches({ epoch: 2, batch })]).toEqual(whole.slice(batch));
    }
  },
);
