// Parts of a tensor and tensors put together, with gradients. A slice or another shape is a view: nothing is copied.
import { record, recording } from '../../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { copyInto, fill, zerosLike } from '../../tensor/memory.ts';
import { formatShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { matrixShape } from '../run-op.ts';

/** Rows `start` to `end` of a matrix, or elements of a vector. @throws ShapeError */
export function sliceRows(input: Tensor, start: number, end: number): Tensor {
  return part('sliceRows', input, (tensor) => tensor.rows(start, end));
}

/** Columns `start` to `end` of a matrix. @throws ShapeError */
export function sliceColumns(input: Tensor, start: number, end: number): Tensor {
  return part('sliceColumns', input, (tensor) => tensor.columns(start, end));
}

function part(name: string, input: Tensor, cut: (tensor: Tensor) => Tensor): Tensor {
  const output = cut(input);
  if (recording(name, [input])) {
    record(name, [output], [], (step) => {
      const gradient = zerosLike(input);
      copyInto(step.outputGradient, cut(gradient));
      step.give(input, gradient);
    });
  }
  return output;
}

/**
 * A matrix cut into consecutive rows, whose gradients are put together in one pass.
 * @throws ShapeError when the counts are not those of all rows
 */
export function splitRows(input: Tensor, counts: readonly number[]): Tensor[] {
  const [rows] = matrixShape('splitRows', 'input', input);
  const starts = counts.map((_, index) => counts.slice(0, index).reduce((total, count) => total + count, 0));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total !== rows) {
    throw new ShapeError(`[splitRows] expected counts of ${rows} rows in all but received ${total}`);
  }
  const cut = (whole: Tensor, index: number) => {
    const start = starts[index] as number;
    return whole.rows(start, start + (counts[index] as number));
  };
  const outputs = counts.map((_, index) => cut(input, index));
  if (recording('splitRows', [input])) {
    record('splitRows', outputs, [], (step) => {
      const gradient = Tensor.allocate(input.engine, input.dtype, input.shape);
      for (const [index, part] of step.outputGradients.entries()) {
        if (part === undefined) fill(cut(gradient, index), 0);
        else copyInto(part, cut(gradient, index));
      }
      step.give(input, gradient);
    });
  }
  return outputs;
}

/** The same elements in another shape. @throws ShapeError for another number of elements, or rows that lie apart */
export function reshape(input: Tensor, shape: readonly number[]): Tensor {
  const output = input.reshape(shape);
  if (recording('reshape', [input])) {
    record('reshape', [output], [], (step) =>
      step.give(input, dense(step.outputGradient).reshape(input.shape)),
    );
  }
  return output;
}

function dense(tensor: Tensor): Tensor {
  if (tensor.shape.length !== 2 || tensor.rowStride === tensor.shape[1]) return tensor;
  const copy = Tensor.allocate(tensor.engine, tensor.dtype, tensor.shape);
  copyInto(tensor, copy);
  return copy;
}

/** Matrices of one width, one below the other. @throws ShapeError, ArgumentError for none */
export function concatenateRows(parts: readonly Tensor[]): Tensor {
  return concatenated('concatenateRows', parts, 0);
}

/** Matrices of as many rows, side by side. @throws ShapeError, ArgumentError for none */
export function concatenateColumns(parts: readonly Tensor[]): Tensor {
  return concatenated('concatenateColumns', parts, 1);
}

function concatenated(name: string, parts: readonly Tensor[], axis: 0 | 1): Tensor {
  const [first] = parts;
  if (first === undefined)
    throw new ArgumentError(`[${name}] expected at least one matrix but received none`);
  const shape = matrixShape(name, 'parts[0]', first);
  const ends = parts.map((tensor, index) => {
    const own = matrixShape(name, `parts[${index}]`, tensor);
    if (own[1 - axis] !== shape[1 - axis]) {
      throw new ShapeError(
        `[${name}] expected parts[${index}] to fit ${formatShape(shape)} but received ${formatShape(own)}`,
      );
    }
    return own[axis] as number;
  });
  const starts = ends.map((_, index) => ends.slice(0, index).reduce((total, size) => total + size, 0));
  const total = ends.reduce((sum, size) => sum + size, 0);
  const output = Tensor.allocate(
    first.engine,
    first.dtype,
    axis === 0 ? [total, shape[1]] : [shape[0], total],
  );
  const place = (whole: Tensor, index: number) => {
    const [start = 0, size = 0] = [starts[index], ends[index]];
    return axis === 0 ? whole.rows(start, start + size) : whole.columns(start, start + size);
  };
  for (const [index, tensor] of parts.entries()) copyInto(tensor, place(output, index));
  if (recording(name, parts)) {
    record(name, [output], [], (step) => {
      for (const [index, tensor] of parts.entries()) step.give(tensor, place(step.outputGradient, index));
    });
  }
  return output;
}
