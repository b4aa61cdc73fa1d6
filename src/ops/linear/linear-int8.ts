// y = activation(x W^T + b) + residual in int8: each row of x is quantised by itself inside the op (symmetric, its largest
// component becomes 127), so that a row's result does not depend on the rows beside it; sums are exact in int32.
import { GradientError } from '../../errors.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';
import { activationIndex } from './activation.ts';
import type { LinearOptions } from './linear-options.ts';
import { type QuantizedMatrix, refuseGradient } from './quantize-weight.ts';

/** How deep the panels' kernels step at most; they are filled with zeros to a multiple. */
const depthStep = 64;

/** A weight [outputs, inputs] in int8, in the panels that the backend's kernel streams, with a scale per output. */
export class QuantizedWeight implements Disposable {
  readonly outputs: number;
  readonly inputs: number;
  readonly panels: Tensor; // int8 [ceil(outputs / width), inputs in steps of 64, width]
  readonly scales: Tensor; // float32 [outputs]

  constructor(panels: Tensor, scales: Tensor, outputs: number, inputs: number) {
    this.panels = panels;
    this.scales = scales;
    this.outputs = outputs;
    this.inputs = inputs;
  }

  dispose(): void {
    this.panels.dispose();
    this.scales.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Packs a weight [outputs, inputs] and takes it over: its values are freed, its scales kept. The caller owns the result. */
export function packQuantized(matrix: QuantizedMatrix): QuantizedWeight {
  const [outputs, inputs] = matrixShape('packQuantized', 'values', matrix.values);
  return scope(() => {
    const { engine, values, scales } = matrix;
    const width = engine.panelWidth;
    const shape = [Math.ceil(outputs / width), Math.ceil(inputs / depthStep) * depthStep, width];
    const panels = Tensor.allocate(engine, 'int8', shape);
    runOp('pack_weight_int8', [values], [panels]);
    values.dispose();
    return new QuantizedWeight(keep(panels), scales, outputs, inputs);
  });
}

/**
 * `activation(input * weight^T + bias) + residual`, input and weight in int8.
 * @param input float32 [rows, inputs]
 * @returns float32 [rows, outputs]
 * @throws ShapeError, DTypeError, ArgumentError; GradientError while gradients are recorded
 */
export function linearInt8(input: Tensor, weight: QuantizedWeight, options: LinearOptions = {}): Tensor {
  const [rows] = matrixShape('linearInt8', 'input', input);
  const { outputs, inputs, panels, scales } = weight;
  const { bias, residual } = options;
  checkShape('linearInt8', 'input', input, [rows, inputs]);
  checkShape('linearInt8', 'bias', bias, [outputs]);
  checkShape('linearInt8', 'residual', residual, [rows, outputs]);
  checkShape('linearInt8', 'output', options.output, [rows, outputs]);
  const activation = activationIndex('linearInt8', input, options.activation ?? 'identity');
  refuseGradient('linearInt8', [input, bias, residual]);
  if (options.preActivation !== undefined) {
    throw new GradientError(
      '[linearInt8] expected no preActivation, which only gradients need: load the model in float32',
    );
  }
  const output = options.output ?? Tensor.allocate(input.engine, 'float32', [rows, outputs]);
  runOp('linear_int8', [input, panels, scales, bias, residual], [output], [activation]);
  return output;
}
