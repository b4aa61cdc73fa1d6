// y = activation(x W^T + b) + residual, over a weight that was packed once for the backend in use. What precision a weight
// has is its own affair: layers hold a LinearWeight and do not ask.
import { type Parameter, parameterOf } from '../autograd/parameter.ts';
import { record, recording } from '../autograd/tape.ts';
import { GradientError } from '../errors.ts';
import { keep, scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type Activation, activationGradient, activationIndex } from './activation.ts';
import { linearWeightGradient } from './linear-gradient.ts';
import { linearInt8, QuantizedWeight } from './linear-int8.ts';
import { checkShape, matrixShape, refuseOutput, runOp } from './run-op.ts';

export type { Activation } from './activation.ts';

/**
 * A weight [outputs, inputs] in the panels that the backend's kernel streams. One that is trained knows its parameter: it
 * is packed anew when it is next used after a change, and, for the gradient of a layer's input, transposed as well.
 */
export class PackedWeight implements Disposable {
  readonly outputs: number;
  readonly inputs: number;
  /** What the panels were made of, where its gradient may be wanted. */
  readonly source: Tensor | undefined; // [outputs, inputs]
  readonly #panels: Tensor;
  #version: number | undefined;
  #transposed: PackedWeight | undefined;
  #transposedVersion: number | undefined;

  constructor(panels: Tensor, outputs: number, inputs: number, source?: Tensor) {
    this.#panels = panels;
    this.outputs = outputs;
    this.inputs = inputs;
    this.source = source;
    this.#version = this.#sourceVersion;
  }

