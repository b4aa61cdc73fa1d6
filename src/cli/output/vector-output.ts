// Where `embed` writes its vectors: a NumPy array, or JSON lines with one array of numbers per text.
// Both appear under their final name only when complete.

import { extname } from 'node:path';
import type { VectorPrecision } from '../../embed/vectors/quantization.ts';
import { ArgumentError, ExecutionError } from '../../errors.ts';
import { AtomicFile } from '../../io/files/atomic-file.ts';
import { NpyWriter } from '../../io/npy.ts';
import type { QuantizedOutput, VectorWriter } from './vector-writer.ts';

/** Refuses a name that does not tell a format, before any work is done. */
export function checkOutputName(path: string, precision: VectorPrecision = 'float32'): void {
  const extension = extname(path);
  if (extension === '.jsonl' && precision !== 'float32') {
    throw new ArgumentError(`expected an output named .npy for ${precision} but received ${path}`);
  }
  if (extension === '.npy' || extension === '.jsonl') return;
  throw new ArgumentError(`expected an output named .npy or .jsonl but received ${path}`);
}

/** Opens the output; its format is told by the extension. */
export async function createVectorWriter(
  path: string,
  dimension: number,
  options: QuantizedOutput = { precision: 'float32' },
): Promise<VectorWriter> {
  checkOutputName(path, options.precision);
  if (options.precision !== 'float32') {
    const { createQuantizedWriter } = await import('./quantized-output.ts');
    return createQuantizedWriter(path, dimension, options);
  }
  return extname(path) === '.npy'
    ? NpyWriter.create(path, dimension)
    : JsonLinesWriter.create(path, dimension);
}

/** One JSON array of numbers per line, each number with as many digits as float32 needs to be read back exactly. */
class JsonLinesWriter implements VectorWriter {
  readonly #file: AtomicFile;
  readonly #dimension: number;

  private constructor(file: AtomicFile, dimension: number) {
    this.#file = file;
    this.#dimension = dimension;
  }

  static async create(path: string, dimension: number): Promise<JsonLinesWriter> {
    return new JsonLinesWriter(await AtomicFile.create(path), dimension);
  }

  async append(vectors: Float32Array): Promise<void> {
    const rowsAtOnce = 32; // some 6 ms of formatting between two turns of the event loop
    for (let start = 0; start < vectors.length; start += rowsAtOnce * this.#dimension) {
      const rows = vectors.subarray(start, start + rowsAtOnce * this.#dimension);
      await this.#file.write(Buffer.from(toJsonLines(rows, this.#dimension), 'latin1'));
    }
  }

  commit(): Promise<void> {
    return this.#file.commit();
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }
}

function toJsonLines(vectors: Float32Array, dimension: number): string {
  let lines = '';
  for (let start = 0; start < vectors.length; start += dimension) {
    const numbers = Array.from(vectors.subarray(start, start + dimension), shortestFloat32);
    lines += `[${numbers.join(',')}]\n`;
  }
  return lines;
}

/**
 * The shortest decimal that reads back as this float32: 0.1, where the float32's own value is 0.10000000149011612.
 * 7, 8 or 9 significant digits are tried: rounding to them is one multiplication and one exact division by a power of
 * ten, as long as that power is itself exact in float64.
 */
export function shortestFloat32(value: number): number {
  if (!Number.isFinite(value))
    throw new ExecutionError(`the model gave ${value}, which JSON cannot hold; write .npy`);
  if (value === 0) return value;
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  for (let digits = 7; digits <= 9; digits += 1) {
    const places = digits - 1 - exponent;
    const scale = 10 ** Math.abs(places);
    const exact = places >= 0 && places <= 22;
    const rounded = exact ? Math.round(value * scale) / scale : Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}
