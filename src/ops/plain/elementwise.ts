// Plain functions of one or two tensors, element by element, and their gradients. In those of two, a single row or column
// counts for all, a vector for a row, and a number for everything: [3, 4] with [3, 1], [1, 4], [4], [1] or 2.5.
import { record, recording } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { asMatrix, fill } from '../../tensor/memory.ts';
import { formatShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { runOp } from '../run-op.ts';
import { reduced } from './reduction.ts';

type Unary = (input: Tensor) => Tensor;
type Binary = (left: Tensor | number, right: Tensor | number) => Tensor;

/** Queues a UNARY_FUNCTION of native/ops.def. @param gradient of the output, from it, input and output */
function unary(name: string, gradient: (g: Tensor, x: Tensor, y: Tensor) => Tensor): Unary {
  return (input) => {
    const output = Tensor.allocate(input.engine, input.dtype, input.shape);
    const number = input.engine.description.unaryFunctions.indexOf(name);
    runOp('unary', [asMatrix(input)], [asMatrix(output)], [number]);
    if (recording(name, [input])) {
      record(name, [output], [input, output], (step, [x, y]) => {
        step.give(input, gradient(step.outputGradient, x, y));
      });
    }
    return output;
  };
}

/** Queues a BINARY_FUNCTION. @param gradient of both, before they are summed to the operands' shapes */
function binary(
  name: string,
  gradient?: (g: Tensor, left: Tensor, right: Tensor, y: Tensor) => [() => Tensor, () => Tensor],
): Binary {
  return (first, second) => {
    const left = typeof first === 'number' ? constant(second as Tensor, first) : first;
    const right = typeof second === 'number' ? constant(left, second) : second;
    const output = Tensor.allocate(left.engine, left.dtype, commonShape(name, left, right));
    const number = left.engine.description.binaryFunctions.indexOf(name);
    runOp('binary', [asMatrix(left), asMatrix(right)], [asMatrix(output)], [number]);
    if (gradient !== undefined && recording(name, [left, right])) {
      record(name, [output], [left, right, output], (step, [l, r, y]) => {
        const [ofLeft, ofRight] = gradient(step.outputGradient, l, r, y);
        if (step.wants(left)) step.give(left, summedTo(ofLeft(), left.shape));
        if (step.wants(right)) step.give(right, summedTo(ofRight(), right.shape));
      });
    }
    return output;
  };
}

function constant(like: Tensor, value: number): Tensor {
  const tensor = Tensor.allocate(like.engine, like.dtype, [1]);
  fill(tensor, value);
  return tensor;
}

const matrixOf = ({ shape }: Tensor) => (shape.length === 2 ? shape : [1, shape[0] ?? 1]) as [number, number];

function commonShape(name: string, left: Tensor, right: Tensor): number[] {
  const [a, b] = [matrixOf(left), matrixOf(right)];
  const sizes = a.map((size, axis) => {
    const other = b[axis] as number;
    if (size === other || other === 1) return size;
    if (size === 1) return other;
    throw new ShapeError(
      `[${name}] expected shapes that are equal or 1 in each dimension but received ${formatShape(left.shape)} and ` +
        formatShape(right.shape),
    );
  });
  return left.shape.length === 2 || right.shape.length === 2 ? sizes : sizes.slice(1);
}

/** A gradient summed over the rows and columns for which one row or column of `shape` counted. */
function summedTo(gradient: Tensor, shape: readonly number[]): Tensor {
  const [rows, columns] = matrixOf(gradient);
  const [ownRows = 1, ownColumns = 1] = shape.length === 2 ? shape : [1, shape[0] ?? 1];
  const sum =
    rows === ownRows && columns === ownColumns ? gradient : reduced('sum', gradient, [ownRows, ownColumns]);
  return formatShape(sum.shape) === formatShape(shape) ? sum : sum.reshape(shape);
}

/** left + right. */
export const add: Binary = binary('add', (g) => [() => g, () => g]);
/** left - right. */
export const subtract: Binary = binary('subtract', (g) => [() => g, () => negate(g)]);
/** left * right, element by element. */
export const multiply: Binary = binary('multiply', (g, l, r) => [() => multiply(g, r), () => multiply(g, l)]);
/** left / right. */
export const divide: Binary = binary('divide', (g, _, r, y) => [
  () => divide(g, r),
  () => negate(divide(multiply(g, y), r)),
]);
/** Where both are equal, each gets half of the gradient. */
export const maximum: Binary = binary('maximum', (g, l, r) => [
  () => multiply(g, shareOf(l, r)),
  () => multiply(g, shareOf(r, l)),
]);
/** The smaller of the two; the left one takes the gradient where they are equal. */
export const minimum: Binary = binary('minimum', (g, l, r) => [
  () => multiply(g, shareOf(r, l)),
  () => multiply(g, shareOf(l, r)),
]);
/** 1 where equal, else 0; no gradient. */
export const equal: Binary = binary('equal');
/** 1 where left > right, else 0; no gradient. */
export const greater: Binary = binary('greater');

function shareOf(one: Tensor, other: Tensor): Tensor {
  return add(greater(one, other), multiply(equal(one, other), 0.5));
}

/** -x. */
export const negate: Unary = (input) => multiply(input, -1);
/** e to the power of x. */
export const exp: Unary = unary('exp', (g, _, y) => multiply(g, y));
/** The natural logarithm. */
export const log: Unary = unary('log', (g, x) => divide(g, x));
/** The square root. */
export const sqrt: Unary = unary('sqrt', (g, _, y) => divide(multiply(g, 0.5), y));
/** 1 / x. */
export const reciprocal: Unary = unary('reciprocal', (g, _, y) => negate(multiply(g, square(y))));
/** x * x. */
export const square: Unary = unary('square', (g, x) => multiply(multiply(g, 2), x));
/** |x|; its gradient at 0 is 0. */
export const absolute: Unary = unary('absolute', (g, x) => multiply(g, sign(x)));
/** -1, 0 or 1; its gradient is 0. */
export const sign: Unary = unary('sign', (g) => multiply(g, 0));
const step: Unary = unary('step', (g) => multiply(g, 0));
/** max(x, 0); its gradient at 0 is 0. */
export const relu: Unary = unary('relu', (g, x) => multiply(g, step(x)));
/** The hyperbolic tangent. */
export const tanh: Unary = unary('tanh', (g, _, y) => multiply(g, subtract(1, square(y))));
/** 1 / (1 + exp(-x)). */
export const sigmoid: Unary = unary('sigmoid', (g, _, y) => multiply(g, multiply(y, subtract(1, y))));
/** `log(1 + exp(x))` */
export const softplus: Unary = unary('softplus', (g, x) => multiply(g, sigmoid(x)));
