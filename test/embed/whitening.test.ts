// Whitening: cosines equal to numpy's for every variant, covariance one afterwards, the way back, rank and its errors,
// streams, saving and loading; accuracy where a large common mean and a condition of 1e4 make it hard.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { Whitening } from '../../src/embed/whitening/whitening.ts';
import type { WhiteningOptions } from '../../src/embed/whitening/whitening-fit.ts';
import {
  AbortedError,
  ArgumentError,
  DataError,
  FileError,
  FormatError,
  ShapeError,
} from '../../src/errors.ts';
import { cosine } from '../../src/eval/cosine.ts';
import { writeSafetensors } from '../../src/io/safetensors/safetensors-writer.ts';
import { expectError } from '../expect-error.ts';
import { Random } from '../ops/random.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { golden, goldenVectors } from './whitening-golden.ts';

const { rows, dimension } = golden;

/** Cosines of row i with row i + 1. */
const neighbours = (vectors: Embeddings) =>
  Array.from({ length: vectors.length - 1 }, (_, i) => cosine(vectors.row(i), vectors.row(i + 1)));

/** Rows of a rank: combinations of a few random vectors, about a mean. */
function ofRank(count: number, width: number, rank: number): Embeddings {
  const random = new Random(9);
  const basis = Array.from({ length: rank }, () => random.normals(width));
  const data = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    for (const vector of basis) {
      const weight = random.normals(1)[0] as number;
      for (let i = 0; i < width; i++) {
        data[row * width + i] = (data[row * width + i] as number) + weight * (vector[i] as number);
      }
    }
  }
  return new Embeddings(
    data.map((value) => value + 2),
    count,
    width,
  );
}

