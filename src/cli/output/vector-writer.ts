// What every file of vectors is to its writer, whatever its format.

import type { ComponentRanges, VectorPrecision } from '../../embed/vectors/quantization.ts';

/** A file of vectors being written; end it with `commit` or `discard`. */
export interface VectorWriter {
  /** Appends whole rows: float32 [rows, dimension], row after row. */
  append(vectors: Float32Array): Promise<void>;
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** How vectors are made smaller on their way out. */
export interface QuantizedOutput {
  precision: VectorPrecision;
  /** int8, uint8: ranges of the components; those of the vectors written, when there are none. */
  ranges?: ComponentRanges | undefined;
}
