// Reads safetensors files with bounded, positioned reads. The header is checked completely on `open`
// (safetensors-header.ts), so a tensor that is listed can be read unless the file changes meanwhile.

import { ArgumentError, DTypeError, FormatError, ModelError, OutOfMemoryError } from '../../errors.ts';
import { InputFile } from '../files/input-file.ts';
import { decodeUtf8 } from '../files/json-text.ts';
import { convertToFloat32, FLOAT_BYTES, type FloatDType, indexOfNonFinite } from './float-convert.ts';
import {
  checkHeaderLength,
  parseSafetensorsHeader,
  type SafetensorsDType,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from './safetensors-header.ts';

/** Conversion reads this much at a time, so that the peak is the float32 result and a little more. */
const CONVERT_CHUNK_BYTES = 4 * 1024 * 1024;

/** The dtypes whose bytes `readRaw` hands out; the others are listed but refused. */
const READABLE = new Set<SafetensorsDType>([
  'F64',
  'F32',
  'F16',
  'BF16',
  'I64',
  'I32',
  'I16',
  'I8',
  'U8',
  'BOOL',
]);

/** What a file says about a tensor. */
export interface TensorInfo {
  dtype: SafetensorsDType;
  shape: readonly number[];
  byteLength: number;
}

export interface ReadFloat32Options {
  /** Accept infinities and NaN, which are refused otherwise. */
  allowNonFinite?: boolean;
  /** Where to write, of the tensor's size; a new array by default. */
  into?: Float32Array | undefined;
}

/** An open safetensors file. */
export class SafetensorsFile {
  readonly path: string;
  /** Names of the tensors, in the order of their bytes. */
  readonly names: readonly string[];
  /** The file's `__metadata__`; empty when it has none. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly #file: InputFile;
  readonly #dataStart: number;

  private constructor(file: InputFile, header: SafetensorsHeader, dataStart: number) {
    this.path = file.path;
    this.names = header.entries.map((entry) => entry.name);
    this.metadata = header.metadata;
    this.#entries = new Map(header.entries.map((entry) => [entry.name, entry]));
    this.#file = file;
    this.#dataStart = dataStart;
  }

  /** Opens a file and checks its header. Throws FileError or FormatError. */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await InputFile.open(path);
    try {
      if (file.size < 8) {
        throw new FormatError(
          `'${path}' has ${file.size} bytes, too few for a safetensors file; fetch it again`,
        );
      }
      const prefix = new Uint8Array(8);
      await file.readExactly(prefix, 0);
      if (Buffer.from(prefix.buffer).toString('latin1') === 'version ') {
        throw new FormatError(
          `'${path}' is only a pointer of Git LFS, not the weights; run git lfs pull to fetch them`,
        );
      }
      const declared = new DataView(prefix.buffer).getBigUint64(0, true);
      const headerBytes = new Uint8Array(checkHeaderLength(declared, file.size, path));
      await file.readExactly(headerBytes, 8);
      const dataStart = 8 + headerBytes.byteLength;
      const text = decodeUtf8(headerBytes, path);
      return new SafetensorsFile(file, parseSafetensorsHeader(text, file.size - dataStart, path), dataStart);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** dtype, shape and size of a tensor; ArgumentError when there is none of that name. */
  info(name: string): TensorInfo {
    const { dtype, shape, byteLength } = this.#entry(name);
    return { dtype, shape, byteLength };
  }

  /**
   * A tensor's values as float32, in C order: F32 as it is, F16, BF16 and F64 converted. DTypeError for integers;
   * ModelError naming tensor and index when a value is not finite as float32, unless `allowNonFinite`.
   */
  async readFloat32(name: string, options: ReadFloat32Options = {}): Promise<Float32Array> {
    const { dtype, begin, byteLength } = this.#entry(name);
    if (!(dtype in FLOAT_BYTES)) {
      throw new DTypeError(
        `expected tensor '${name}' of '${this.path}' to hold floats but its dtype is ${dtype}`,
      );
    }
    const width = FLOAT_BYTES[dtype as FloatDType];
    const position = this.#dataStart + begin;
    const values = options.into ?? allocate(Float32Array, byteLength / width, name);
    checkSize(name, values, byteLength / width);
    if (dtype === 'F32') {
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      await this.#file.readExactly(bytes, position);
    } else {
      const chunk = new Uint8Array(Math.min(CONVERT_CHUNK_BYTES, byteLength));
      for (let done = 0; done < byteLength; done += chunk.byteLength) {
        const part = chunk.subarray(0, Math.min(chunk.byteLength, byteLength - done));
        await this.#file.readExactly(part, position + done);
        convertToFloat32(part, dtype as FloatDType, values, done / width);
      }
    }
    if (!options.allowNonFinite) this.#mustBeFinite(name, values);
    return values;
  }

  /** The values of an I8 tensor, in C order, in `into` if it is given. DTypeError for any other. */
  async readInt8(name: string, into?: Int8Array): Promise<Int8Array> {
    const { dtype, begin, byteLength } = this.#entry(name);
    if (dtype !== 'I8') {
      throw new DTypeError(
        `expected tensor '${name}' of '${this.path}' to hold I8 but its dtype is ${dtype}`,
      );
    }
    const values = into ?? allocate(Int8Array, byteLength, name);
    checkSize(name, values, byteLength);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await this.#file.readExactly(bytes, this.#dataStart + begin);
    return values;
  }

  /** A tensor's bytes as they are in the file, little-endian, C order. DTypeError for dtypes that are not supported. */
  async readRaw(name: string): Promise<Uint8Array> {
    const { dtype, begin, byteLength } = this.#entry(name);
    if (!READABLE.has(dtype)) {
      throw new DTypeError(
        `tensor '${name}' of '${this.path}' has dtype ${dtype}, which is not supported; ` +
          `convert it to one of ${[...READABLE].join(', ')}`,
      );
    }
    const bytes = allocate(Uint8Array, byteLength, name);
    await this.#file.readExactly(bytes, this.#dataStart + begin);
    return bytes;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new ArgumentError(`'${this.path}' holds no tensor named '${name}'`);
    return entry;
  }

  #mustBeFinite(name: string, values: Float32Array): void {
    const index = indexOfNonFinite(values);
    if (index >= 0) {
      throw new ModelError(
        `tensor '${name}' of '${this.path}' holds ${values[index]} at index ${index} where finite float32 values ` +
          'are expected; the weights are damaged, or pass allowNonFinite to read them anyway',
      );
    }
  }
}

function checkSize(name: string, into: { length: number }, expected: number): void {
  if (into.length === expected) return;
  throw new ArgumentError(
    `expected an array of ${expected} elements for tensor '${name}' but received ${into.length}`,
  );
}

function allocate<T>(Type: new (length: number) => T, length: number, name: string): T {
  try {
    return new Type(length);
  } catch (error) {
    throw new OutOfMemoryError(`no memory for the ${length} elements of tensor '${name}'`, { cause: error });
  }
}
