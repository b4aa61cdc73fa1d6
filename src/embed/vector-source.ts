// The vectors that a whitening or a look at a space is given, in whatever form they come: whole matrices, arrays of
// vectors, or streams of vectors, matrices and arrays. All end up as matrices of whole rows.
import { ArgumentError, DataError, ShapeError } from '../errors.ts';

/** Vectors row after row, as `encode` gives them. */
export interface VectorMatrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, dimension: number];
}

/** One vector. */
type Vector = Float32Array | Float64Array | readonly number[];

type Item = VectorMatrix | Vector | readonly Vector[];

/**
 * A matrix, or an iterable of vectors, matrices or arrays of vectors: Embeddings, arrays of them, the chunks of
 * `encodeStream`. A vector is a Float32Array, a Float64Array or an array of numbers.
 */
export type VectorSource = VectorMatrix | Iterable<Item> | AsyncIterable<Item>;

/** Vectors gathered before they are handed on, when they come one by one. */
const gathered = 512;

/**
 * Matrices of one dimension, in order.
 * @throws ShapeError for a vector of another dimension; DataError when there is none; ArgumentError for anything else; all
 *   name the vector by its number
 */
export async function* matricesOf(source: VectorSource): AsyncGenerator<VectorMatrix> {
  let dimension: number | undefined;
  let rows = 0;
  let waiting: Vector[] = [];
  const join = (): VectorMatrix => {
    const width = dimension as number;
    const data = new Float32Array(waiting.length * width);
    for (const [index, vector] of waiting.entries()) data.set(vector, index * width);
    const shape = [waiting.length, width] as const;
    waiting = [];
    return { data, shape };
  };
  for await (const item of itemsOf(source)) {
    for (const part of partsOf(item)) {
      const matrix = isMatrix(part, rows) ? part : undefined;
      const [count, width] = matrix?.shape ?? [1, checkVector(part, rows).length];
      dimension ??= width;
      if (width !== dimension) {
        throw new ShapeError(
          `expected vector ${rows} of dimension ${dimension}, as the first, but received ${width}`,
        );
      }
      rows += count;
      if (matrix === undefined) waiting.push(part as Vector);
      if (waiting.length > 0 && (matrix !== undefined || waiting.length === gathered)) yield join();
      if (matrix !== undefined && count > 0) yield matrix;
    }
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

/**
 * What `transform` and the like are given.
 * @throws ArgumentError for anything but a matrix; ShapeError for one whose shape is not that of its data
 */
export function checkMatrix(name: string, value: VectorMatrix): VectorMatrix {
  if (isMatrix(value)) return value;
  throw new ArgumentError(
    `[${name}] expected vectors as Embeddings or { data: Float32Array, shape: [rows, dimension] } but received ` +
      `${describe(value)}: Embeddings hold vectors laid end to end`,
  );
}

/** An array of vectors taken apart; anything else as it is. */
function partsOf(item: Item): Iterable<unknown> {
  const several = Array.isArray(item) && (item.length === 0 || typeof item[0] === 'object');
  return several ? (item as readonly Vector[]) : [item];
}

/** @param row the number of its first vector, where it is one of several */
function isMatrix(value: unknown, row?: number): value is VectorMatrix {
  const { data, shape } = (value ?? {}) as Partial<VectorMatrix>;
  if (!(data instanceof Float32Array) || !Array.isArray(shape)) return false;
  if (shape.length === 2 && shape.every(isSize) && shape[0] * shape[1] === data.length) return true;
  const where = row === undefined ? '' : ` from vector ${row} on`;
  throw new ShapeError(
    `expected a matrix of shape [rows, dimension]${where} but received [${shape}] of ${data.length} numbers`,
  );
}

const isSize = (size: unknown): boolean => Number.isInteger(size) && (size as number) >= 0;

function checkVector(item: unknown, row: number): Vector {
  if (item instanceof Float32Array || item instanceof Float64Array) return item;
  if (!Array.isArray(item)) {
    throw new ArgumentError(
      `expected vector ${row} to be a Float32Array or an array of numbers but received ${describe(item)}`,
    );
  }
  const bad = item.findIndex((component) => typeof component !== 'number');
  if (bad < 0) return item;
  throw new ArgumentError(
    `expected vector ${row} to hold numbers but its component ${bad} is ${describe(item[bad])}`,
  );
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? `a ${value.constructor?.name ?? 'object'}` : `a ${typeof value}`;
}