describe('whitening', () => {
  const variants: [string, WhiteningOptions][] = [
    [`whitening ${dimension}`, {}],
    ['whitening 8', { components: 8 }],
    ['whitening 8 epsilon 0.5', { components: 8, epsilon: 0.5 }],
    [`pca ${dimension}`, { variant: 'pca' }],
    ['pca 8', { variant: 'pca', components: 8 }],
    [`zca ${dimension}`, { variant: 'zca' }],
    ['remove_top 3', { variant: 'remove-top', remove: 3 }],
  ];
  it.each(variants)('%s gives the cosines that numpy gives', async (name, options) => {
    const whitening = await Whitening.fit(goldenVectors, { precision: 'float64', ...options });
    const given = golden.cosines[name] as number[];
    for (const normalize of [false, true]) {
      const actual = neighbours(await whitening.transform(goldenVectors, { normalize }));
      for (const [i, expected] of given.entries())
        expect(Math.abs((actual[i] as number) - expected)).toBeLessThan(2e-5);
    }
  });

  it('finds the spectrum, and the variance that is explained', async () => {
    const whitening = await Whitening.fit(goldenVectors, { precision: 'float64' });
    for (const [i, value] of golden.values.entries()) {
      expect(Math.abs((whitening.data.eigenvalues[i] as number) - value)).toBeLessThan(
        1e-12 * (golden.values[0] as number),
      );
    }
    const total = golden.values.reduce((a, b) => a + b);
    expect(whitening.explainedVariance[0]).toBeCloseTo((golden.values[0] as number) / total, 10);
    expect(whitening.explainedVariance.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
    expect(whitening.truncate(5).explainedVariance.length).toBe(5);
  });

  it('explains all of the variance when it keeps all, and never more', () => {
    // sums of the shares of these end at 1.0000000000000002
    const eigenvalues = Float64Array.of(3, 2.9, 0.7, 0.1);
    const vectors = new Float64Array(16);
    const data = { variant: 'pca', dimension: 4, epsilon: 0, eigenvalues, vectors } as const;
    const fitted = { mean: new Float64Array(4), count: 9, rank: 4, rcond: 0 };
    const whitening = new Whitening({ ...data, ...fitted });
    expect(whitening.explainedShare).toBe(1);
    expect(whitening.truncate(2).explainedShare).toBeCloseTo(5.9 / 6.7, 12);
  });

  it.each([{}, { variant: 'zca' }] as WhiteningOptions[])(
    'gives mean zero and covariance one: %j',
    async (options) => {
      const white = await (await Whitening.fit(goldenVectors, options)).transform(goldenVectors);
      const again = await Whitening.fit(white, { precision: 'float64' });
      for (const value of again.data.eigenvalues) expect(Math.abs(value - 1)).toBeLessThan(1e-3);
      for (const value of again.data.mean) expect(Math.abs(value)).toBeLessThan(1e-3);
    },
  );

  it('is accurate about a large common mean: max |W C W^T - I| <= 2e-5 at condition 1e4', async () => {
    const [count, width] = [20_000, 64];
    const random = new Random(3);
    const data = random.normals(count * width).map((value, index) => {
      const column = index % width;
      return 5 + column / 16 + value * 10 ** ((-2 * column) / (width - 1));
    });
    const whitening = await Whitening.fit(new Embeddings(data, count, width));
    const exact = exactCovariance(data, count, width);
    const w = whitening.matrix();
    let worst = 0;
    for (let a = 0; a < width; a++) {
      for (let b = 0; b < width; b++) {
        let sum = 0;
        for (let i = 0; i < width; i++) {
          let inner = 0;
          for (let j = 0; j < width; j++)
            inner += (exact[i * width + j] as number) * (w[b * width + j] as number);
          sum += (w[a * width + i] as number) * inner;
        }
        worst = Math.max(worst, Math.abs(sum - (a === b ? 1 : 0)));
      }
    }
    expect(whitening.components).toBe(width);
    expect(worst).toBeLessThan(2e-5);
  });

  it.each(['whitening', 'pca', 'zca'] as const)('%s can be undone', async (variant) => {
    const whitening = await Whitening.fit(goldenVectors, { variant });
    const back = await whitening.inverse(await whitening.transform(goldenVectors));
    for (const [i, value] of back.data.entries()) {
      expect(Math.abs(value - (goldenVectors.data[i] as number))).toBeLessThan(2e-4);
    }
  });

  it('cannot undo what was removed', async () => {
    const whitening = await Whitening.fit(goldenVectors, { variant: 'remove-top' });
    expect(whitening.components).toBe(1); // one in a hundred, and at least one
    expect(whitening.outputs).toBe(dimension);
    await expectError(whitening.inverse(goldenVectors), ArgumentError, /remove-top has no inverse/);
  });

  it('fits on arrays and streams of vectors or matrices alike', async () => {
    const whole = await Whitening.fit(goldenVectors);
    async function* chunks() {
      yield goldenVectors.row(0);
      yield new Embeddings(goldenVectors.data.slice(dimension, 60 * dimension), 59, dimension);
      for (let row = 60; row < rows; row++) yield Array.from(goldenVectors.row(row));
    }
    const seen: number[] = [];
    const streamed = await Whitening.fit(chunks(), { onProgress: ({ vectors }) => seen.push(vectors) });
    expect(streamed.data).toEqual(whole.data);
    expect(seen.at(-1)).toBe(rows);
    expect((await Whitening.fit([...goldenVectors])).data).toEqual(whole.data);
  });
});

function exactCovariance(data: Float32Array, count: number, width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const [index, value] of data.entries())
    mean[index % width] = (mean[index % width] as number) + value / count;
  const sums = new Float64Array(width * width);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < width; i++) {
      const x = (data[row * width + i] as number) - (mean[i] as number);
      for (let j = 0; j < width; j++) {
        const y = (data[row * width + j] as number) - (mean[j] as number);
        sums[i * width + j] = (sums[i * width + j] as number) + (x * y) / (count - 1);
      }
    }
  }
  return sums;
}

