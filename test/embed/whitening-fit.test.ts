// What a whitening is fitted on and with: float64 vectors as they are, buffers that are used again, options that are
// refused before the vectors have been read.
import { describe, expect, it, test } from 'vitest';
import { CovarianceAccumulator } from '../../src/embed/whitening/covariance-accumulator.ts';
import { type FitOptions, Whitening } from '../../src/embed/whitening/whitening.ts';
import { AbortedError, ArgumentError, DataError, ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { expectError } from '../expect-error.ts';
import { Random } from '../ops/random.ts';
import { golden, goldenVectors } from './whitening-golden.ts';

const { rows, dimension } = golden;

/** Float64 [count, width], about a value. */
function around(value: number, count = 100, width = 4): Float64Array {
  return Float64Array.from(new Random(2).normals(count * width), (noise) => value + noise);
}

function* rowsOf(data: Float64Array, width = 4): Generator<Float64Array> {
  for (let start = 0; start < data.length; start += width) yield data.subarray(start, start + width);
}

describe('vectors', () => {
  it.each(['float32', 'float64'] as const)('in a buffer that is used again, in %s', async (precision) => {
    async function* reused() {
      const buffer = new Float32Array(dimension);
      for (let row = 0; row < rows; row++) {
        buffer.set(goldenVectors.row(row));
        yield buffer;
      }
    }
    const streamed = await Whitening.fit(reused(), { precision });
    expect(streamed.data).toEqual((await Whitening.fit(goldenVectors, { precision })).data);
  });

  it('in float64 are float64 with that precision, as a matrix or one by one', async () => {
    const data = around(1e10);
    const matrix = { data, shape: [100, 4] } as const;
    const fitted = await Whitening.fit(matrix, { precision: 'float64' });
    expect(fitted.data.rank).toBe(4);
    expect((await Whitening.fit(rowsOf(data), { precision: 'float64' })).data).toEqual(fitted.data);
    for (const source of [matrix, rowsOf(data)])
      await expectError(Whitening.fit(source), DataError, /all are equal: to float32, at least; precision/);
    const large = around(0).map((value) => value * 1e60);
    expect((await Whitening.fit(rowsOf(large), { precision: 'float64' })).data.rank).toBe(4);
    const message = /vector 0 holds -?[\d.]+e\+\d+ in component \d: scale the vectors, or fit with precision/;
    for (const source of [{ data: large, shape: [100, 4] } as const, rowsOf(large)])
      await expectError(Whitening.fit(source), DataError, message);
  });

  it('in float64 are not transformed, and the message says what came', async () => {
    const whitening = await Whitening.fit(goldenVectors);
    const wide = { data: Float64Array.from(goldenVectors.data), shape: goldenVectors.shape } as never;
    const message = /\{ data: Float32Array, .* received an object with data, a Float64Array/;
    await expectError(whitening.transform(wide), ArgumentError, message);
  });
});

describe('options', () => {
  it.each([
    [{ components: 25 }, /at most 24 components, the dimension of the vectors, but received 25/],
    [{ variant: 'remove-top', remove: 24 }, /fewer components than the dimension, 24/],
  ] as [FitOptions, RegExp][])('%j are refused after the first vectors', async (options, message) => {
    let seen = 0;
    async function* stream() {
      for (let i = 0; i < 5; i++) {
        seen += 1;
        yield goldenVectors;
      }
    }
    await expectError(Whitening.fit(stream(), options), ArgumentError, message);
    expect(seen).toBe(1);
  });

  it.each([
    [{ componets: 3 }, /unknown option "componets"; did you mean components/],
    [null, /options in an object but received null/],
    [{ variant: 'pca', epsilon: 0.1 }, /no epsilon with variant pca/],
    [{ variant: 'remove-top', epsilon: 0.1 }, /no epsilon with variant remove-top/],
  ] as [never, RegExp][])('%j are refused', async (options, message) => {
    await expectError(Whitening.fit(goldenVectors, options), ArgumentError, message);
    using sums = new CovarianceAccumulator(Engine.shared(), dimension);
    await sums.add(goldenVectors.data);
    await expectError(Whitening.fromCovariance(await sums.finish(), options), ArgumentError, message);
  });

  it('of an abort name the work that it ended', () =>
    expectError(
      Whitening.fit(goldenVectors, { signal: AbortSignal.abort() }),
      AbortedError,
      /^fitting was aborted/,
    ));
});

describe('fromCovariance', () => {
  it('is fit, in either precision', async () => {
    for (const precision of ['float32', 'float64'] as const) {
      using sums = new CovarianceAccumulator(Engine.shared(), dimension, precision);
      await sums.add(goldenVectors.data);
      const state = await sums.finish();
      const fitted = await Whitening.fit(goldenVectors, { precision });
      expect((await Whitening.fromCovariance(state)).data).toEqual(fitted.data);
      expect(fitted.data.rcond).toBe(precision === 'float64' ? 1e-12 : 1e-6);
      const { precision: _, ...older } = state;
      expect((await Whitening.fromCovariance(older)).data.rcond).toBe(1e-6);
    }
  });

  it('refuses what is no covariance', async () => {
    for (const state of [undefined, {}] as never[])
      await expectError(Whitening.fromCovariance(state), ArgumentError, /expected a covariance as/);
    const state = { count: 3, mean: new Float64Array(2), m2: new Float64Array(3) };
    await expectError(Whitening.fromCovariance(state), ShapeError, /m2 of 2 x 2/);
  });
});

test('methods refuse options that are none, and no folder', async () => {
  const whitening = await Whitening.fit(goldenVectors);
  const none = null as never;
  await expectError(
    whitening.transform(goldenVectors, none),
    ArgumentError,
    /\[transform\] .* received null/,
  );
  await expectError(whitening.inverse(goldenVectors, none), ArgumentError, /\[inverse\] .* received null/);
  await expectError(whitening.save('x', none), ArgumentError, /\[save\] .* received null/);
  await expectError(whitening.save(undefined as never), ArgumentError, /name of a folder .* undefined/);
  const misspelled = { normalise: true } as never;
  await expectError(
    whitening.transform(goldenVectors, misspelled),
    ArgumentError,
    /unknown option "normalise"; did you mean normalize/,
  );
});
