// Layer normalisation per row, with dropout and the residual connection before it in the same pass (Ba et al., 2016), and
// its gradient, which makes both again from what the forward was given.
import { record, recording } from '../../autograd/tape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';
import type { RowDropoutOptions } from './dropout.ts';

export interface LayerNormOptions extends RowDropoutOptions {
  gamma: Tensor; // [width]
  beta: Tensor; // [width]
  epsilon: number;
  residual?: Tensor | undefined; // [rows, width]
}

/** Where the gradients of gamma and beta, sums over all rows, go: each where it is wanted. */
export interface AffineGradients {
  gamma?: Tensor | undefined; // [width]
  beta?: Tensor | undefined; // [width]
  /** Adds to what is there instead of overwriting it. */
  accumulate?: boolean | undefined;
}

export interface LayerNormGradients {
  input: Tensor; // [rows, width]
  residual: Tensor | undefined; // [rows, width], where it was asked for
}

/**
 * `(x - mean(x)) / sqrt(variance(x) + epsilon) * gamma + beta` with `x = dropout(input) + residual`, biased variance.
 * @param input real [rows, width]
 * @returns real [rows, width]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function layerNorm(input: Tensor, options: LayerNormOptions): Tensor {
  const [rows, width] = matrixShape('layerNorm', 'input', input);
  checkShape('layerNorm', 'gamma', options.gamma, [width]);
  checkShape('layerNorm', 'beta', options.beta, [width]);
  checkShape('layerNorm', 'residual', options.residual, [rows, width]);
  checkShape('layerNorm', 'rowKeys', options.rowKeys, [rows, 2]);
  const { dropout = 0, seed = 0, site = 0 } = options;
  const output = Tensor.allocate(input.engine, input.dtype, [rows, width]);
  runOp(
    'layer_norm',
    [input, options.residual, options.gamma, options.beta, options.rowKeys],
    [output],
    [options.epsilon, dropout, seed, site],
  );
  if (recording('layerNorm', [input, options.residual, options.gamma, options.beta])) {
    recordLayerNorm(input, options, output);
  }
  return output;
}

function recordLayerNorm(input: Tensor, options: LayerNormOptions, output: Tensor): void {
  const { residual, gamma, beta, rowKeys } = options;
  record('layerNorm', [output], [input, residual, gamma, rowKeys], (step, [x, r, g, keys]) => {
    step.into([gamma, beta], ([gammaGradient, betaGradient], accumulate) => {
      const same = { ...options, residual: r, gamma: g as Tensor, rowKeys: keys };
      const affine = { gamma: gammaGradient, beta: betaGradient, accumulate: accumulate === 1 };
      const apart = step.wants(residual) && (options.dropout ?? 0) > 0;
      const gradients = layerNormGradient(step.outputGradient, x as Tensor, same, affine, apart);
      step.give(input, gradients.input);
      step.give(residual, gradients.residual ?? gradients.input); // without dropout they are one
    });
  });
}

/**
 * The gradients of {@link layerNorm}, with the same options; statistics and dropout are made again, to the same bits.
 * @param outputGradient, input real [rows, width]
 * @param withResidual make the residual's gradient, which differs from the input's by dropout alone
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function layerNormGradient(
  outputGradient: Tensor,
  input: Tensor,
  options: Omit<LayerNormOptions, 'beta'>,
  affine: AffineGradients = {},
  withResidual = options.residual !== undefined,
): LayerNormGradients {
  const [rows, width] = matrixShape('layerNormGradient', 'outputGradient', outputGradient);
  checkShape('layerNormGradient', 'input', input, [rows, width]);
  checkShape('layerNormGradient', 'residual', options.residual, [rows, width]);
  checkShape('layerNormGradient', 'gamma', options.gamma, [width]);
  checkShape('layerNormGradient', 'rowKeys', options.rowKeys, [rows, 2]);
  checkShape('layerNormGradient', 'gammaGradient', affine.gamma, [width]);
  checkShape('layerNormGradient', 'betaGradient', affine.beta, [width]);
  const { dropout = 0, seed = 0, site = 0 } = options;
  const inputGradient = Tensor.allocate(input.engine, input.dtype, [rows, width]);
  const residual = withResidual ? Tensor.allocate(input.engine, input.dtype, [rows, width]) : undefined;
  runOp(
    'layer_norm_gradient',
    [outputGradient, input, options.residual, options.gamma, options.rowKeys],
    [inputGradient, residual, affine.gamma, affine.beta],
    [options.epsilon, dropout, seed, site, affine.accumulate === true ? 1 : 0],
  );
  return { input: inputGradient, residual };
}
