// Vectors in whatever form they come end up as the same rows, and what cannot be used is named by its number.
import { describe, expect, it } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { gatherVectors, matricesOf, type VectorSource } from '../../src/embed/vectors/vector-source.ts';
import { ArgumentError, DataError, type LikewiseError, ShapeError } from '../../src/errors.ts';
import { expectError } from '../expect-error.ts';

const numbers = [
  [1, 2],
  [3, 4],
  [5, 6],
  [7, 8],
];
const rows = numbers.map((vector) => Float32Array.from(vector));
const matrix = (from: number, to: number) =>
  new Embeddings(Float32Array.from(numbers.slice(from, to).flat()), to - from, 2);

async function* streamOf(...items: unknown[]) {
  yield* items as never[];
}

describe('vectors', () => {
  const sources: [string, VectorSource][] = [
    ['a matrix', matrix(0, 4)],
    ['arrays of numbers', numbers],
    ['typed arrays', rows],
    ['a stream of vectors', streamOf(...rows)],
    ['a stream of arrays of numbers', streamOf(...numbers)],
    ['a stream of arrays of vectors', streamOf(rows.slice(0, 3), [], rows.slice(3))],
    ['a stream of arrays of arrays', streamOf(numbers.slice(0, 1), numbers.slice(1))],
    ['arrays of vectors in an array', [numbers.slice(0, 2), rows.slice(2)]],
    ['all at once', streamOf(rows[0] as Float32Array, matrix(1, 2), rows.slice(2, 3), [7, 8])],
  ];
  it.each(sources)('come as %s', async (_name, source) => {
    const { data, shape } = await gatherVectors(source);
    expect([[...data], shape]).toEqual([numbers.flat(), [4, 2]]);
  });

  const refused: [string, VectorSource, new (message: string) => LikewiseError, RegExp][] = [
    [
      'of another dimension, in an array',
      streamOf(rows, [[1, 2], [3]]),
      ShapeError,
      /vector 5 of dimension 2/,
    ],
    [
      'of another dimension, after a matrix',
      streamOf(matrix(0, 3), [1]),
      ShapeError,
      /vector 3 of dimension 2/,
    ],
    [
      'of text',
      streamOf(rows, [
        [1, 2],
        ['a', 'b'],
      ] as never),
      ArgumentError,
      /vector 5 .* component 0 is a string/,
    ],
    ['with holes', [[1, undefined]] as never, ArgumentError, /vector 0 .* component 1 is undefined/],
    [
      'of integers',
      [rows[0], new Int32Array(2)] as never,
      ArgumentError,
      /vector 1 .* received a Int32Array/,
    ],
    [
      'in a matrix whose shape is wrong',
      streamOf(rows, { data: new Float32Array(3), shape: [2, 2] } as const),
      ShapeError,
      /from vector 4 on but received \[2,2\] of 3/,
    ],
    ['of which there are none', streamOf([], []), DataError, /at least one vector/],
  ];
  it.each(refused)('%s are refused', async (_name, source, error, message) => {
    await expectError(gatherVectors(source), error, message);
  });

  it('are gathered without losing one, whatever their number', async () => {
    const many = Array.from({ length: 1100 }, (_, i) => [i, -i]);
    const counts: number[] = [];
    for await (const { shape } of matricesOf(streamOf(many.slice(0, 700), many.slice(700))))
      counts.push(shape[0]);
    expect(counts).toEqual([512, 512, 76]);
  });
});
