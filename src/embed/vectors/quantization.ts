// Vectors in fewer bytes, equal to sentence-transformers' quantize_embeddings: float16; int8 and uint8 by the range of
// each component over calibration vectors; one bit per component, its sign, most significant bit first.
//   uint8    clip(floor((x - min) / ((max - min) / 255)), 0, 255), all in float32; int8 is 128 less
//   ubinary  bit 1 where x > 0; binary is 128 less
import { ArgumentError, DataError, ShapeError } from '../../errors.ts';
import { indexOfNonFinite, toFloat16 } from '../../io/safetensors/float-convert.ts';
import { checkOptions } from '../../options/check-options.ts';
import { Embeddings } from './embeddings.ts';
import { checkMatrix, matricesOf, type VectorMatrix, type VectorSource } from './vector-source.ts';

/** What vectors can be stored in. */
export const VECTOR_PRECISIONS = ['float32', 'float16', 'int8', 'uint8', 'binary', 'ubinary'] as const;

/** One of {@link VECTOR_PRECISIONS}. */
export type VectorPrecision = (typeof VECTOR_PRECISIONS)[number];

/** Rows of numbers in a precision; float16 as its bits. */
export interface QuantizedEmbeddings {
  precision: VectorPrecision;
  data: Float32Array | Uint16Array | Int8Array | Uint8Array;
  /** The columns of binary and ubinary are bytes of eight components. */
  shape: readonly [rows: number, columns: number];
}

/** The least and the largest value of each component. */
export interface ComponentRanges {
  least: Float32Array; // [dimension]
  largest: Float32Array; // [dimension]
}

/** Settings of {@link quantizeEmbeddings}. */
export interface QuantizeOptions {
  /** int8, uint8: the ranges of the components, as {@link calibrate} finds them; those of the vectors by default. */
  ranges?: ComponentRanges | undefined;
  /** The number that messages give the first of these vectors. */
  first?: number | undefined;
}

/** Fewer vectors than these give ranges that are too narrow for others. */
export const ENOUGH_FOR_RANGES = 100;

/** The ranges of the components over some vectors, a hundred or more. @throws ShapeError, DataError for fewer than two */
export async function calibrate(vectors: VectorSource): Promise<ComponentRanges> {
  let ranges: ComponentRanges | undefined;
  let seen = 0;
  for await (const { data, shape } of matricesOf(vectors)) {
    ranges ??= emptyRanges(shape[1]);
    widen(ranges, data, seen);
    seen += shape[0];
  }
  checkEnough(seen, ranges ?? emptyRanges(0));
  return ranges as ComponentRanges; // matricesOf throws when there is none
}

/** Ranges of one vector, or of equal ones, hold nothing but that vector: every component would be the same. @throws DataError */
export function checkEnough(vectors: number, { least, largest }: ComponentRanges): void {
  if (vectors >= 2 && least.some((value, column) => value < (largest[column] as number))) return;
  const found =
    vectors === 0 ? 'are none' : vectors === 1 ? 'is one' : `are ${vectors} that are all the same`;
  throw new DataError(
    `expected at least two vectors to find the ranges of the components, ${ENOUGH_FOR_RANGES} or more for good ones, but there ` +
      `${found}: give ranges of more vectors, as calibrate finds them (embed --calibration)`,
  );
}

function warnOfFew(vectors: number): void {
  process.emitWarning(
    `[quantize] the ranges of the components are those of ${vectors} vectors; ${ENOUGH_FOR_RANGES} or more make better ones: ` +
      'give ranges, as calibrate finds them',
    'LikewiseWarning',
  );
}

/** Ranges that hold nothing yet. */
export function emptyRanges(dimension: number): ComponentRanges {
  return {
    least: new Float32Array(dimension).fill(Number.POSITIVE_INFINITY),
    largest: new Float32Array(dimension).fill(Number.NEGATIVE_INFINITY),
  };
}

/**
 * Widens ranges by rows [n, dimension].
 * @param first the number that messages give the first of them
 * @throws DataError for a number that is not finite
 */
export function widen({ least, largest }: ComponentRanges, rows: Float32Array, first = 0): void {
  const dimension = least.length;
  for (let index = 0; index < rows.length; index++) {
    const value = rows[index] as number;
    const column = index % dimension;
    if (!Number.isFinite(value)) throw notFinite('calibrate', rows, index, dimension, first);
    if (value < (least[column] as number)) least[column] = value;
    if (value > (largest[column] as number)) largest[column] = value;
  }
}

function notFinite(
  name: string,
  data: Float32Array,
  index: number,
  dimension: number,
  first: number,
): DataError {
  const vector = first + Math.floor(index / dimension);
  return new DataError(
    `[${name}] expected finite vectors but vector ${vector} holds ${data[index]} in component ${index % dimension}`,
  );
}

/** How many columns `dimension` components take up in a precision. */
export function quantizedColumns(dimension: number, precision: VectorPrecision): number {
  return precision === 'binary' || precision === 'ubinary' ? Math.ceil(dimension / 8) : dimension;
}

/**
 * @throws ArgumentError for an unknown precision, option or anything but a matrix; ShapeError for ranges of another
 *   dimension; DataError for int8 or uint8 of one vector, or of equal ones, without ranges (below a hundred there is a warning), naming a vector that holds a number that is not finite, or too large for float16, or a component
 *   whose range is none
 */
export function quantizeEmbeddings(
  vectors: VectorMatrix,
  precision: VectorPrecision,
  options: QuantizeOptions = {},
): QuantizedEmbeddings {
  const { data, shape } = checkMatrix('quantize', vectors);
  checkOptions('quantize', options, ['ranges', 'first']);
  const { ranges, first = 0 } = options;
  const matrix = { data, dimension: shape[1], first };
  const columns = quantizedColumns(shape[1], precision);
  return { precision, data: converted(matrix, precision, ranges), shape: [shape[0], columns] };
}

