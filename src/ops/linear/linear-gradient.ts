// The gradients of a linear layer's parameters. That of its input is `linear(outputGradient, packWeight(weight, { transposed: true }))`.
import type { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

/** Where the gradients of a layer's weight and bias go. */
export interface LinearGradientTargets {
  weight: Tensor; // [outputs, inputs]
  bias?: Tensor | undefined; // [outputs]
  /** Adds to what is there instead of overwriting it. */
  accumulate?: boolean | undefined;
  /** Rounds both factors of the weight's gradient to bfloat16; all tensors are float32 then. */
  bfloat16?: boolean | undefined;
}

/**
 * `weight (+)= outputGradient^T * input` and `bias (+)= sums of outputGradient's columns`, tokens summed in blocks whose
 * size depends on their number alone.
 * @param input real [tokens, inputs]
 * @param outputGradient real [tokens, outputs], before the activation
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function linearWeightGradient(
  input: Tensor,
  outputGradient: Tensor,
  targets: LinearGradientTargets,
): void {
  const [tokens, inputs] = matrixShape('linearWeightGradient', 'input', input);
  const [, outputs] = matrixShape('linearWeightGradient', 'outputGradient', outputGradient);
  checkShape('linearWeightGradient', 'outputGradient', outputGradient, [tokens, outputs]);
  checkShape('linearWeightGradient', 'weightGradient', targets.weight, [outputs, inputs]);
  checkShape('linearWeightGradient', 'biasGradient', targets.bias, [outputs]);
  const accumulate = targets.accumulate === true ? 1 : 0;
  const { weight, bias } = targets;
  if (targets.bfloat16 === true) {
    runOp('linear_weight_gradient_bfloat16', [input, outputGradient], [weight, bias], [accumulate]);
  } else {
    runOp('linear_weight_gradient', [input, outputGradient], [weight, bias], [accumulate]);
  }
}
