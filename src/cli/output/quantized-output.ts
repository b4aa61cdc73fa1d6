// Vectors written in fewer bytes. Without given ranges int8 and uint8 need to see all vectors first: these are kept in a
// temporary float32 file beside the output, in constant memory.

import { rm } from 'node:fs/promises';
import {
  type ComponentRanges,
  checkEnough,
  emptyRanges,
  quantizedColumns,
  quantizeEmbeddings,
  type VectorPrecision,
  widen,
} from '../../embed/vectors/quantization.ts';
import { temporaryName } from '../../io/files/temporary-name.ts';
import { NpyWriter, type NpyWritten, readNpyRows } from '../../io/npy.ts';
import type { QuantizedOutput, VectorWriter } from './vector-writer.ts';

const dtypes: Record<VectorPrecision, NpyWritten> = {
  float32: '<f4',
  float16: '<f2',
  int8: '|i1',
  uint8: '|u1',
  binary: '|i1',
  ubinary: '|u1',
};

/** A .npy of the precision's own dtype. */
export async function createQuantizedWriter(
  path: string,
  dimension: number,
  { precision, ranges }: QuantizedOutput,
): Promise<VectorWriter> {
  const needsRanges = precision === 'int8' || precision === 'uint8';
  const output = await QuantizedWriter.create(path, dimension, precision, ranges);
  if (!needsRanges || ranges !== undefined) return output;
  return new CalibratingWriter(output, await NpyWriter.create(temporaryName(path), dimension));
}

class QuantizedWriter implements VectorWriter {
  ranges: ComponentRanges | undefined;
  readonly #npy: NpyWriter;
  readonly #dimension: number;
  readonly #precision: VectorPrecision;

  private constructor(npy: NpyWriter, dimension: number, precision: VectorPrecision) {
    this.#npy = npy;
    this.#dimension = dimension;
    this.#precision = precision;
  }

  static async create(
    path: string,
    dimension: number,
    precision: VectorPrecision,
    ranges: ComponentRanges | undefined,
  ): Promise<QuantizedWriter> {
    const npy = await NpyWriter.create(path, quantizedColumns(dimension, precision), dtypes[precision]);
    const writer = new QuantizedWriter(npy, dimension, precision);
    writer.ranges = ranges;
    return writer;
  }

  async append(vectors: Float32Array): Promise<void> {
    const shape = [vectors.length / this.#dimension, this.#dimension] as const;
    const { ranges } = this;
    const options = { ranges, first: this.#npy.rows };
    await this.#npy.append(quantizeEmbeddings({ data: vectors, shape }, this.#precision, options).data);
  }

  commit(): Promise<void> {
    return this.#npy.commit();
  }

  discard(): Promise<void> {
    return this.#npy.discard();
  }
}

class CalibratingWriter implements VectorWriter {
  readonly #output: QuantizedWriter;
  readonly #kept: NpyWriter;
  readonly #ranges: ComponentRanges;
  #keptPath: string | undefined;

  constructor(output: QuantizedWriter, kept: NpyWriter) {
    this.#output = output;
    this.#kept = kept;
    this.#ranges = emptyRanges(kept.columns);
  }

  async append(vectors: Float32Array): Promise<void> {
    widen(this.#ranges, vectors, this.#kept.rows);
    await this.#kept.append(vectors);
  }

  async commit(): Promise<void> {
    if (this.#kept.rows > 0) checkEnough(this.#kept.rows, this.#ranges);
    await this.#kept.commit();
    this.#keptPath = this.#kept.path;
    this.#output.ranges = this.#ranges;
    for await (const rows of readNpyRows(this.#keptPath)) await this.#output.append(rows.data);
    await this.#output.commit();
    await this.#removeKept();
  }

  async discard(): Promise<void> {
    await this.#kept.discard();
    await this.#removeKept();
    await this.#output.discard();
  }

  async #removeKept(): Promise<void> {
    if (this.#keptPath !== undefined) await rm(this.#keptPath, { force: true });
  }
}