interface Rows {
  data: Float32Array;
  dimension: number;
  first: number;
}

function converted(
  rows: Rows,
  precision: VectorPrecision,
  ranges: ComponentRanges | undefined,
): QuantizedEmbeddings['data'] {
  switch (precision) {
    case 'float32': {
      const bad = indexOfNonFinite(rows.data);
      if (bad < 0) return rows.data.slice();
      throw notFinite('quantize', rows.data, bad, rows.dimension, rows.first);
    }
    case 'float16':
      return halves(rows);
    case 'int8':
    case 'uint8':
      return scale(rows, precision, ranges);
    case 'binary':
      return Int8Array.from(packSigns(rows), (byte) => byte - 128);
    case 'ubinary':
      return packSigns(rows);
    default:
      throw new ArgumentError(
        `[quantize] expected a precision among ${VECTOR_PRECISIONS.join(', ')} but received ${precision}`,
      );
  }
}

function halves({ data, dimension, first }: Rows): Uint16Array {
  const result = new Uint16Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const half = toFloat16(data[index] as number);
    result[index] = half;
    if ((half & 0x7c00) !== 0x7c00) continue; // the exponent of infinity and NaN
    if (!Number.isFinite(data[index])) throw notFinite('quantize', data, index, dimension, first);
    throw new DataError(
      `[quantize] expected numbers below 65520, which float16 can hold, but vector ${first + Math.floor(index / dimension)} ` +
        `holds ${data[index]} in component ${index % dimension}: scale the vectors or keep float32`,
    );
  }
  return result;
}

function scale(
  { data, dimension, first }: Rows,
  precision: 'int8' | 'uint8',
  given: ComponentRanges | undefined,
): Int8Array | Uint8Array {
  const ranges = given ?? emptyRanges(dimension);
  if (given === undefined) {
    const vectors = data.length / Math.max(1, dimension);
    widen(ranges, data, first);
    if (vectors > 0) checkEnough(vectors, ranges);
    if (vectors > 0 && vectors < ENOUGH_FOR_RANGES) warnOfFew(vectors);
  } else checkRanges(given, dimension);
  const steps = ranges.least.map((least, column) => {
    const step = Math.fround(Math.fround((ranges.largest[column] as number) - least) / 255);
    return step === 0 ? 1 : step;
  });
  const lowest = precision === 'int8' ? 128 : 0;
  const result = precision === 'int8' ? new Int8Array(data.length) : new Uint8Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const column = index % dimension;
    const value = data[index] as number;
    if (!Number.isFinite(value)) throw notFinite('quantize', data, index, dimension, first);
    const distance = Math.fround(value - (ranges.least[column] as number));
    const level = Math.floor(Math.fround(distance / (steps[column] as number)));
    result[index] = Math.min(255, Math.max(0, level)) - lowest;
  }
  return result;
}

function checkRanges({ least, largest }: ComponentRanges, dimension: number): void {
  if (!(least instanceof Float32Array && largest instanceof Float32Array)) {
    throw new ArgumentError(
      '[quantize] expected ranges of { least: Float32Array, largest: Float32Array }, as calibrate gives them',
    );
  }
  if (least.length !== dimension || largest.length !== dimension) {
    throw new ShapeError(
      `[quantize] expected ranges of ${dimension} components but received ${least.length} and ${largest.length}`,
    );
  }
  const bad = least.findIndex((low, i) => {
    const high = largest[i] as number;
    return !Number.isFinite(low) || !Number.isFinite(high) || low > high;
  });
  if (bad < 0) return;
  throw new DataError(
    `[quantize] expected finite ranges, smallest value first, but the range of component ${bad} is from ${least[bad]} to ${largest[bad]}`,
  );
}

function packSigns({ data, dimension, first }: Rows): Uint8Array {
  const columns = Math.ceil(dimension / 8);
  const bytes = new Uint8Array((dimension === 0 ? 0 : data.length / dimension) * columns);
  for (let index = 0; index < data.length; index++) {
    const value = data[index] as number;
    if (!Number.isFinite(value)) throw notFinite('quantize', data, index, dimension, first);
    if (!(value > 0)) continue;
    const column = index % dimension;
    const byte = Math.floor(index / dimension) * columns + (column >> 3);
    bytes[byte] = (bytes[byte] as number) | (128 >> (column & 7));
  }
  return bytes;
}

/**
 * The first components of vectors (Matryoshka), scaled to unit length unless told not to.
 * @throws ArgumentError; DataError naming a vector that holds a number that is not finite
 */
export function truncateEmbeddings(
  vectors: VectorMatrix,
  components: number,
  options: { normalize?: boolean | undefined } = {},
): Embeddings {
  const [rows, dimension] = checkMatrix('truncate', vectors).shape;
  if (!Number.isInteger(components) || components < 1 || components > dimension) {
    throw new ArgumentError(
      `[truncate] expected components from 1 to the dimension, ${dimension}, but received ${components}`,
    );
  }
  checkOptions('truncate', options, ['normalize']);
  const bad = indexOfNonFinite(vectors.data);
  if (bad >= 0) throw notFinite('truncate', vectors.data, bad, dimension, 0);
  const result = new Float32Array(rows * components);
  for (let row = 0; row < rows; row++) {
    const part = vectors.data.subarray(row * dimension, row * dimension + components);
    const squares = part.reduce((sum, value) => sum + value * value, 0);
    const length = options.normalize === false ? 1 : Math.max(Math.sqrt(squares), 1e-12);
    for (let column = 0; column < components; column++) {
      result[row * components + column] = (part[column] as number) / length;
    }
  }
  return new Embeddings(result, rows, components);
}