  /** Real [panels, inputs, width], of the weight as it is now. */
  get tensor(): Tensor {
    if (this.source !== undefined && this.#version !== this.#sourceVersion) {
      repackWeight(this.source, this.#panels);
      this.#version = this.#sourceVersion;
    }
    return this.#panels;
  }

  /** weight^T [inputs, outputs] as it is now, kept only where the source is a parameter. Needs {@link source}. */
  get transposed(): PackedWeight {
    const source = this.source as Tensor;
    if (this.#sourceVersion === undefined) return packWeight(source, true);
    if (this.#transposed === undefined) {
      this.#transposed = packWeight(source, true);
      keep(this.#transposed.tensor);
    } else if (this.#transposedVersion !== this.#sourceVersion) {
      repackWeight(source, this.#transposed.tensor, true);
    }
    this.#transposedVersion = this.#sourceVersion;
    return this.#transposed;
  }

  get #sourceVersion(): number | undefined {
    return this.source && parameterOf(this.source)?.store.version;
  }

  /** Frees the panels; the source too, where it is a parameter's view. */
  dispose(): void {
    this.#panels.dispose();
    this.#transposed?.dispose();
    if (this.source !== undefined && parameterOf(this.source) !== undefined) this.source.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Packs a weight real [outputs, inputs]. The caller owns the result; the weight may be disposed, unless its gradient is
 * being recorded: then it must live until the backward.
 * @param transposed pack weight^T instead, [inputs, outputs]: `linear` of it takes the gradient of a layer's output to
 * the gradient of its input
 */
export function packWeight(weight: Tensor, transposed = false): PackedWeight {
  const [rows, columns] = matrixShape('packWeight', 'weight', weight);
  const [outputs, inputs] = transposed ? [columns, rows] : [rows, columns];
  const width = weight.engine.panelWidth;
  const packed = Tensor.allocate(weight.engine, weight.dtype, [Math.ceil(outputs / width), inputs, width]);
  repackWeight(weight, packed, transposed);
  const trained = !transposed && recording('packWeight', [weight]);
  return new PackedWeight(packed, outputs, inputs, trained ? weight : undefined);
}

/** Packs a parameter [outputs, inputs], whose gradient `linear` then records. The caller owns the result. */
export function packParameter(parameter: Parameter): PackedWeight {
  return scope(() => {
    const view = keep(parameter.view());
    const { tensor, outputs, inputs } = packWeight(view);
    return new PackedWeight(keep(tensor), outputs, inputs, view);
  });
}

/** Packs a weight that has changed into the panels made of it before, {@link PackedWeight.tensor}. */
export function repackWeight(weight: Tensor, packed: Tensor, transposed = false): void {
  runOp('pack_weight', [weight], [packed], [transposed ? 1 : 0]);
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

/** A packed weight [outputs, inputs] of any precision. */
export type LinearWeight = PackedWeight | QuantizedWeight;

export interface LinearOptions {
  bias?: Tensor | undefined; // [outputs]
  activation?: Activation | undefined;
  residual?: Tensor | undefined; // [rows, outputs]
  /** Where to write, for instance columns of a wider matrix. */
  output?: Tensor | undefined; // [rows, outputs]
  /** Where to write `input * weight^T + bias`, which the activation's gradient needs. */
  preActivation?: Tensor | undefined; // [rows, outputs]
}

/**
 * `activation(input * weight^T + bias) + residual`.
 * @param input real [rows, inputs]; float32 for an int8 weight
 * @returns real [rows, outputs]
 * @throws ShapeError, DTypeError, ArgumentError; GradientError for the gradient of an int8 weight's layer
 */
export function linear(input: Tensor, weight: LinearWeight, options: LinearOptions = {}): Tensor {
  if (weight instanceof QuantizedWeight) return linearInt8(input, weight, options);
  const [rows] = matrixShape('linear', 'input', input);
  checkShape('linear', 'input', input, [rows, weight.inputs]);
  checkShape('linear', 'bias', options.bias, [weight.outputs]);
  checkShape('linear', 'residual', options.residual, [rows, weight.outputs]);
  const activation = activationIndex('linear', input, options.activation ?? 'identity');
  checkShape('linear', 'output', options.output, [rows, weight.outputs]);
  checkShape('linear', 'preActivation', options.preActivation, [rows, weight.outputs]);
  const recorded = recording('linear', [input, weight.source, options.bias, options.residual]);
  const make = () => Tensor.allocate(input.engine, input.dtype, [rows, weight.outputs]);
  const output = options.output ?? make();
  const curved = (options.activation ?? 'identity') !== 'identity';
  const preActivation = options.preActivation ?? (recorded && curved ? make() : undefined);
  runOp(
    'linear',
    [input, weight.tensor, options.bias, options.residual],
    [output, preActivation],
    [activation],
  );
  if (recorded) recordLinear(input, weight, options, output, curved ? preActivation : undefined);
  return output;
}

function recordLinear(
  input: Tensor,
  weight: PackedWeight,
  options: LinearOptions,
  output: Tensor,
  preActivation: Tensor | undefined,
): void {
  refuseOutput('linear', options.output);
  const { source } = weight;
  if (source === undefined) {
    throw new GradientError(
      '[linear] expected a weight that knows its parameter, for the gradient of the input needs it: load the model ' +
        'with { trainable }, or pack the weight while gradients are recorded',
    );
  }
  const { bias, residual, activation = 'identity' } = options;
  record('linear', [output], [input, preActivation], (step, [x, z]) => {
    step.give(residual, step.outputGradient);
    const gradient =
      z === undefined ? step.outputGradient : activationGradient(step.outputGradient, z, activation);
    step.into([source, bias], ([weightGradient, biasGradient], accumulate) => {
      if (weightGradient === undefined && biasGradient === undefined) return;
      const into = weightGradient ?? Tensor.allocate(source.engine, source.dtype, source.shape);
      const targets = { weight: into, bias: biasGradient, accumulate: accumulate === 1 };
      linearWeightGradient(x as Tensor, gradient, targets);
    });
    step.add(input, (soFar, into) => linear(gradient, weight.transposed, { residual: soFar, output: into }));
  });
}
