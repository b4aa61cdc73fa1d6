// NumPy's .npy format, version 1.0: a writer that streams rows and learns their number at the end, a small reader for the
// common number types, and one that reads a float32 matrix block by block.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import { ArgumentError, FormatError } from '../errors.ts';
import { AtomicFile } from './files/atomic-file.ts';
import { InputFile } from './files/input-file.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** Fixed, so that the header can be rewritten in place: room for any two sizes below 2^53. */
const HEADER_BYTES = 128;
/** Headers we read; NumPy writes 128 bytes for anything that is not a record type. */
const MAX_READ_HEADER_BYTES = 10_000;

const READERS = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '<i4': Int32Array,
  '<i8': BigInt64Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
} as const;

/** The types that are written, by the array that holds their elements: float16 as its bits. */
const WRITERS = {
  '<f4': Float32Array,
  '<f2': Uint16Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
} as const;

/** A type string of {@link NpyWriter}. */
export type NpyWritten = keyof typeof WRITERS;

type NpyRead = keyof typeof READERS;
const NPY_READ = Object.keys(READERS) as NpyRead[];

/** An array read from a .npy file, in C order. */
export interface NpyArray {
  /** NumPy's type string, for instance `<f4`. */
  descr: NpyRead;
  shape: number[];
  data: Float32Array | Float64Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;
}

/** Streams rows into a matrix [rows, columns], of float32 unless said otherwise; the file appears when `commit` has returned. */
export class NpyWriter {
  /** Rows written so far. */
  rows = 0;
  readonly columns: number;
  readonly descr: NpyWritten;
  /** The file's final name. */
  get path(): string {
    return this.#file.path;
  }
  readonly #file: AtomicFile;

  private constructor(file: AtomicFile, columns: number, descr: NpyWritten) {
    this.#file = file;
    this.columns = columns;
    this.descr = descr;
  }

  /** Starts a matrix with `columns` columns. FileError when the file cannot be made. */
  static async create(path: string, columns: number, descr: NpyWritten = '<f4'): Promise<NpyWriter> {
    if (!Number.isSafeInteger(columns) || columns < 0) {
      throw new ArgumentError(`expected a whole number of columns >= 0 but received ${columns}`);
    }
    const file = await AtomicFile.create(path);
    const writer = new NpyWriter(file, columns, descr);
    try {
      await file.write(encodeHeader(descr, [0, columns]));
    } catch (error) {
      await file.discard();
      throw error;
    }
    return writer;
  }

  /** Appends whole rows, [n, columns] in C order. */
  async append(values: Float32Array | Uint16Array | Int8Array | Uint8Array): Promise<void> {
    if (!(values instanceof WRITERS[this.descr])) {
      throw new ArgumentError(
        `expected a ${WRITERS[this.descr].name} for dtype '${this.descr}' but received a ${values.constructor.name}`,
      );
    }
    const rows = this.columns === 0 ? 0 : values.length / this.columns;
    if (!Number.isInteger(rows) || (this.columns === 0 && values.length > 0)) {
      throw new ArgumentError(
        `expected whole rows of ${this.columns} values but received ${values.length} values`,
      );
    }
    await this.#file.write(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    this.rows += rows;
  }

  /** Writes the final shape and makes the file appear. */
  async commit(): Promise<void> {
    try {
      await this.#file.writeAt(encodeHeader(this.descr, [this.rows, this.columns]), 0);
      await this.#file.commit();
    } catch (error) {
      await this.#file.discard();
      throw error;
    }
  }

  /** Gives up: nothing is left behind. */
  async discard(): Promise<void> {
    await this.#file.discard();
  }
}

function encodeHeader(descr: NpyWritten, shape: readonly number[]): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const bytes = new Uint8Array(HEADER_BYTES).fill(0x20);
  bytes.set(MAGIC);
  bytes.set([1, 0, HEADER_BYTES - 10, 0], 6);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[HEADER_BYTES - 1] = 0x0a;
  return bytes;
}

/** A file whose header has been read and whose size fits it. */
interface OpenNpy extends Pick<NpyArray, 'descr' | 'shape'> {
  file: InputFile;
  count: number;
  dataStart: number;
}

