// The plain product of two matrices, and the transpose, with gradients. Layers use `linear`, which is fast; this is for
// what a loss of one's own composes.

import { record, recording } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { checkOptions } from '../../options/check-options.ts';
import { formatShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { matrixShape, runOp } from '../run-op.ts';

/** Which of the two is transposed. */
export interface MatmulOptions {
  transposeLeft?: boolean | undefined;
  transposeRight?: boolean | undefined;
}

/**
 * `left * right`, each transposed first where its flag is set.
 * @param left real [rows, inner], right real [inner, columns], after transposing
 * @returns real [rows, columns]
 * @throws ShapeError, DTypeError; ArgumentError for an unknown option
 */
export function matmul(left: Tensor, right: Tensor, options: MatmulOptions = {}): Tensor {
  checkOptions('matmul', options, ['transposeLeft', 'transposeRight']);
  const { transposeLeft = false, transposeRight = false } = options;
  const shapeOf = (name: string, tensor: Tensor, turned: boolean) => {
    const [rows, columns] = matrixShape('matmul', name, tensor);
    return turned ? ([columns, rows] as const) : ([rows, columns] as const);
  };
  const [rows, inner] = shapeOf('left', left, transposeLeft);
  const [depth, columns] = shapeOf('right', right, transposeRight);
  if (inner !== depth) {
    throw new ShapeError(
      `[matmul] expected as many columns on the left as rows on the right but received ${inner} and ${depth}, of ` +
        `${formatShape(left.shape)} and ${formatShape(right.shape)}`,
    );
  }
  const output = Tensor.allocate(left.engine, left.dtype, [rows, columns]);
  runOp('matmul', [left, right], [output], [Number(transposeLeft), Number(transposeRight)]);
  if (recording('matmul', [left, right])) {
    record('matmul', [output], [left, right], (step, [l, r]) => {
      const g = step.outputGradient;
      if (step.wants(left)) {
        step.give(
          left,
          transposeLeft
            ? matmul(r, g, { transposeLeft: transposeRight, transposeRight: true })
            : matmul(g, r, { transposeRight: !transposeRight }),
        );
      }
      if (step.wants(right)) {
        step.give(
          right,
          transposeRight
            ? matmul(g, l, { transposeLeft: true, transposeRight: transposeLeft })
            : matmul(l, g, { transposeLeft: !transposeLeft }),
        );
      }
    });
  }
  return output;
}

/** @param input real [rows, columns] @returns real [columns, rows] */
export function transpose(input: Tensor): Tensor {
  const [rows, columns] = matrixShape('transpose', 'input', input);
  const output = Tensor.allocate(input.engine, input.dtype, [columns, rows]);
  runOp('transpose', [input], [output]);
  if (recording('transpose', [input])) {
    record('transpose', [output], [], (step) => step.give(input, transpose(step.outputGradient)));
  }
  return output;
}
