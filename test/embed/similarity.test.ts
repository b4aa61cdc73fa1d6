// Distances between many vectors: exact to float32 for near neighbours, and computed without holding up the event loop.
import { expect, it } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { similarities } from '../../src/embed/vectors/similarity.ts';
import { Engine } from '../../src/native/engine.ts';
import { Random } from '../ops/random.ts';

const engine = Engine.shared();

it.each(['euclidean', 'manhattan'] as const)('%s gives way to other work', async (measure) => {
  const [rows, dimension] = [1500, 64];
  const left = new Embeddings(new Random(1).normals(rows * dimension), rows, dimension);
  const right = new Embeddings(
    left.data.map((value) => value + 1e-4),
    rows,
    dimension,
  );
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 1);
  const started = performance.now();
  const result = await similarities(engine, left, right, measure);
  clearInterval(timer);
  expect(result.shape).toEqual([rows, rows]);
  expect(turns).toBeGreaterThan(5);
  expect((performance.now() - started) / turns).toBeLessThan(250); // milliseconds between two turns, on any machine
  for (const [i, j] of [
    [0, 0],
    [0, 1],
    [7, 1499],
    [1499, 1499],
  ] as const) {
    const differences = Array.from(left.row(i), (value, k) => value - (right.row(j)[k] as number));
    const expected =
      measure === 'euclidean'
        ? -Math.hypot(...differences)
        : -differences.reduce((sum, value) => sum + Math.abs(value), 0);
    expect(Math.abs((result.row(i)[j] as number) - expected)).toBeLessThan(1e-6 * Math.abs(expected));
  }
});

it('no rows, no columns, no dimensions', async () => {
  const set = (rows: number, dimension: number) =>
    new Embeddings(new Float32Array(rows * dimension), rows, dimension);
  for (const [rows, columns, dimension] of [
    [0, 3, 4],
    [3, 0, 4],
    [2, 2, 0],
  ] as const) {
    const result = await similarities(engine, set(rows, dimension), set(columns, dimension), 'euclidean');
    expect(result.shape).toEqual([rows, columns]);
    expect(result.data.every((value) => value === 0)).toBe(true);
  }
});

it.each(['cosine', 'euclidean'] as const)(
  '%s of vectors that are not finite is an error that names the component',
  async (measure) => {
    const sound = [new Float32Array([1, 0]), new Float32Array([0, 1])];
    const damaged = [new Float32Array([1, 0]), new Float32Array([0, Number.NaN])];
    await expect(similarities(engine, sound, damaged, measure)).rejects.toThrow(
      /component 1 of vector 1 of the second set is NaN/,
    );
  },
);