/** @param accepted the types that the caller reads */
async function openNpy(path: string, accepted: readonly NpyRead[] = NPY_READ): Promise<OpenNpy> {
  const file = await InputFile.open(path);
  try {
    const prefix = new Uint8Array(10);
    await file.readExactly(prefix, 0);
    if (MAGIC.some((byte, i) => prefix[i] !== byte)) throw new FormatError(`'${path}' is not a .npy file`);
    if (prefix[6] !== 1) {
      throw new FormatError(
        `'${path}' has .npy version ${prefix[6]}.${prefix[7]} but version 1.0 is expected`,
      );
    }
    const headerBytes = (prefix[8] as number) + 256 * (prefix[9] as number);
    if (headerBytes > MAX_READ_HEADER_BYTES) {
      throw new FormatError(
        `'${path}' declares a header of ${headerBytes} bytes; at most ${MAX_READ_HEADER_BYTES} are read`,
      );
    }
    const header = new Uint8Array(headerBytes);
    await file.readExactly(header, 10);
    const { descr, shape } = parseHeader(new TextDecoder('latin1').decode(header), path, accepted);
    const bytes = READERS[descr].BYTES_PER_ELEMENT;
    const count = shape.reduce((product, size) => product * size, 1);
    const found = file.size - 10 - headerBytes;
    if (!Number.isSafeInteger(count) || count * bytes !== found) {
      const fault = found < count * bytes ? 'it is cut short' : 'there is more in it than its header says';
      throw new FormatError(
        `'${path}' declares shape (${shape.join(', ')}) of ${descr}, ${count * bytes} bytes, ` +
          `but holds ${found}; ${fault}: write it again`,
      );
    }
    return { file, descr, shape, count, dataStart: 10 + headerBytes };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads a version 1.0 file of float32, float64 or integers. FileError or FormatError. */
export async function readNpy(path: string): Promise<NpyArray> {
  const { file, descr, shape, count, dataStart } = await openNpy(path);
  try {
    const data = new READERS[descr](count);
    await file.readExactly(new Uint8Array(data.buffer), dataStart);
    return { descr, shape, data };
  } finally {
    await file.close();
  }
}

/** Numbers of a block that {@link readNpyRows} gives at most, or one row. */
const BLOCK_NUMBERS = 2 ** 20;

/** Some rows of a matrix, and how many rows it has in all. */
export interface NpyRows {
  data: Float32Array;
  shape: readonly [rows: number, columns: number];
  total: number;
}

/** Rows and columns of a float32 matrix, from its header. FileError or FormatError. */
export async function readNpyShape(path: string): Promise<readonly [rows: number, columns: number]> {
  const npy = await openNpy(path, ['<f4']);
  await npy.file.close();
  return matrixShape(path, npy.shape);
}

/** Reads a float32 matrix in blocks of whole rows, in constant memory. FileError or FormatError. */
export async function* readNpyRows(path: string): AsyncGenerator<NpyRows> {
  const { file, shape, dataStart } = await openNpy(path, ['<f4']);
  try {
    const [total, columns] = matrixShape(path, shape);
    const rowsAtOnce = Math.max(1, Math.floor(BLOCK_NUMBERS / columns));
    for (let start = 0; start < total; start += rowsAtOnce) {
      const rows = Math.min(rowsAtOnce, total - start);
      const data = new Float32Array(rows * columns);
      await file.readExactly(new Uint8Array(data.buffer), dataStart + start * columns * 4);
      yield { data, shape: [rows, columns], total };
    }
  } finally {
    await file.close();
  }
}

function matrixShape(path: string, shape: readonly number[]): readonly [rows: number, columns: number] {
  const [rows = 0, columns = 0] = shape;
  if (shape.length === 2 && columns >= 1) return [rows, columns];
  const remedy =
    shape.length === 1 ? '.reshape(1, -1) makes one vector of it' : 'save it as such with .reshape';
  throw new FormatError(
    `'${path}' has shape (${shape.join(', ')}${shape.length === 1 ? ',' : ''}) but a matrix of shape (vectors, components) is expected; ${remedy}`,
  );
}

// NumPy writes the three keys in alphabetical order; the header is a Python literal, of which this is the subset used.
const HEADER_PATTERN =
  /^\{\s*'descr':\s*'([^']*)',\s*'fortran_order':\s*(True|False),\s*'shape':\s*\(([\d,\s]*)\),?\s*\}\s*$/;

function parseHeader(
  text: string,
  path: string,
  accepted: readonly NpyRead[],
): Pick<NpyArray, 'descr' | 'shape'> {
  const match = HEADER_PATTERN.exec(text);
  if (match === null)
    throw new FormatError(`'${path}' has a .npy header that cannot be read: ${text.trim()}`);
  const [, descr = '', fortran, sizes = ''] = match;
  if (fortran === 'True') {
    throw new FormatError(`'${path}' is in Fortran order; save it with numpy.ascontiguousarray first`);
  }
  const known = accepted.find((type) => type === descr);
  if (known === undefined) {
    const [only] = accepted;
    throw new FormatError(
      accepted.length === 1
        ? `'${path}' has dtype '${descr}' (${dtypeName(descr)}) but '${only}' (${dtypeName(only as string)}) is expected; ` +
            `save it with .astype('${dtypeName(only as string)}')`
        : `'${path}' has dtype '${descr}' (${dtypeName(descr)}) but one of ${accepted.join(', ')} is expected`,
    );
  }
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  if (shape.some((size) => !Number.isSafeInteger(size))) {
    throw new FormatError(`'${path}' has shape (${sizes.trim()}), which is not a list of whole numbers`);
  }
  return { descr: known, shape };
}

/** numpy's name of a type string, such as float16 of `<f2`; the string itself where it has none of this form. */
function dtypeName(descr: string): string {
  const [, order, kind = '', bytes] = /^([<>|=])([fiu])(\d+)$/.exec(descr) ?? [];
  const name = { f: 'float', i: 'int', u: 'uint' }[kind];
  if (name === undefined) return `numpy.dtype('${descr}')`;
  return `${order === '>' ? 'big-endian ' : ''}${name}${8 * Number(bytes)}`;
}
