// y = activation(x W^T + b) + residual, over a weight that was packed once for the backend in use.
import { ArgumentError } from '../errors.ts';
import { keep, scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from './run-op.ts';

/** Activations that run in linear's epilogue; `gelu_erf` is BERT's, `gelu_tanh` its approximation. */
export type Activation = 'identity' | 'gelu_erf' | 'gelu_tanh' | 'tanh' | 'relu';

/** A weight [outputs, inputs] in the panels that the backend's kernel streams. */
export class PackedWeight implements Disposable {
  readonly tensor: Tensor; // [panels, inputs, width]
  readonly outputs: number;
  readonly inputs: number;

  constructor(tensor: Tensor, outputs: number, inputs: number) {
    this.tensor = tensor;
    this.outputs = outputs;
    this.inputs = inputs;
  }

  dispose(): void {
    this.tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Packs a weight real [outputs, inputs]. The caller owns the result; the weight may be disposed. */
export function packWeight(weight: Tensor): PackedWeight {
  const [outputs, inputs] = matrixShape('packWeight', 'weight', weight);
  const width = weight.engine.panelWidth;
  const packed = Tensor.allocate(weight.engine, weight.dtype, [Math.ceil(outputs / width), inputs, width]);
  runOp('pack_weight', [weight], [packed]);
  return new PackedWeight(packed, outputs, inputs);
}

/** {@link packWeight} of an array, keeping nothing but the panels. */
export function packArray(
  engine: Tensor['engine'],
  data: Float32Array,
  outputs: number,
  inputs: number,
): PackedWeight {
  return scope(() => {
    const packed = packWeight(Tensor.from(engine, data, [outputs, inputs]));
    keep(packed.tensor);
    return packed;
  });
}

export interface LinearOptions {
  bias?: Tensor | undefined; // [outputs]
  activation?: Activation | undefined;
  residual?: Tensor | undefined; // [rows, outputs]
  /** Where to write, for instance columns of a wider matrix. */
  output?: Tensor | undefined; // [rows, outputs]
}

/**
 * `activation(input * weight^T + bias) + residual`.
 * @param input real [rows, inputs]
 * @returns real [rows, outputs]
 * @throws ShapeError, DTypeError, ArgumentError
 */
export function linear(input: Tensor, weight: PackedWeight, options: LinearOptions = {}): Tensor {
  const [rows] = matrixShape('linear', 'input', input);
  checkShape('linear', 'input', input, [rows, weight.inputs]);
  checkShape('linear', 'bias', options.bias, [weight.outputs]);
  checkShape('linear', 'residual', options.residual, [rows, weight.outputs]);
  const activation = input.engine.description.activations.indexOf(options.activation ?? 'identity');
  if (activation < 0) {
    const known = input.engine.description.activations.join(', ');
    throw new ArgumentError(`[linear] expected an activation of ${known} but received ${options.activation}`);
  }
  checkShape('linear', 'output', options.output, [rows, weight.outputs]);
  const output = options.output ?? Tensor.allocate(input.engine, input.dtype, [rows, weight.outputs]);
  runOp('linear', [input, weight.tensor, options.bias, options.residual], [output], [activation]);
  return output;
}
