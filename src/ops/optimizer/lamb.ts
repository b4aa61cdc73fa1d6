// One step of LAMB over flat memory: adamw.ts with tensors for groups. native/ops.def has the formulas.
import type { Tensor } from '../../tensor/tensor.ts';
import { runOp } from '../run-op.ts';
import { type AdamWGroups, type AdamWStep, type AdamWTargets, checkStep } from './adamw.ts';

/**
 * One step. A norm that is not finite leaves everything as it is.
 * @param gradient real [n]
 * @param gradientNormSquared real [1], of all gradients that are clipped together
 * @param groups each a tensor; settings [groups, 3]: factor of the learning rate, weight decay, 1 where its norms adapt the rate
 * @throws ShapeError, DTypeError, ArgumentError; ExecutionError on the next wait when the ends do not cover n
 */
export function lamb(
  targets: AdamWTargets,
  gradient: Tensor,
  gradientNormSquared: Tensor,
  groups: AdamWGroups,
  step: AdamWStep,
): void {
  checkStep('lamb', 3, targets, gradient, gradientNormSquared, groups);
  const { value, firstMoment, secondMoment } = targets;
  const { learningRate, beta1, beta2, epsilon, firstCorrection, secondCorrection, maxNorm } = step;
  runOp(
    'lamb',
    [gradient, gradientNormSquared, groups.ends, groups.settings],
    [value, firstMoment, secondMoment],
    [learningRate, beta1, beta2, epsilon, firstCorrection, secondCorrection, maxNorm],
  );
}
