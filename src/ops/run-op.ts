// Queues one op of native/ops.def by name. The list of ops is the addon's own, so a wrapper whose tensors do not fit it
// fails at once.
import { ShapeError } from '../errors.ts';
import { guarded } from '../native/addon.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Queues `name` on the engine of its outputs. Absent optional tensors are undefined, in the order of ops.def. */
export function runOp(
  name: string,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly (Tensor | undefined)[],
  parameters: readonly number[] = [],
): void {
  const engine = (outputs[0] as Tensor).engine;
  const handleOf = (tensor: Tensor | undefined) => tensor?.handle ?? 0;
  const inputHandles = inputs.map(handleOf);
  const outputHandles = outputs.map(handleOf);
  guarded(() => engine.addon.run(engine.opId(name), inputHandles, outputHandles, parameters));
}

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
