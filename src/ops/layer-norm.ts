// Layer normalisation per row, with the residual connection before it in the same pass (Ba et al., 2016).
import { Tensor } from '../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from './run-op.ts';

export interface LayerNormOptions {
  gamma: Tensor; // [width]
  beta: Tensor; // [width]
  epsilon: number;
  residual?: Tensor | undefined; // [rows, width]
}

/**
 * `(x - mean(x)) / sqrt(variance(x) + epsilon) * gamma + beta` with `x = input + residual`, biased variance.
 * @param input real [rows, width]
 * @returns real [rows, width]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function layerNorm(input: Tensor, options: LayerNormOptions): Tensor {
  const [rows, width] = matrixShape('layerNorm', 'input', input);
  checkShape('layerNorm', 'gamma', options.gamma, [width]);
  checkShape('layerNorm', 'beta', options.beta, [width]);
  checkShape('layerNorm', 'residual', options.residual, [rows, width]);
  const output = Tensor.allocate(input.engine, input.dtype, [rows, width]);
  runOp('layer_norm', [input, options.residual, options.gamma, options.beta], [output], [options.epsilon]);
  return output;
}
