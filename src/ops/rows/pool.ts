// One vector per sequence from the vectors of its tokens, and the gradient.

import { record, recording } from '../../autograd/tape.ts';
import { ArgumentError } from '../../errors.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, refuseOutput, runOp } from '../run-op.ts';

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
  const mode = modeNumber('pool', input, options.mode);
  const sequences = Math.max(0, (options.offsets.shape[0] ?? 0) - 1);
  checkShape('pool', 'skip', options.skip, [sequences]);
  checkShape('pool', 'output', options.output, [sequences, width]);
  const output = options.output ?? Tensor.allocate(input.engine, input.dtype, [sequences, width]);
  runOp('pool', [input, options.offsets, options.skip], [output], [mode]);
  if (recording('pool', [input])) {
    refuseOutput('pool', options.output);
    const tokens = input.shape[0] as number;
    const pooled = options.mode === 'max' ? input : undefined;
    record('pool', [output], [pooled, options.offsets, options.skip], (step, [x, offsets, skip]) => {
      const same = { mode: options.mode, offsets: offsets as Tensor, skip };
      step.give(input, poolGradient(step.outputGradient, x ?? tokens, same));
    });
  }
  return output;
}

/**
 * The gradient of {@link pool}: what each token adds to its sequence's vector. `max` passes it to the first largest.
 * @param outputGradient real [sequences, width]
 * @param input real [tokens, width], what was pooled; only `max` reads it, for others their number will do
 * @returns real [tokens, width]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function poolGradient(
  outputGradient: Tensor,
  input: Tensor | number,
  options: Omit<PoolOptions, 'output'>,
): Tensor {
  const [sequences, width] = matrixShape('poolGradient', 'outputGradient', outputGradient);
  const tokens = typeof input === 'number' ? input : matrixShape('poolGradient', 'input', input)[0];
  const pooled = typeof input !== 'number' && options.mode === 'max' ? input : undefined;
  checkShape('poolGradient', 'input', pooled, [tokens, width]);
  checkShape('poolGradient', 'offsets', options.offsets, [sequences + 1]);
  checkShape('poolGradient', 'skip', options.skip, [sequences]);
  const mode = modeNumber('poolGradient', outputGradient, options.mode);
  const inputGradient = Tensor.allocate(outputGradient.engine, outputGradient.dtype, [tokens, width]);
  runOp('pool_gradient', [outputGradient, pooled, options.offsets, options.skip], [inputGradient], [mode]);
  return inputGradient;
}

function modeNumber(op: string, { engine }: Tensor, mode: PoolMode): number {
  const number = engine.description.poolings.indexOf(mode);
  if (number >= 0) return number;
  const known = engine.description.poolings.join(', ');
  throw new ArgumentError(`[${op}] expected a mode among ${known} but received ${mode}`);
}
