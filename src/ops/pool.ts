// One vector per sequence from the vectors of its tokens.
import { ArgumentError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from './run-op.ts';

/** `weighted_mean` weighs token i (from 1) by i, as SGPT does. */
export type PoolMode = 'cls' | 'mean' | 'max' | 'mean_sqrt_len' | 'weighted_mean' | 'last_token';

export interface PoolOptions {
  mode: PoolMode;
  offsets: Tensor; // int32 [sequences + 1]
  /** How many first tokens of each sequence to leave out (a prompt). */
  skip?: Tensor | undefined; // int32 [sequences]
  /** Where to write, for instance columns of a wider matrix. */
  output?: Tensor | undefined; // [sequences, width]
}

/**
 * @param input real [tokens, width]
 * @returns real [sequences, width]; zeros for a sequence with no tokens
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function pool(input: Tensor, options: PoolOptions): Tensor {
  const [, width] = matrixShape('pool', 'input', input);
  const mode = input.engine.description.poolings.indexOf(options.mode);
  if (mode < 0) {
    const known = input.engine.description.poolings.join(', ');
    throw new ArgumentError(`[pool] expected a mode of ${known} but received ${options.mode}`);
  }
  const sequences = Math.max(0, (options.offsets.shape[0] ?? 0) - 1);
  checkShape('pool', 'skip', options.skip, [sequences]);
  checkShape('pool', 'output', options.output, [sequences, width]);
  const output = options.output ?? Tensor.allocate(input.engine, input.dtype, [sequences, width]);
  runOp('pool', [input, options.offsets, options.skip], [output], [mode]);
  return output;
}
