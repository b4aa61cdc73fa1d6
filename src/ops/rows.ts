// Ops on whole rows: normalisation to unit length, and the weighted sum of two matrices.
import { Tensor } from '../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from './run-op.ts';

/**
 * `input / max(|input|, epsilon)` per row, Euclidean norm.
 * @param input real [rows, width]
 * @throws ShapeError, DTypeError
 */
export function l2Normalize(input: Tensor, epsilon = 1e-12): Tensor {
  const output = Tensor.allocate(input.engine, input.dtype, matrixShape('l2Normalize', 'input', input));
  runOp('l2_normalize', [input], [output], [epsilon]);
  return output;
}

/**
 * `leftWeight * left + rightWeight * right`.
 * @param left, right real [rows, width]
 * @param into where to write, for instance columns of a wider matrix
 * @throws ShapeError, DTypeError
 */
export function weightedSum(
  left: Tensor,
  right: Tensor,
  leftWeight: number,
  rightWeight: number,
  into?: Tensor,
): Tensor {
  const shape = matrixShape('weightedSum', 'left', left);
  checkShape('weightedSum', 'right', right, shape);
  checkShape('weightedSum', 'output', into, shape);
  const output = into ?? Tensor.allocate(left.engine, left.dtype, shape);
  runOp('weighted_sum', [left, right], [output], [leftWeight, rightWeight]);
  return output;
}
