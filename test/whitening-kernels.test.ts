// `likewise/kernels`: covariance and symmetricSvd on typed arrays, against numpy's numbers; their arguments.
import { describe, expect, it } from 'vitest';
import { ArgumentError, DataError, DTypeError, ExecutionError, ShapeError } from '../src/errors.ts';
import { covariance, symmetricSvd } from '../src/kernels.ts';
import { golden, goldenVectors } from './embed/whitening-golden.ts';
import { expectError } from './expect-error.ts';

const dim = golden.dimension;

function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);
}

describe('covariance', () => {
  it('notices that its rows were taken away while it read them', async () => {
    const rows = new Float32Array(8 * 2 ** 20);
    const reading = covariance({ rows, dim: 64 });
    structuredClone(rows, { transfer: [rows.buffer] });
    await expectError(reading, ArgumentError, /expected rows to stay/);
  });

  it('equals numpy.cov', async () => {
    const single = await covariance({ rows: goldenVectors.data, dim });
    const double = await covariance({ rows: Float64Array.from(goldenVectors.data), dim });
    expect(single.count).toBe(golden.rows);
    expect(difference(single.mean, golden.mean)).toBeLessThan(2e-6);
    expect(difference(single.covariance, golden.covariance.flat())).toBeLessThan(2e-5);
    expect(difference(double.covariance, golden.covariance.flat())).toBeLessThan(1e-11);
  });

  it('refuses what it cannot use', async () => {
    const rows = new Float32Array(12);
    await expectError(covariance({ rows, dim: 12 }), ArgumentError, /at least two rows of 12/);
    await expectError(
      covariance(null as never),
      ArgumentError,
      /in one object, { rows, dim }, but received null/,
    );
    await expectError(covariance({ rows, dim: '3' as never }), ArgumentError, /dim to be a positive integer/);
    await expectError(covariance({ rows, dim: 0 }), ArgumentError, /dim to be a positive integer/);
    await expectError(covariance({ rows, dim: 5 }), ShapeError, /whole rows of 5/);
    await expectError(
      covariance({ rows: [1, 2] as never, dim: 1 }),
      DTypeError,
      /Float32Array or a Float64Array/,
    );
    const shared = new Float32Array(new SharedArrayBuffer(48));
    await expectError(covariance({ rows: shared, dim: 3 }), ArgumentError, /shared or resizable/);
    await expectError(
      covariance({ rows: rows.fill(Number.NaN, 7, 8), dim: 3 }),
      DataError,
      /row 2 is not, in column 1/,
    );
  });

  it('copies rows that fit into a block when called', async () => {
    const rows = goldenVectors.data.slice();
    const result = covariance({ rows, dim });
    rows.fill(7);
    expect(difference((await result).covariance, golden.covariance.flat())).toBeLessThan(2e-5);
  });
});

describe('symmetricSvd', () => {
  const matrix = Float64Array.from(golden.covariance.flat());

  it('gives numpy.linalg.svd of a covariance: values, and vectors in columns', async () => {
    const { values, vectors, eigenvalues } = await symmetricSvd({ matrix, dim });
    const scale = golden.values[0] as number;
    expect(difference(values, golden.values)).toBeLessThan(1e-13 * scale);
    expect(eigenvalues).toEqual(values);
    for (let k = 0; k < dim; k++) {
      for (let i = 0; i < dim; i++) {
        let product = 0;
        for (let j = 0; j < dim; j++)
          product += (matrix[i * dim + j] as number) * (vectors[j * dim + k] as number);
        expect(Math.abs(product - (values[k] as number) * (vectors[i * dim + k] as number))).toBeLessThan(
          1e-13 * scale,
        );
      }
    }
  });

  it('refuses a matrix that is not symmetric, but not its rounding', async () => {
    const tilted = matrix.slice();
    const scale = Math.max(...matrix.map(Math.abs));
    tilted[5] = (matrix[5] as number) + 1e-6 * scale;
    expect((await symmetricSvd({ matrix: tilted, dim })).values[0]).toBeCloseTo(
      golden.values[0] as number,
      3,
    );
    tilted[5] = (matrix[5] as number) + 1e-4 * scale;
    await expectError(symmetricSvd({ matrix: tilted, dim }), ArgumentError, /symmetric .* element 0, 5 is/);
    const triangle = matrix.map((value, at) => (at % dim < Math.floor(at / dim) ? 0 : value));
    await expectError(symmetricSvd({ matrix: triangle, dim }), ArgumentError, /fill both triangles/);
    expect([...(await symmetricSvd({ matrix: new Float64Array(4), dim: 2 })).values]).toEqual([0, 0]);
  });

  it('orders by magnitude and keeps the signs apart', async () => {
    const { values, eigenvalues, vectors } = await symmetricSvd({
      matrix: Float64Array.of(1, 0, 0, -3),
      dim: 2,
    });
    expect([...values]).toEqual([3, 1]);
    expect([...eigenvalues]).toEqual([-3, 1]);
    expect([...vectors]).toEqual([0, 1, 1, 0]);
    expect((await symmetricSvd({ matrix: Float64Array.of(-2), dim: 1 })).values[0]).toBe(2);
  });

  it('refuses what it cannot use', async () => {
    await expectError(symmetricSvd({ matrix, dim: 23 }), ShapeError, /23 x 23 elements but received 576/);
    await expectError(
      symmetricSvd({ matrix: new Float32Array(4) as never, dim: 2 }),
      DTypeError,
      /Float64Array/,
    );
    await expectError(symmetricSvd({ matrix, dim: -1 }), ArgumentError, /dim to be a positive integer/);
    await expectError(symmetricSvd(undefined as never), ArgumentError, /in one object, { matrix, dim }, but/);
    await expectError(
      symmetricSvd(matrix as never),
      ArgumentError,
      /in one object, .* but received Float64Array/,
    );
    await expectError(
      symmetricSvd({} as never),
      DTypeError,
      /matrix to be a Float64Array but received undefined/,
    );
    const bad = Float64Array.of(1, Number.POSITIVE_INFINITY, 0, 1);
    await expectError(symmetricSvd({ matrix: bad, dim: 2 }), ExecutionError, /element 0, 1 is not/);
  });
});