describe('rank', () => {
  it.each([
    ['fewer vectors than components', ofRank(20, 64, 64), 19],
    ['vectors in a plane', ofRank(500, 48, 5), 5],
    ['nearly as many vectors as components', ofRank(60, 64, 64), 59],
    ['two vectors', ofRank(2, 8, 8), 1],
  ] as const)('is found for %s', async (_name, vectors, rank) => {
    for (const precision of ['float32', 'float64'] as const) {
      const whitening = await Whitening.fit(vectors, { precision });
      expect([precision, whitening.data.rank, whitening.components]).toEqual([precision, rank, rank]);
      const asked = Whitening.fit(vectors, { precision, components: rank + 1 });
      await expectError(asked, ArgumentError, new RegExp(`at most ${rank} components, the rank of`));
    }
  });

  it('counts duplicates and constant components once', async () => {
    const few = ofRank(6, 16, 16);
    const many = Array.from({ length: 300 }, (_, i) => few.row(i % 6));
    expect((await Whitening.fit(many)).data.rank).toBe(5);
    const constant = goldenVectors.data.map((value, i) => (i % dimension < 4 ? 3 : value));
    expect((await Whitening.fit(new Embeddings(constant, rows, dimension))).data.rank).toBe(dimension - 4);
  });

  it('does not limit the components when epsilon is added', async () => {
    const vectors = ofRank(20, 32, 32);
    const whitening = await Whitening.fit(vectors, { components: 32, epsilon: 1e-3 });
    expect([whitening.components, whitening.data.rank, whitening.data.epsilon]).toEqual([32, 19, 1e-3]);
    expect((await whitening.transform(vectors)).data.every(Number.isFinite)).toBe(true);
    await expectError(Whitening.fit(vectors, { components: 33, epsilon: 1 }), ArgumentError, /the dimension/);
  });
});

describe('what is refused', () => {
  const options: [WhiteningOptions, RegExp][] = [
    [{ components: 0 }, /components to be a positive integer/],
    [{ components: 2.5 }, /components to be a positive integer/],
    [{ epsilon: -1 }, /epsilon to be finite and not negative/],
    [{ rcond: Number.NaN }, /rcond to be finite/],
    [{ rcond: 1 }, /rcond, a share .* less than 1 but received 1/],
    [{ variant: 'remove_top' as 'pca' }, /a variant of whitening, zca, pca, remove-top/],
    [{ variant: 'pcs' as 'pca' }, /a variant of whitening, zca, pca, remove-top/],
    [{ variant: 'remove-top', components: 3 }, /no components with variant remove-top/],
    [{ remove: 3 }, /no remove with variant whitening/],
    [{ variant: 'remove-top', remove: 24 }, /fewer components than the dimension, 24/],
    [{ components: 25 }, /at most 24 components/],
  ];
  it.each(options)('%j', (given, message) =>
    expectError(Whitening.fit(goldenVectors, given), ArgumentError, message),
  );

  it('vectors that cannot be fitted on', async () => {
    await expectError(Whitening.fit([]), DataError, /at least one vector/);
    await expectError(
      Whitening.fit(new Embeddings(new Float32Array(0), 0, 8)),
      DataError,
      /at least one vector/,
    );
    await expectError(Whitening.fit([goldenVectors.row(0)]), DataError, /at least two vectors/);
    await expectError(
      Whitening.fit([Float32Array.of(1, 2), Float32Array.of(1, 2)]),
      DataError,
      /all are equal/,
    );
    await expectError(
      Whitening.fit([Float32Array.of(1, 2), Float32Array.of(1)]),
      ShapeError,
      /vector 1 of dimension 2/,
    );
    await expectError(
      Whitening.fit([
        [1, 2],
        [3, Number.NaN],
        [0, 1],
      ]),
      DataError,
      /row 1 is not, in column 1/,
    );
    await expectError(Whitening.fit('text' as never), ArgumentError, /expected vectors/);
    await expectError(Whitening.fit(['text'] as never), ArgumentError, /vector 0 to be a Float32Array/);
    const signal = AbortSignal.abort();
    await expectError(Whitening.fit(goldenVectors, { signal }), AbortedError, /aborted/);
  });

  it('vectors that are no matrix, and those that are not finite, by their number', async () => {
    const whitening = await Whitening.fit(goldenVectors, { components: 3 });
    const list = [goldenVectors.row(0)] as never;
    await expectError(whitening.transform(list), ArgumentError, /expected vectors as Embeddings .* a Array/);
    await expectError(whitening.inverse(list), ArgumentError, /expected vectors as Embeddings .* a Array/);
    await expectError(whitening.transform(undefined as never), ArgumentError, /received undefined/);
    const many = new Embeddings(new Float32Array(5000 * dimension), 5000, dimension); // past a block
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      many.data[4999 * dimension + 7] = value;
      const message = new RegExp(`vector 4999 holds ${value} in component 7`);
      for (const normalize of [false, true])
        await expectError(whitening.transform(many, { normalize }), DataError, message);
    }
    const white = new Embeddings(Float32Array.of(1, 2, 3, 4, 5, Number.NaN), 2, 3);
    await expectError(whitening.inverse(white), DataError, /vector 1 holds NaN in component 2/);
  });

  it('vectors whose results overflow in any component, or vanish in their length', async () => {
    const width = 8;
    const scales = Array.from({ length: width }, (_, i) => 10 ** -i);
    const data = new Random(4).normals(200 * width).map((value, i) => value * (scales[i % width] as number));
    const whitening = await Whitening.fit(new Embeddings(data, 200, width), {
      precision: 'float64',
      rcond: 0,
    });
    const large = (value: number) =>
      new Embeddings(new Float32Array(3 * width).fill(value, 2 * width), 3, width);
    const message = /vector 2 is too large for float32: scale the vectors/;
    await expectError(whitening.transform(large(3e37)), DataError, message);
    for (const value of [3e37, 1e25])
      await expectError(whitening.transform(large(value), { normalize: true }), DataError, message);
    const mean = new Embeddings(Float32Array.from(whitening.data.mean), 1, width);
    expect((await whitening.transform(mean, { normalize: true })).data.every((value) => value === 0)).toBe(
      true,
    );
  });

  it('vectors of another dimension than the whitening', async () => {
    const whitening = await Whitening.fit(goldenVectors);
    const narrow = new Embeddings(new Float32Array(10), 2, 5);
    await expectError(whitening.transform(narrow), ShapeError, /dimension 24 but received 5/);
    expect(() => whitening.truncate(25)).toThrow(ArgumentError);
  });
});

