// The vectors that a whitening or a look at a space is given, in whatever form they come: whole matrices, arrays of
// vectors, or streams of vectors, matrices and arrays. All end up as matrices of whole rows.
import { ArgumentError, DataError, ShapeError } from '../../errors.ts';

/** Vectors row after row, as `encode` gives them. */
export interface VectorMatrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, dimension: number];
}

/** The same in either precision: what a whitening can be fitted on. */
export interface RealMatrix {
  readonly data: Float32Array | Float64Array;
  readonly shape: readonly [rows: number, dimension: number];
}

/** One vector. */
export type Vector = Float32Array | Float64Array | readonly number[];

type Item = RealMatrix | Vector | readonly Vector[];

/**
 * A matrix, or an iterable of vectors, matrices or arrays of vectors: Embeddings, arrays of them, the chunks of
 * `encodeStream`. A vector is a Float32Array, a Float64Array or an array of numbers. Where nothing else is said its numbers
 * are rounded to float32.
 */
export type VectorSource = RealMatrix | Iterable<Item> | AsyncIterable<Item>;

/** Vectors gathered before they are handed on, when they come one by one. */
const gathered = 512;

/**
 * Matrices of one dimension, in order. What comes as single vectors is copied when it comes.
 * @throws ShapeError for a vector of another dimension; DataError when there is none, or for a number that float32 cannot
 *   hold; ArgumentError for anything else; all name the vector by its number
 */
export async function* matricesOf(source: VectorSource): AsyncGenerator<VectorMatrix> {
  let row = 0;
  for await (const { data, shape } of realMatricesOf(source, Float32Array)) {
    yield { data: data instanceof Float32Array ? data : narrowed(data, shape[1], row), shape };
    row += shape[0];
  }
}

/**
 * {@link matricesOf} without rounding: matrices as they are given, single vectors gathered in `Gathered`.
 * @throws as {@link matricesOf}
 */
export async function* realMatricesOf(
  source: VectorSource,
  Gathered: Float32ArrayConstructor | Float64ArrayConstructor,
): AsyncGenerator<RealMatrix> {
  let dimension: number | undefined;
  let [rows, waiting] = [0, 0];
  let block: Float32Array | Float64Array | undefined;
  const gather = (vector: Vector, width: number) => {
    block ??= new Gathered(gathered * width);
    const exact = vector instanceof Float32Array || Gathered === Float64Array;
    block.set(exact ? vector : narrowed(vector, width, rows), waiting * width);
    waiting += 1;
  };
  const flush = (width: number): RealMatrix => {
    const data = (block as Float32Array).subarray(0, waiting * width);
    const shape = [waiting, width] as const;
    block = undefined; // what is handed on is the receiver's
    waiting = 0;
    return { data, shape };
  };
  for await (const item of itemsOf(source)) {
    for (const part of partsOf(item)) {
      const matrix = isMatrix(part, rows) ? part : undefined;
      const vector = matrix === undefined ? checkVector(part, rows) : undefined;
      const [count, width] = matrix?.shape ?? [1, (vector as Vector).length];
      dimension ??= width;
      if (width !== dimension) {
        throw new ShapeError(
          `expected vector ${rows} of dimension ${dimension}, as the first, but received ${width}`,
        );
      }
      if (vector !== undefined) gather(vector, width);
      rows += count;
      if (waiting > 0 && (matrix !== undefined || waiting === gathered)) yield flush(width);
      if (matrix !== undefined && count > 0) yield matrix;
    }
  }
  if (waiting > 0) yield flush(dimension as number);
  if (rows === 0) throw new DataError('expected at least one vector but there is none: is the corpus empty?');
}

/** @param first the number that messages give the first vector. @throws DataError for what float32 cannot hold */
function narrowed(values: Float64Array | readonly number[], dimension: number, first: number): Float32Array {
  const rounded = Float32Array.from(values);
  const large = rounded.findIndex((value, i) => Math.abs(value) === Infinity && Number.isFinite(values[i]));
  if (large < 0) return rounded;
  throw new DataError(
    `expected numbers that float32 can hold but vector ${first + Math.floor(large / dimension)} holds ${values[large]} in ` +
      `component ${large % dimension}: scale the vectors, or fit with precision 'float64'`,
  );
}

/** All vectors as one matrix. @throws as {@link matricesOf} */
export async function gatherVectors(source: VectorSource): Promise<VectorMatrix> {
  const parts: VectorMatrix[] = [];
  for await (const part of matricesOf(source)) parts.push(part);
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const rows = parts.reduce((sum, part) => sum + part.shape[0], 0);
  const dimension = first?.shape[1] as number; // matricesOf throws when there is none
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
  if (isMatrix(value) && value.data instanceof Float32Array) return value as VectorMatrix;
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
function isMatrix(value: unknown, row?: number): value is RealMatrix {
  const { data, shape } = (value ?? {}) as Partial<RealMatrix>;
  if (!(data instanceof Float32Array || data instanceof Float64Array) || !Array.isArray(shape)) return false;
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
  const { data } = value as { data?: unknown };
  if (ArrayBuffer.isView(data)) return `an object with data, a ${data.constructor.name}`;
  return typeof value === 'object' ? `a ${value.constructor?.name ?? 'object'}` : `a ${typeof value}`;
}
