// The plain reduction below sums, means and the gradients of ops that repeat a row or column.
import { asMatrix } from '../../tensor/memory.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { runOp } from '../run-op.ts';

/** Queues a REDUCTION of native/ops.def to a matrix with 1 where it reduces; not recorded. */
export function reduced(name: string, input: Tensor, shape: readonly number[]): Tensor {
  const output = Tensor.allocate(input.engine, input.dtype, shape);
  const number = input.engine.description.reductions.indexOf(name);
  runOp('reduce', [asMatrix(input)], [asMatrix(output)], [number]);
  return output;
}
