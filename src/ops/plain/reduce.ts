// Plain sums, means and largest values over the rows of a matrix, over its columns or over everything, with gradients.
import { record, recording } from '../../autograd/tape.ts';
import { fill } from '../../tensor/memory.ts';
import { elementCount } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { divide, equal, multiply } from './elementwise.ts';
import { reduced } from './reduction.ts';

/** Which dimension of [rows, columns] disappears: over its rows [1, columns] is left, over its columns [rows, 1]. */
export type Over = 'rows' | 'columns';

function leftOver(input: Tensor, over: Over | undefined): number[] {
  const [rows = 1, columns = 1] = input.shape.length === 2 ? input.shape : [1, input.shape[0] ?? 1];
  if (over === undefined) return [1];
  return over === 'rows' ? [1, columns] : [rows, 1];
}

/** A tensor of `like`'s shape whose rows or columns repeat those of `part`. */
function repeated(part: Tensor, like: Tensor): Tensor {
  const ones = Tensor.allocate(like.engine, like.dtype, like.shape);
  fill(ones, 1);
  return multiply(ones, part);
}

/** @returns [1], or as {@link Over} says */
export function sum(input: Tensor, over?: Over): Tensor {
  const output = reduced('sum', input, leftOver(input, over));
  if (recording('sum', [input])) {
    record('sum', [output], [], (step) => step.give(input, repeated(step.outputGradient, input)));
  }
  return output;
}

/** @returns [1], or as {@link Over} says; NaN of nothing */
export function mean(input: Tensor, over?: Over): Tensor {
  const total = sum(input, over);
  return divide(total, elementCount(input.shape) / elementCount(total.shape));
}

/** The largest value; several that are equal share the gradient. @returns [1], or as {@link Over} says */
export function largest(input: Tensor, over?: Over): Tensor {
  const output = reduced('largest', input, leftOver(input, over));
  if (recording('largest', [input])) {
    record('largest', [output], [input, output], (step, [x, y]) => {
      const places = equal(x, y);
      const shares = divide(places, reduced('sum', places, y.shape.length === 2 ? y.shape : [1, 1]));
      step.give(input, multiply(shares, step.outputGradient));
    });
  }
  return output;
}
