// The eigen-solver through the engine on every backend: residual, orthogonality, known spectra, equal bits for any number
// of threads, and the errors of its arguments. The sizes past every block are in native/test/eigen_test.cpp.
import { afterAll, describe, expect, it } from 'vitest';
import { BackendError, ExecutionError, ShapeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { symmetricEigen } from '../../src/ops/eigen/symmetric-eigen.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Random } from './random.ts';

const backends = loadAddon().description.backends.filter(({ available }) => available);
const engines: Engine[] = [];

function engineOf(backend: string, threads: number): Engine {
  const engine = new Engine({ backend, threads, allowMock: true });
  engines.push(engine);
  return engine;
}

afterAll(() => {
  for (const engine of engines) engine.dispose();
});

function randomSymmetric(size: number): Float64Array {
  const values = Float64Array.from(new Random(size).normals(size * size));
  return values.map((_, index) => {
    const [i, j] = [Math.floor(index / size), index % size];
    return values[Math.min(i, j) * size + Math.max(i, j)] as number;
  });
}

async function solve(engine: Engine, matrix: Float64Array, size: number) {
  const before = engine.stats().liveTensors;
  const { values, vectors } = scope(() => symmetricEigen(Tensor.from(engine, matrix, [size, size])));
  const result = [await values.data(), await vectors.data()] as [Float64Array, Float64Array];
  values.dispose();
  vectors.dispose();
  expect(engine.stats().liveTensors).toBe(before);
  return result;
}

describe.each(backends)('symmetricEigen on $name', ({ name }) => {
  it.each([1, 2, 7, 40])('solves a random matrix of %i', async (size) => {
    const matrix = randomSymmetric(size);
    const [values, vectors] = await solve(engineOf(name, 2), matrix, size);
    const at = (array: Float64Array, i: number, j: number) => array[i * size + j] as number;
    const indexes = Array.from({ length: size }, (_, index) => index);
    for (const i of indexes) {
      for (const j of indexes) {
        const dot = indexes.reduce((sum, k) => sum + at(vectors, i, k) * at(vectors, j, k), 0);
        const product = indexes.reduce((sum, k) => sum + at(matrix, j, k) * at(vectors, i, k), 0);
        expect(Math.abs(dot - (i === j ? 1 : 0))).toBeLessThan(1e-13);
        expect(Math.abs(product - (values[i] as number) * at(vectors, i, j))).toBeLessThan(1e-13 * size);
      }
    }
    expect([...values].sort((a, b) => b - a)).toEqual([...values]);
  });

  it('gives the same bits with 1, 2 and 7 threads', async () => {
    const size = name === 'reference' || name === 'mock' ? 40 : 200;
    const matrix = randomSymmetric(size);
    const once = await solve(engineOf(name, 1), matrix, size);
    expect(await solve(engineOf(name, 2), matrix, size)).toEqual(once);
    expect(await solve(engineOf(name, 7), matrix, size)).toEqual(once);
  });

  it('refuses float32, what is not square and what is not finite', async () => {
    const engine = engineOf(name, 1);
    scope(() => {
      expect(() => symmetricEigen(Tensor.from(engine, new Float32Array(4), [2, 2]))).toThrow(BackendError);
      expect(() => symmetricEigen(Tensor.from(engine, new Float32Array(4), [2, 2]))).toThrow(
        /has no symmetric_eigen for float32/,
      );
      expect(() => symmetricEigen(Tensor.from(engine, new Float64Array(6), [2, 3]))).toThrow(ShapeError);
    });
    const bad = Float64Array.of(1, Number.NaN, 0, 1);
    await expect(solve(engine, bad, 2)).rejects.toThrow(ExecutionError);
    await expect(solve(engine, bad, 2)).rejects.toThrow(/element 0, 1 is not/);
  });
});
