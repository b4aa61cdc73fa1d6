// Weights in int8, symmetric, with a scale per row: scales[r] = max |weight[r]| / 127, values = round(weight / scale). A row
// is an output of a layer, or a word of a table, so its scale is a factor of one column of a product: nothing but that
// factor is lost by leaving the zero point at 0.
import { recording } from '../../autograd/tape.ts';
import { DTypeError, GradientError } from '../../errors.ts';
import type { Engine } from '../../native/engine.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

/** A matrix of which row r is `scales[r] * values[r]`: a layer's weight [outputs, inputs] or a table [entries, width]. */
export class QuantizedMatrix implements Disposable {
  readonly values: Tensor; // int8 [rows, columns]
  readonly scales: Tensor; // float32 [rows]

  /** Owns both tensors. @throws ShapeError, DTypeError */
  constructor(values: Tensor, scales: Tensor) {
    const [rows] = matrixShape('QuantizedMatrix', 'values', values);
    checkShape('QuantizedMatrix', 'scales', scales, [rows]);
    if (values.dtype !== 'int8' || scales.dtype !== 'float32') {
      throw new DTypeError(
        `[QuantizedMatrix] expected values int8 and scales float32 but received ${values.dtype} and ${scales.dtype}`,
      );
    }
    this.values = values;
    this.scales = scales;
  }

  get engine(): Engine {
    return this.values.engine;
  }

  /** Frees values and scales. */
  dispose(): void {
    this.values.dispose();
    this.scales.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A matrix that is yet to be written. The caller owns it. */
export function emptyQuantized(engine: Engine, rows: number, columns: number): QuantizedMatrix {
  const values = keep(Tensor.allocate(engine, 'int8', [rows, columns]));
  return new QuantizedMatrix(values, keep(Tensor.allocate(engine, 'float32', [rows])));
}

/** Of a {@link quantizeRows}, uploaded at a time. */
const blockElements = 2 ** 20;

/**
 * A weight in int8.
 * @param weight float32 [rows, columns]
 * @throws ShapeError, DTypeError; GradientError while its gradient is recorded
 */
export function quantizeWeight(weight: Tensor): QuantizedMatrix {
  const [rows, columns] = matrixShape('quantizeWeight', 'weight', weight);
  refuseGradient('quantizeWeight', [weight]);
  const values = Tensor.allocate(weight.engine, 'int8', [rows, columns]);
  const scales = Tensor.allocate(weight.engine, 'float32', [rows]);
  quantizeInto(weight, values, scales);
  return new QuantizedMatrix(values, scales);
}

function quantizeInto(weight: Tensor, values: Tensor, scales: Tensor): void {
  runOp('quantize_weight', [weight], [values, scales]);
}

/**
 * {@link quantizeWeight} of an array [rows, columns], by blocks of rows, so that its floats are never in the engine as a
 * whole. The caller owns the result.
 */
export async function quantizeArray(
  engine: Engine,
  data: Float32Array,
  rows: number,
  columns: number,
): Promise<QuantizedMatrix> {
  const matrix = emptyQuantized(engine, rows, columns);
  try {
    await quantizeRows(matrix, 0, data);
  } catch (error) {
    matrix.dispose();
    throw error;
  }
  return matrix;
}

/** Writes float rows [n, columns] into a matrix, from row `first` on, by blocks; they have been read when it resolves. */
export async function quantizeRows(
  matrix: QuantizedMatrix,
  first: number,
  data: Float32Array,
): Promise<void> {
  const { engine, values, scales } = matrix;
  const [, columns] = matrixShape('quantizeRows', 'values', values);
  const rows = columns === 0 ? 0 : data.length / columns;
  const step = Math.max(1, Math.floor(blockElements / columns));
  for (let start = 0; start < rows; start += step) {
    const end = Math.min(rows, start + step);
    scope(() => {
      const block = data.subarray(start * columns, end * columns);
      const weight = Tensor.from(engine, block, [end - start, columns]);
      quantizeInto(weight, values.rows(first + start, first + end), scales.rows(first + start, first + end));
    });
    await engine.ready(1);
  }
}

/** @throws GradientError when the gradient of one of an int8 op's tensors is being recorded */
export function refuseGradient(op: string, tensors: readonly (Tensor | undefined)[]): void {
  if (!recording(op, tensors)) return;
  throw new GradientError(
    `[${op}] expected no gradient to be recorded, because rounding to int8 has none: load the model in float32`,
  );
}