describe('a saved whitening', () => {
  it('is loaded as it was, from its folder or its file', async () => {
    const folder = join(temporaryFolder(), 'new');
    const whitening = await Whitening.fit(goldenVectors, { components: 7, epsilon: 0.25, variant: 'zca' });
    await whitening.save(folder);
    expect((await Whitening.load(folder)).data).toEqual(whitening.data);
    expect((await Whitening.load(join(folder, 'whitening.safetensors'))).data).toEqual(whitening.data);
  });

  it('is not replaced by another unless told to, and replaces nothing else', async () => {
    const folder = join(temporaryFolder(), 'new');
    const whitening = await Whitening.fit(goldenVectors, { components: 7 });
    await whitening.save(folder);
    await expectError(whitening.truncate(3).save(folder), FileError, /the folder is not empty/);
    expect((await Whitening.load(folder)).components).toBe(7);
    await whitening.truncate(3).save(folder, { overwrite: true });
    expect((await Whitening.load(folder)).components).toBe(3);
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    const beside = whitening.save(folder, { overwrite: true });
    await expectError(beside, FileError, /holds neither a sentence-transformers model .* nor a whitening/);
    expect(readdirSync(folder)).toEqual(['notes.txt', 'whitening.safetensors']);
  });

  it('is refused when it is something else', async () => {
    const folder = temporaryFolder();
    await expectError(Whitening.load(folder), FileError, /whitening\.safetensors/);
    const path = join(folder, 'whitening.safetensors');
    writeFileSync(path, 'no tensors');
    await expectError(Whitening.load(folder), FormatError, /./);
    await writeSafetensors(path, [], { format: 'other' });
    await expectError(Whitening.load(folder), FormatError, /not a saved whitening/);
    const tensor = (name: string, size: number) => ({
      name,
      dtype: 'F64' as const,
      shape: [size],
      data: new Float64Array(size),
    });
    const metadata = {
      format: 'likewise-whitening',
      variant: 'pca',
      epsilon: '0',
      rcond: '0',
      count: '9',
      rank: '2',
    };
    await writeSafetensors(
      path,
      [tensor('mean', 3), tensor('eigenvalues', 2), tensor('vectors', 6)],
      metadata,
    );
    await expectError(Whitening.load(folder), FormatError, /do not fit/);
    const bad = { ...tensor('mean', 3), data: Float64Array.of(0, Number.NaN, 0) };
    await writeSafetensors(path, [bad, tensor('eigenvalues', 3), tensor('vectors', 6)], metadata);
    await expectError(Whitening.load(folder), FormatError, /holds NaN at index 1 of 'mean'/);
  });
});
