// The activations that run in linear's epilogue, by their place in native/ops.def, and their gradient.
import { ArgumentError } from '../../errors.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

/** `gelu_erf` is BERT's, `gelu_tanh` its approximation. */
export type Activation = 'identity' | 'gelu_erf' | 'gelu_tanh' | 'tanh' | 'relu';

/** An activation's place in native/ops.def. @throws ArgumentError naming the op */
export function activationIndex(op: string, tensor: Tensor, activation: Activation): number {
  const known = tensor.engine.description.activations;
  const index = known.indexOf(activation);
  if (index >= 0) return index;
  throw new ArgumentError(
    `[${op}] expected an activation among ${known.join(', ')} but received ${activation}`,
  );
}

/**
 * `outputGradient * f'(preActivation)`, f the activation; relu's is 0 where `preActivation <= 0`.
 * @param outputGradient, preActivation real [rows, width]
 * @returns real [rows, width]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function activationGradient(
  outputGradient: Tensor,
  preActivation: Tensor,
  activation: Activation,
): Tensor {
  const shape = matrixShape('activationGradient', 'outputGradient', outputGradient);
  checkShape('activationGradient', 'preActivation', preActivation, shape);
  const index = activationIndex('activationGradient', outputGradient, activation);
  const inputGradient = Tensor.allocate(outputGradient.engine, outputGradient.dtype, shape);
  runOp('activation_gradient', [outputGradient, preActivation], [inputGradient], [index]);
  return inputGradient;
}
