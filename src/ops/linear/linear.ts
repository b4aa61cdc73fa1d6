// y = activation(x W^T + b) + residual, over a weight that was packed once for the backend in use. What precision a weight
// has is its own affair: layers hold a LinearWeight and do not ask.
import { type Parameter, parameterOf } from '../../autograd/parameter.ts';
import { record, recording } from '../../autograd/tape.ts';
import { GradientError } from '../../errors.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, refuseOutput, runOp } from '../run-op.ts';
import { activationGradient, activationIndex } from './activation.ts';
import { emptyBFloat16Panels, multiplyBFloat16, packBFloat16 } from './linear-bfloat16.ts';
import { linearWeightGradient } from './linear-gradient.ts';
import { linearInt8, QuantizedWeight } from './linear-int8.ts';
import type { LinearOptions } from './linear-options.ts';

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

  /** Whether its products are in bfloat16, those of its gradients too. */
  get bfloat16(): boolean {
    return this.#panels.dtype === 'bfloat16';
  }

  /** Real or bfloat16 [panels, inputs, width], of the weight as it is now. */
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
    const options = { transposed: true, bfloat16: this.bfloat16 };
    if (this.#sourceVersion === undefined) return packWeight(source, options);
    if (this.#transposed === undefined) {
      this.#transposed = packWeight(source, options);
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

export interface PackOptions {
  /**
   * Pack weight^T instead, [inputs, outputs]: `linear` of it takes the gradient of a layer's output to the gradient of its
   * input.
   */
  transposed?: boolean | undefined;
  /** Round to bfloat16: `linear` then multiplies in it (docs/precision.md). Of float32 weights only. */
  bfloat16?: boolean | undefined;
}

/**
 * Packs a weight real [outputs, inputs]. The caller owns the result; the weight may be disposed, unless its gradient is
 * being recorded: then it must live until the backward.
 * @throws ShapeError, DTypeError
 */
export function packWeight(weight: Tensor, options: PackOptions = {}): PackedWeight {
  const { engine, dtype } = weight;
  const { transposed = false, bfloat16 = false } = options;
  const [rows, columns] = matrixShape('packWeight', 'weight', weight);
  const [outputs, inputs] = transposed ? [columns, rows] : [rows, columns];
  const width = engine.panelWidth;
  const packed = bfloat16
    ? emptyBFloat16Panels(engine, outputs, inputs)
    : Tensor.allocate(engine, dtype, [Math.ceil(outputs / width), inputs, width]);
  repackWeight(weight, packed, transposed);
  const trained = !transposed && recording('packWeight', [weight]);
  return new PackedWeight(packed, outputs, inputs, trained ? weight : undefined);
}

/** Packs a parameter [outputs, inputs], whose gradient `linear` then records. The caller owns the result. */
export function packParameter(
  parameter: Parameter,
  options: Pick<PackOptions, 'bfloat16'> = {},
): PackedWeight {
  return scope(() => {
    const view = keep(parameter.view());
    const { tensor, outputs, inputs } = packWeight(view, options);
    return new PackedWeight(keep(tensor), outputs, inputs, view);
  });
}

/** Packs a weight that has changed into the panels made of it before, {@link PackedWeight.tensor}. */
export function repackWeight(weight: Tensor, packed: Tensor, transposed = false): void {
  if (packed.dtype === 'bfloat16') packBFloat16(weight, packed, transposed);
  else runOp('pack_weight', [weight], [packed], [transposed ? 1 : 0]);
}

/** {@link packWeight} of an array, keeping nothing but the panels. */
export function packArray(
  engine: Tensor['engine'],
  data: Float32Array,
  outputs: number,
  inputs: number,
  options: Pick<PackOptions, 'bfloat16'> = {},
): PackedWeight {
  return scope(() => {
    const packed = packWeight(Tensor.from(engine, data, [outputs, inputs]), options);
    keep(packed.tensor);
    return packed;
  });
}

/** A packed weight [outputs, inputs] of any precision. */
export type LinearWeight = PackedWeight | QuantizedWeight;

/**
 * `activation(input * weight^T + bias) + residual`.
 * @param input real [rows, inputs]; float32 for a weight in int8 or bfloat16
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
  const { tensor: panels } = weight;
  const { bias, residual } = options;
  if (weight.bfloat16) multiplyBFloat16({ input, panels, bias, residual, output, preActivation }, activation);
  else runOp('linear', [input, panels, bias, residual], [output, preActivation], [activation]);
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
      '[linear] expected a weight that knows its parameter, because the gradient of the input needs it: load the model ' +
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
      const { bfloat16 } = weight;
      const targets = { weight: into, bias: biasGradient, accumulate: accumulate === 1, bfloat16 };
      linearWeightGradient(x as Tensor, gradient, targets);
    });
    step.add(input, (soFar, into) => linear(gradient, weight.transposed, { residual: soFar, output: into }));
  });
}
