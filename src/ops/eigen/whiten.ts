// (x - mean) W^T in one pass, with the mean taken off first: folded into a bias it would cost the digits that a large
// common mean takes up.
import { Tensor } from '../../tensor/tensor.ts';
import type { PackedWeight } from '../linear/linear.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

export interface WhitenOptions {
  mean: Tensor; // [inputs]
  /** Scale every row to unit length. */
  normalize?: boolean | undefined;
  /** The least length that is divided by. */
  epsilon?: number | undefined;
}

/**
 * `(input - mean) * weight^T`, scaled to unit length when asked for.
 * @param input real [rows, inputs]
 * @returns real [rows, outputs]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function whiten(input: Tensor, weight: PackedWeight, options: WhitenOptions): Tensor {
  const [rows] = matrixShape('whiten', 'input', input);
  checkShape('whiten', 'input', input, [rows, weight.inputs]);
  checkShape('whiten', 'mean', options.mean, [weight.inputs]);
  const output = Tensor.allocate(input.engine, input.dtype, [rows, weight.outputs]);
  runOp(
    'whiten',
    [input, options.mean, weight.tensor],
    [output],
    [options.normalize === true ? 1 : 0, options.epsilon ?? 1e-12],
  );
  return output;
}
