// Dropout on the rows of a matrix (Srivastava et al., 2014), drawn anew from (seed, site, row, column) wherever it is needed
// instead of being stored: native/core/philox.h says which bits decide about which element.
import { record, recording } from '../../autograd/tape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

export interface RowDropoutOptions {
  /** Probability that an element becomes 0, from 0 (by default) to below 1; what is kept is multiplied by 1 / (1 - p). */
  dropout?: number | undefined;
  /** What dropout is drawn by, beside `rowKeys`: of the run and step, whole, 0 (by default) to 2^32 - 1. */
  seed?: number | undefined;
  /** The same, of the place in the model. */
  site?: number | undefined;
  /** int32 [rows, 2], needed for dropout: sequence and position of each row, whatever batch they are in. */
  rowKeys?: Tensor | undefined;
}

/**
 * `input` with each element multiplied by 0 or 1 / (1 - p); also the gradient of itself.
 * @param input real [rows, width]
 * @returns real [rows, width]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function dropout(input: Tensor, options: RowDropoutOptions & { rowKeys: Tensor }): Tensor {
  const [rows, width] = matrixShape('dropout', 'input', input);
  checkShape('dropout', 'rowKeys', options.rowKeys, [rows, 2]);
  const output = Tensor.allocate(input.engine, input.dtype, [rows, width]);
  const { dropout: probability = 0, seed = 0, site = 0 } = options;
  runOp('dropout', [input, options.rowKeys], [output], [probability, seed, site]);
  if (recording('dropout', [input])) {
    record('dropout', [output], [options.rowKeys], (step, [rowKeys]) => {
      step.give(input, dropout(step.outputGradient, { ...options, rowKeys: rowKeys as Tensor }));
    });
  }
  return output;
}
