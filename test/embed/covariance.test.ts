// The running covariance: equal to numpy, the same bits however rows are handed over, merges of any split equal to one
// pass, saved and loaded, rows that are not finite named.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CovarianceAccumulator } from '../../src/embed/whitening/covariance-accumulator.ts';
import {
  type CovarianceState,
  covarianceMatrix,
  loadCovariance,
  mergeCovariance,
  saveCovariance,
} from '../../src/embed/whitening/covariance-state.ts';
import {
  ArgumentError,
  DataError,
  DisposedError,
  DTypeError,
  FormatError,
  ShapeError,
} from '../../src/errors.ts';
import { writeSafetensors } from '../../src/io/safetensors/safetensors-writer.ts';
import { Engine } from '../../src/native/engine.ts';
import { expectError } from '../expect-error.ts';
import { Random } from '../ops/random.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { golden, goldenVectors } from './whitening-golden.ts';

const engine = Engine.shared();

async function stateOf(
  rows: Float32Array,
  dimension: number,
  pieces: number[] = [rows.length],
  precision?: 'float32' | 'float64',
): Promise<CovarianceState> {
  using sums = new CovarianceAccumulator(engine, dimension, precision);
  let start = 0;
  for (const piece of pieces) {
    await sums.add(rows.subarray(start, start + piece));
    start += piece;
  }
  return await sums.finish();
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

describe('covariance', () => {
  it.each([
    ['float32', 2e-6],
    ['float64', 1e-12],
  ] as const)('in %s equals numpy.cov', async (precision, tolerance) => {
    const state = await stateOf(goldenVectors.data, golden.dimension, undefined, precision);
    expect(state.count).toBe(golden.rows);
    expect(largestDifference(state.mean, golden.mean)).toBeLessThan(tolerance);
    expect(largestDifference(covarianceMatrix(state), golden.covariance.flat())).toBeLessThan(tolerance);
  });

  it('has the same bits however the rows are handed over', async () => {
    const dimension = 700;
    const rows = new Random(5).normals(6000 * dimension); // past a block, which holds 2,560 of them
    const whole = await stateOf(rows, dimension);
    const pieces = [0, 1, 2559, 3, 2557, 400, 480].map((count) => count * dimension);
    expect(pieces.reduce((a, b) => a + b)).toBe(rows.length);
    const pieced = await stateOf(rows, dimension, pieces);
    expect([pieced.count, pieced.mean]).toEqual([whole.count, whole.mean]);
    expect(Buffer.from(pieced.m2.buffer).equals(Buffer.from(whole.m2.buffer))).toBe(true);
  });

  it('is of all rows, in order, when nobody waited for them to be added', async () => {
    const dimension = 64;
    const rows = new Random(6).normals(120_000 * dimension); // seven blocks
    const expected = await stateOf(rows, dimension);
    const sums = new CovarianceAccumulator(engine, dimension);
    const half = rows.length / 2;
    void sums.add(rows.subarray(0, half));
    void sums.add(rows.subarray(half));
    const finishing = sums.finish();
    await expectError(sums.add(rows), DisposedError, /has ended: make another/);
    const state = await finishing;
    expect(state.count).toBe(120_000);
    expect(Buffer.from(state.m2.buffer).equals(Buffer.from(expected.m2.buffer))).toBe(true);
    await expectError(sums.finish(), DisposedError, /has ended/);
  });

  it('refuses rows that are taken away before they were added', async () => {
    const rows = new Random(6).normals(120_000 * 64);
    using sums = new CovarianceAccumulator(engine, 64);
    const adding = sums.add(rows);
    structuredClone(rows.buffer, { transfer: [rows.buffer as ArrayBuffer] });
    await expectError(adding, ArgumentError, /rows to stay until the promise resolves/);
  });

  it.each([1, 2, 75, 149])(
    'of the first %i rows merges with that of the rest to that of all',
    async (cut) => {
      const { dimension } = golden;
      const first = await stateOf(
        goldenVectors.data.subarray(0, cut * dimension),
        dimension,
        undefined,
        'float64',
      );
      const rest = await stateOf(
        goldenVectors.data.subarray(cut * dimension),
        dimension,
        undefined,
        'float64',
      );
      const merged = mergeCovariance(first, rest);
      expect(merged.count).toBe(golden.rows);
      expect(largestDifference(merged.mean, golden.mean)).toBeLessThan(1e-12);
      expect(largestDifference(covarianceMatrix(merged), golden.covariance.flat())).toBeLessThan(1e-12);
    },
  );

  it('merges with nothing to itself, and not with another dimension', async () => {
    const state = await stateOf(Float32Array.of(1, 2, 3, 5), 2);
    const empty = { count: 0, mean: new Float64Array(2), m2: new Float64Array(4) };
    expect(mergeCovariance(state, empty)).toBe(state);
    expect(mergeCovariance(empty, state)).toBe(state);
    expect(() => mergeCovariance(state, { ...empty, mean: new Float64Array(3) })).toThrow(ShapeError);
  });

  it('keeps the lesser precision of what was merged, and through a file', async () => {
    const rows = Float32Array.of(1, 2, 3, 5);
    const [narrow, wide] = [await stateOf(rows, 2), await stateOf(rows, 2, undefined, 'float64')];
    expect([narrow.precision, wide.precision]).toEqual(['float32', 'float64']);
    expect(mergeCovariance(wide, wide).precision).toBe('float64');
    expect(mergeCovariance(wide, narrow).precision).toBe('float32');
    const path = join(temporaryFolder(), 'part.safetensors');
    await saveCovariance(wide, path);
    expect((await loadCovariance(path)).precision).toBe('float64');
  });

  it('refuses states that are none, or cannot be loaded again', async () => {
    const state = await stateOf(Float32Array.of(1, 2, 3, 5), 2);
    const path = join(temporaryFolder(), 'part.safetensors');
    const other = [undefined, null, {}, { ...state, m2: [1] }, { ...state, precision: 'half' }] as never[];
    for (const value of other) {
      const message = /expected a covariance as \{ count, mean/;
      expect(() => mergeCovariance(state, value)).toThrow(message);
      expect(() => covarianceMatrix(value)).toThrow(message);
      await expectError(saveCovariance(value, path), ArgumentError, message);
    }
    const short = { ...state, m2: new Float64Array(3) };
    expect(() => mergeCovariance(state, short)).toThrow(/m2 of 2 x 2, as the mean, but received 3/);
    for (const count of [1.5, -1, Number.NaN])
      await expectError(saveCovariance({ ...state, count }, path), ArgumentError, /a count of rows/);
    const bad = { ...state, mean: Float64Array.of(1, Number.NaN) };
    await expectError(saveCovariance(bad, path), DataError, /mean holds NaN at index 1/);
    expect(existsSync(path)).toBe(false);
    expect(() => new CovarianceAccumulator(undefined as never, 4)).toThrow(/expected an engine/);
  });

  it('is saved and loaded as it is', async () => {
    const path = join(temporaryFolder(), 'part.safetensors');
    const state = await stateOf(goldenVectors.data, golden.dimension);
    await saveCovariance(state, path);
    expect(await loadCovariance(path)).toEqual(state);
    const mean = { name: 'mean', dtype: 'F64' as const, shape: [2], data: new Float64Array(2) };
    await writeSafetensors(path, [mean], { format: 'another' });
    await expectError(loadCovariance(path), FormatError, /not a saved covariance/);
    await writeSafetensors(path, [mean], { format: 'likewise-covariance', count: '3' });
    await expectError(loadCovariance(path), FormatError, /lacks the float64 tensor 'm2'/);
    writeFileSync(path, 'not a file of tensors');
    await expectError(loadCovariance(path), FormatError, /./);
  });

  it.each([
    [0, Number.NaN],
    [149, Number.POSITIVE_INFINITY],
    [77, Number.NEGATIVE_INFINITY],
  ])('names row %i, which holds %d', async (row, value) => {
    const rows = goldenVectors.data.slice();
    rows[row * golden.dimension + 5] = value;
    const message = new RegExp(`row ${row} is not, in column 5`);
    await expectError(stateOf(rows, golden.dimension), DataError, message);
    await expectError(stateOf(rows, golden.dimension, undefined, 'float64'), DataError, message);
  });

  it('says what to do about numbers whose products overflow', async () => {
    const large = goldenVectors.data.map((value) => value * 1e25);
    const { dimension } = golden;
    await expectError(
      stateOf(large, dimension),
      DataError,
      /fit float32 .*precision 'float64'\) or scale them/,
    );
    const exact = await stateOf(large, dimension, undefined, 'float64');
    expect(covarianceMatrix(exact).every(Number.isFinite)).toBe(true);
    const larger = Float64Array.from(goldenVectors.data, (value) => value * 1e200);
    using sums = new CovarianceAccumulator(engine, dimension, 'float64');
    await sums.add(larger);
    await expectError(sums.finish(), DataError, /fit float64 .* scale the rows/);
  });

  it('refuses broken rows, no rows and no dimension', async () => {
    await expectError(stateOf(new Float32Array(5), 2), ShapeError, /whole rows of 2/);
    await expectError(stateOf(new Int32Array(4) as never, 2), DTypeError, /a Float32Array or a Float64Array/);
    await expectError(stateOf(new Float32Array(0), 2), DataError, /at least one row/);
    expect(() => new CovarianceAccumulator(engine, 0)).toThrow(ShapeError);
    expect(() => new CovarianceAccumulator(engine, 2, 'float16' as 'float32')).toThrow(ArgumentError);
    const one = await stateOf(new Float32Array(2), 2);
    expect(() => covarianceMatrix(one)).toThrow(/at least two rows but received 1/);
  });
});
