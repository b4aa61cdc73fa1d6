// Running sums about a fixed shift: what a mean and a covariance are made of, for any number of rows in the memory of
// one matrix. Products of a stretch of rows are summed in float32, stretches in float64.
import type { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

export interface CovarianceSums {
  sum: Tensor; // float64 [width]
  products: Tensor; // float64 [width, width], upper triangle
}

/**
 * Adds `rows - shift` to `sum` and the products of its columns to `products`.
 * @param rows real [rows, width]
 * @param shift of the rows' dtype [width], near their mean
 * @param first the number that messages give the first of these rows
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when a row is not finite, naming it
 */
export function addCovariance(rows: Tensor, shift: Tensor, sums: CovarianceSums, first = 0): void {
  const [, width] = matrixShape('covariance', 'rows', rows);
  checkShape('covariance', 'shift', shift, [width]);
  checkShape('covariance', 'sum', sums.sum, [width]);
  checkShape('covariance', 'products', sums.products, [width, width]);
  runOp('covariance', [rows, shift], [sums.sum, sums.products], [first]);
}
