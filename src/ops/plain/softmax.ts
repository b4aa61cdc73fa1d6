// Softmax per row, its logarithm and that of its sum, safe for large values; and the cosine of rows.
import { noGrad, record, recording } from '../../autograd/tape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { l2Normalize } from '../rows/rows.ts';
import { matrixShape } from '../run-op.ts';
import { add, exp, log, multiply, subtract } from './elementwise.ts';
import { largest, sum } from './reduce.ts';

/** `x - log(sum(exp(x)))` per row. @param input real [rows, columns] */
export function logSoftmax(input: Tensor): Tensor {
  matrixShape('logSoftmax', 'input', input);
  const output = noGrad(() => {
    const shifted = subtract(input, largest(input, 'columns'));
    return subtract(shifted, log(sum(exp(shifted), 'columns')));
  });
  if (recording('logSoftmax', [input])) {
    record('logSoftmax', [output], [output], (step, [y]) => {
      const gradient = step.outputGradient;
      step.give(input, subtract(gradient, multiply(exp(y), sum(gradient, 'columns'))));
    });
  }
  return output;
}

/** `log(sum(exp(x)))` per row. @param input real [rows, columns] @returns real [rows, 1] */
export function logSumExp(input: Tensor): Tensor {
  matrixShape('logSumExp', 'input', input);
  const output = noGrad(() => {
    const most = largest(input, 'columns');
    return add(log(sum(exp(subtract(input, most)), 'columns')), most);
  });
  if (recording('logSumExp', [input])) {
    record('logSumExp', [output], [input, output], (step, [x, y]) => {
      step.give(input, multiply(exp(subtract(x, y)), step.outputGradient));
    });
  }
  return output;
}

/** `exp(x) / sum(exp(x))` per row. @param input real [rows, columns] */
export function softmax(input: Tensor): Tensor {
  return exp(logSoftmax(input));
}

/** Cosine of each row of one matrix with the same row of another. @returns real [rows, 1] */
export function cosineSimilarity(left: Tensor, right: Tensor): Tensor {
  return sum(multiply(l2Normalize(left), l2Normalize(right)), 'columns');
}
