// One step of AdamW over flat memory, and the squared norm by which its gradient is clipped. native/ops.def has the
// formulas; which corrections a step number means is the optimizer's business.
import { ShapeError } from '../../errors.ts';
import { formatShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, runOp } from '../run-op.ts';

/** What a step changes, real [n] each. */
export interface AdamWTargets {
  value: Tensor;
  firstMoment: Tensor;
  secondMoment: Tensor;
}

/** Group g is the elements from the end before it (0) to its own. */
export interface AdamWGroups {
  ends: Tensor; // int32 [groups], never falling, last n
  settings: Tensor; // real [groups, 2]: factor of the learning rate, weight decay; `lamb`: [groups, 3]
}

export interface AdamWStep {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** `1 - beta1 ** step` in PyTorch's AdamW, 1 in Google BERT's. */
  firstCorrection: number;
  /** `1 - beta2 ** step` in PyTorch's AdamW, 1 in Google BERT's. */
  secondCorrection: number;
  /** The gradient is scaled down to this norm; 0: never. */
  maxNorm: number;
}

/**
 * The sum of squares of all values, in double and in one order.
 * @param values real [n] or [rows, columns]
 * @returns real [1]
 * @throws ShapeError, DTypeError
 */
export function squaredNorm(values: Tensor): Tensor {
  const norm = Tensor.allocate(values.engine, values.dtype, [1]);
  runOp('squared_norm', [values], [norm]);
  return norm;
}

/**
 * One step. A norm that is not finite leaves everything as it is.
 * @param gradient real [n]
 * @param gradientNormSquared real [1], of all gradients that are clipped together
 * @throws ShapeError, DTypeError, ArgumentError; ExecutionError on the next wait when the ends do not cover n
 */
export function adamW(
  targets: AdamWTargets,
  gradient: Tensor,
  gradientNormSquared: Tensor,
  groups: AdamWGroups,
  step: AdamWStep,
): void {
  checkStep('adamw', 2, targets, gradient, gradientNormSquared, groups);
  const { value, firstMoment, secondMoment } = targets;
  const { learningRate, beta1, beta2, epsilon, firstCorrection, secondCorrection, maxNorm } = step;
  runOp(
    'adamw',
    [gradient, gradientNormSquared, groups.ends, groups.settings],
    [value, firstMoment, secondMoment],
    [learningRate, beta1, beta2, epsilon, firstCorrection, secondCorrection, maxNorm],
  );
}

/** The shapes of a step's tensors; `settings` to a group. @throws ShapeError */
export function checkStep(
  op: string,
  settings: number,
  targets: AdamWTargets,
  gradient: Tensor,
  gradientNormSquared: Tensor,
  groups: AdamWGroups,
): void {
  if (gradient.shape.length !== 1) {
    throw new ShapeError(
      `[${op}] expected gradient to be a vector but received shape ${formatShape(gradient.shape)}`,
    );
  }
  checkShape(op, 'gradientNormSquared', gradientNormSquared, [1]);
  checkShape(op, 'groupSettings', groups.settings, [groups.ends.shape[0] ?? 0, settings]);
  for (const [name, tensor] of Object.entries(targets)) {
    checkShape(op, name, tensor, gradient.shape);
  }
}
