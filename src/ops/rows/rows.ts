// Ops on whole rows: normalisation to unit length with its gradient, and the weighted sum of two matrices.
import { record, recording } from '../../autograd/tape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, refuseOutput, runOp } from '../run-op.ts';

/**
 * `input / max(|input|, epsilon)` per row, Euclidean norm.
 * @param input real [rows, width]
 * @throws ShapeError, DTypeError
 */
export function l2Normalize(input: Tensor, epsilon = 1e-12): Tensor {
  const output = Tensor.allocate(input.engine, input.dtype, matrixShape('l2Normalize', 'input', input));
  runOp('l2_normalize', [input], [output], [epsilon]);
  if (recording('l2Normalize', [input])) {
    record('l2Normalize', [output], [input], (step, [x]) => {
      step.give(input, l2NormalizeGradient(step.outputGradient, x as Tensor, epsilon));
    });
  }
  return output;
}

/**
 * The gradient of {@link l2Normalize}; where the norm is not above epsilon, `outputGradient / epsilon`.
 * @param outputGradient, input real [rows, width]
 * @throws ShapeError, DTypeError
 */
export function l2NormalizeGradient(outputGradient: Tensor, input: Tensor, epsilon = 1e-12): Tensor {
  const shape = matrixShape('l2NormalizeGradient', 'input', input);
  checkShape('l2NormalizeGradient', 'outputGradient', outputGradient, shape);
  const inputGradient = Tensor.allocate(input.engine, input.dtype, shape);
  runOp('l2_normalize_gradient', [outputGradient, input], [inputGradient], [epsilon]);
  return inputGradient;
}

/**
 * `leftWeight * left + rightWeight * right`.
 * @param left real [rows, width]
 * @param right real [rows, width]
 * @param into where to write, for instance columns of a wider matrix
 * @throws ShapeError, DTypeError
 */
export function weightedSum(
  left: Tensor,
  right: Tensor,
  leftWeight: number,
  rightWeight: number,
  into?: Tensor,
): Tensor {
  const shape = matrixShape('weightedSum', 'left', left);
  checkShape('weightedSum', 'right', right, shape);
  checkShape('weightedSum', 'output', into, shape);
  const output = into ?? Tensor.allocate(left.engine, left.dtype, shape);
  runOp('weighted_sum', [left, right], [output], [leftWeight, rightWeight]);
  if (recording('weightedSum', [left, right])) {
    refuseOutput('weightedSum', into);
    record('weightedSum', [output], [], (step) => {
      const gradient = step.outputGradient;
      if (step.wants(left)) step.give(left, scaled(gradient, leftWeight));
      if (step.wants(right)) step.give(right, scaled(gradient, rightWeight));
    });
  }
  return output;
}

function scaled(matrix: Tensor, factor: number): Tensor {
  return factor === 1 ? matrix : weightedSum(matrix, matrix, factor, 0);
}
