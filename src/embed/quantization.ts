// Vectors in fewer bytes, equal to sentence-transformers' quantize_embeddings: float16; int8 and uint8 by the range of
// each component over calibration vectors; one bit per component, its sign, most significant bit first.
//   uint8    clip(floor((x - min) / ((max - min) / 255)), 0, 255), all in float32; int8 is 128 less
//   ubinary  bit 1 where x > 0; binary is 128 less
import { ArgumentError, DataError, ShapeError } from '../errors.ts';
import { toFloat16 } from '../io/float-convert.ts';
import { Embeddings } from './embeddings.ts';
import { matricesOf, type VectorMatrix, type VectorSource } from './vector-source.ts';

export const VECTOR_PRECISIONS = ['float32', 'float16', 'int8', 'uint8', 'binary', 'ubinary'] as const;

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

export interface QuantizeOptions {
  /** int8, uint8: the ranges of the components, as {@link calibrate} finds them; those of the vectors by default. */
  ranges?: ComponentRanges | undefined;
}

/** The ranges of the components over some vectors, a hundred or more. @throws ShapeError, DataError for none */
export async function calibrate(vectors: VectorSource): Promise<ComponentRanges> {
  let ranges: ComponentRanges | undefined;
  for await (const { data, shape } of matricesOf(vectors)) {
    ranges ??= emptyRanges(shape[1]);
    widen(ranges, data);
  }
  return ranges as ComponentRanges; // matricesOf throws when there is none
}

/** Ranges that hold nothing yet. */
export function emptyRanges(dimension: number): ComponentRanges {
  return {
    least: new Float32Array(dimension).fill(Number.POSITIVE_INFINITY),
    largest: new Float32Array(dimension).fill(Number.NEGATIVE_INFINITY),
  };
}

/** Widens ranges by rows [n, dimension]. @throws DataError for a number that is not finite */
export function widen({ least, largest }: ComponentRanges, rows: Float32Array): void {
  const dimension = least.length;
  for (let index = 0; index < rows.length; index++) {
    const value = rows[index] as number;
    const column = index % dimension;
    if (!Number.isFinite(value)) {
      throw new DataError(
        `[calibrate] expected finite vectors but vector ${Math.floor(index / dimension)} holds ${value}`,
      );
    }
    if (value < (least[column] as number)) least[column] = value;
    if (value > (largest[column] as number)) largest[column] = value;
  }
}

/** How many columns `dimension` components take up in a precision. */
export function quantizedColumns(dimension: number, precision: VectorPrecision): number {
  return precision === 'binary' || precision === 'ubinary' ? Math.ceil(dimension / 8) : dimension;
}

/** @throws ArgumentError for an unknown precision; ShapeError for ranges of another dimension */
export function quantizeEmbeddings(
  vectors: VectorMatrix,
  precision: VectorPrecision,
  options: QuantizeOptions = {},
): QuantizedEmbeddings {
  const { data, shape } = vectors;
  const [rows, dimension] = shape;
  const result = (numbers: QuantizedEmbeddings['data']): QuantizedEmbeddings => ({
    precision,
    data: numbers,
    shape: [rows, quantizedColumns(dimension, precision)],
  });
  switch (precision) {
    case 'float32':
      return result(data.slice());
    case 'float16':
      return result(Uint16Array.from(data, toFloat16));
    case 'int8':
    case 'uint8':
      return result(scale(data, dimension, precision, options.ranges));
    case 'binary':
    case 'ubinary': {
      const bytes = packSigns(data, rows, dimension);
      return result(precision === 'ubinary' ? bytes : Int8Array.from(bytes, (byte) => byte - 128));
    }
    default:
      throw new ArgumentError(
        `[quantize] expected a precision of ${VECTOR_PRECISIONS.join(', ')} but received ${precision}`,
      );
  }
}

function scale(
  data: Float32Array,
  dimension: number,
  precision: 'int8' | 'uint8',
  given: ComponentRanges | undefined,
): Int8Array | Uint8Array {
  const ranges = given ?? emptyRanges(dimension);
  if (given === undefined) widen(ranges, data);
  if (ranges.least.length !== dimension || ranges.largest.length !== dimension) {
    throw new ShapeError(
      `[quantize] expected ranges of ${dimension} components but received ${ranges.least.length} and ${ranges.largest.length}`,
    );
  }
  const steps = ranges.least.map((least, column) => {
    const step = Math.fround(Math.fround((ranges.largest[column] as number) - least) / 255);
    return step === 0 ? 1 : step;
  });
  const lowest = precision === 'int8' ? 128 : 0;
  const result = precision === 'int8' ? new Int8Array(data.length) : new Uint8Array(data.length);
  for (let index = 0; index < data.length; index++) {
    const column = index % dimension;
    const distance = Math.fround((data[index] as number) - (ranges.least[column] as number));
    const level = Math.floor(Math.fround(distance / (steps[column] as number)));
    result[index] = Math.min(255, Math.max(0, level)) - lowest;
  }
  return result;
}

function packSigns(data: Float32Array, rows: number, dimension: number): Uint8Array {
  const columns = Math.ceil(dimension / 8);
  const bytes = new Uint8Array(rows * columns);
  for (let index = 0; index < data.length; index++) {
    if (!((data[index] as number) > 0)) continue;
    const column = index % dimension;
    const byte = Math.floor(index / dimension) * columns + (column >> 3);
    bytes[byte] = (bytes[byte] as number) | (128 >> (column & 7));
  }
  return bytes;
}

/**
 * The first components of vectors (Matryoshka), scaled to unit length unless told not to.
 * @throws ArgumentError
 */
export function truncateEmbeddings(
  vectors: VectorMatrix,
  components: number,
  options: { normalize?: boolean | undefined } = {},
): Embeddings {
  const [rows, dimension] = vectors.shape;
  if (!Number.isInteger(components) || components < 1 || components > dimension) {
    throw new ArgumentError(
      `[truncate] expected components from 1 to the dimension, ${dimension}, but received ${components}`,
    );
  }
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
