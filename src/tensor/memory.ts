// Filling and copying tensors of any shape, and their sums: what gradients are made of before there is any op.
import { runOp } from './run-op.ts';
import { elementCount } from './shape.ts';
import { Tensor } from './tensor.ts';

/** Sets every element; a matrix must have no gaps between its rows. */
export function fill(tensor: Tensor, value: number): void {
  const flat = tensor.shape.length === 1 ? tensor : tensor.reshape([elementCount(tensor.shape)]);
  runOp('fill', [], [flat], [value]);
  if (flat !== tensor) flat.dispose();
}

/** `target = source`, or with accumulate 1 `target += source`; one shape. @throws ShapeError, DTypeError */
export function copyInto(source: Tensor, target: Tensor, accumulate: 0 | 1 = 0): void {
  const [from, to] = [asMatrix(source), asMatrix(target)];
  runOp('copy', [from], [to], [accumulate]);
  if (from !== source) from.dispose();
  if (to !== target) to.dispose();
}

/** A tensor of another's shape and dtype, of zeros. */
export function zerosLike(tensor: Tensor): Tensor {
  const zeros = Tensor.allocate(tensor.engine, tensor.dtype, tensor.shape);
  fill(zeros, 0);
  return zeros;
}

/** `left + right` of one shape. */
export function sumOf(left: Tensor, right: Tensor): Tensor {
  const sum = Tensor.allocate(left.engine, left.dtype, left.shape);
  const [first, second, into] = [asMatrix(left), asMatrix(right), asMatrix(sum)];
  runOp('weighted_sum', [first, second], [into], [1, 1]);
  if (first !== left) first.dispose();
  if (second !== right) second.dispose();
  if (into !== sum) into.dispose();
  return sum;
}

/** Vectors, as the plain ops see them, are matrices of one row. */
export function asMatrix(tensor: Tensor): Tensor {
  return tensor.shape.length === 2 ? tensor : tensor.reshape([1, elementCount(tensor.shape)]);
}
