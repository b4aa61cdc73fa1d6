// What every wrapper of an op is written with: the checks of shapes that name op and tensor, and the call itself.
import { ArgumentError, ShapeError } from '../errors.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

export { runOp } from '../tensor/run-op.ts';

/** Rows and columns of a matrix. @throws ShapeError naming the op and the tensor */
export function matrixShape(op: string, name: string, tensor: Tensor): [rows: number, columns: number] {
  if (tensor.shape.length !== 2) {
    throw new ShapeError(
      `[${op}] expected ${name} to be a matrix but received shape ${formatShape(tensor.shape)}`,
    );
  }
  return tensor.shape as readonly number[] as [number, number];
}

/** @throws ShapeError naming the op, the tensor and both shapes */
export function checkShape(
  op: string,
  name: string,
  tensor: Tensor | undefined,
  shape: readonly number[],
): void {
  if (tensor === undefined) return;
  if (tensor.shape.length === shape.length && shape.every((size, axis) => tensor.shape[axis] === size))
    return;
  throw new ShapeError(
    `[${op}] expected ${name} of shape ${formatShape(shape)} but received ${formatShape(tensor.shape)}`,
  );
}

/** @throws ArgumentError: while gradients are recorded an op makes its own output, or the rest of the matrix would lose its */
export function refuseOutput(op: string, output: Tensor | undefined): void {
  if (output === undefined) return;
  throw new ArgumentError(
    `[${op}] expected no tensor to write into while gradients are recorded: use concatenateColumns`,
  );
}
