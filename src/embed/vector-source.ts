// The vectors that a whitening or a look at a space is given, in whatever form they come: whole matrices, arrays of
// vectors, or streams of either. All end up as matrices of whole rows.
import { ArgumentError, DataError, ShapeError } from '../errors.ts';

/** Vectors row after row, as `encode` gives them. */
export interface VectorMatrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, dimension: number];
}

type Item = VectorMatrix | ArrayLike<number>;

/** A matrix, or an iterable of vectors or matrices: Embeddings, arrays of them, the chunks of `encodeStream`. */
export type VectorSource = VectorMatrix | Iterable<Item> | AsyncIterable<Item>;

/** Vectors gathered before they are handed on, when they come one by one. */
const gathered = 512;

/**
 * Matrices of one dimension, in order.
 * @throws ShapeError for a vector of another dimension; DataError when there is none; ArgumentError for anything else
 */
export async function* matricesOf(source: VectorSource): AsyncGenerator<VectorMatrix> {
  let dimension: number | undefined;
  let rows = 0;
  let waiting: ArrayLike<number>[] = [];
  const join = (): VectorMatrix => {
    const width = dimension as number;
    const data = new Float32Array(waiting.length * width);
    for (const [index, vector] of waiting.entries()) data.set(vector, index * width);
    const shape = [waiting.length, width] as const;
    waiting = [];
    return { data, shape };
  };
  for await (const item of itemsOf(source)) {
    const [count, width] = isMatrix(item) ? item.shape : [1, checkVector(item, rows).length];
    dimension ??= width;
    if (width !== dimension) {
      throw new ShapeError(
        `expected vector ${rows} of dimension ${dimension}, as the first, but received ${width}`,
      );
    }
    rows += count;
    if (!isMatrix(item)) {
      waiting.push(item);
      if (waiting.length === gathered) yield join();
      continue;
    }
    if (waiting.length > 0) yield join();
    if (count > 0) yield item;
  }
  if (waiting.length > 0) yield join();
  if (rows === 0) throw new DataError('expected at least one vector but there is none: is the corpus empty?');
}

/** All vectors as one matrix. @throws as {@link matricesOf} */
export async function gatherVectors(source: VectorSource): Promise<VectorMatrix> {
  const parts: VectorMatrix[] = [];
  for await (const part of matricesOf(source)) parts.push(part);
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const rows = parts.reduce((sum, part) => sum + part.shape[0], 0);
  const dimension = first?.shape[1] ?? 0;
  const data = new Float32Array(rows * dimension);
  let start = 0;
  for (const part of parts) {
    data.set(part.data, start);
    start += part.data.length;
  }
  return { data, shape: [rows, dimension] };
}

function itemsOf(source: VectorSource): Iterable<Item> | AsyncIterable<Item> {
  if (isMatrix(source)) return [source];
  const iterable = typeof source === 'object' && source !== null;
  if (
    iterable &&
    (Symbol.asyncIterator in source || Symbol.iterator in source) &&
    !ArrayBuffer.isView(source)
  ) {
    return source as Iterable<Item>;
  }
  throw new ArgumentError(
    'expected vectors: Embeddings, { data, shape }, or an iterable of vectors or of Embeddings',
  );
}

function isMatrix(value: unknown): value is VectorMatrix {
  const { data, shape } = (value ?? {}) as Partial<VectorMatrix>;
  if (!(data instanceof Float32Array) || !Array.isArray(shape)) return false;
  if (shape.length === 2 && shape[0] * shape[1] === data.length) return true;
  throw new ShapeError(
    `expected a matrix of shape [rows, dimension] but received [${shape}] of ${data.length}`,
  );
}

function checkVector(item: unknown, row: number): ArrayLike<number> {
  if (Array.isArray(item) || item instanceof Float32Array || item instanceof Float64Array) return item;
  throw new ArgumentError(`expected vector ${row} to be a Float32Array but received ${typeof item}`);
}
