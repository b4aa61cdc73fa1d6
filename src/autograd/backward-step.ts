// One record's part in the backward pass: it is handed the gradients of its outputs and gives those of its inputs.
import { DTypeError, ShapeError } from '../errors.ts';
import { copyInto, sumOf, zerosLike } from '../tensor/memory.ts';
import { formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Gradients } from './gradients.ts';
import { beginGradients, type Parameter, parameterOf } from './parameter.ts';

/** What a step needs to know of its record. */
interface RecordedOp {
  name: string;
  outputs: readonly Tensor[];
}

/** Whose gradients are recorded: the tape knows. */
interface TrackedTensors {
  tracks(tensor: Tensor): boolean;
}

/** What a record's backward works with: the gradients of its outputs, and where those of its inputs go. */
export class BackwardStep {
  readonly #record: RecordedOp;
  readonly #tape: TrackedTensors;
  readonly #gradients: Gradients;

  constructor(record: RecordedOp, tape: TrackedTensors, gradients: Gradients) {
    this.#record = record;
    this.#tape = tape;
    this.#gradients = gradients;
  }

  /** Of each output; undefined where nothing depends on it. */
  get outputGradients(): (Tensor | undefined)[] {
    return this.#record.outputs.map((output) => this.#gradients.get(output));
  }

  /** Of the first output, zeros where nothing depends on it. */
  get outputGradient(): Tensor {
    const [output] = this.#record.outputs as [Tensor];
    return this.#gradients.get(output) ?? zerosLike(output);
  }

  wants(input: Tensor | undefined): input is Tensor {
    return input !== undefined && this.#tape.tracks(input);
  }

  /** A term of an input's gradient. */
  give(input: Tensor | undefined, term: Tensor): void {
    if (!this.wants(input)) return;
    this.#check(input, term);
    const parameter = parameterOf(input);
    if (parameter !== undefined) {
      const { gradients, accumulate } = beginGradients([parameter]);
      copyInto(term, gradients[0] as Tensor, accumulate);
      return;
    }
    const soFar = this.#gradients.get(input);
    this.#gradients.set(input, soFar === undefined ? term : sumOf(soFar, term));
  }

  /**
   * A term that `make` adds to what is known already, in the pass that computes it.
   * @param make is given the sum so far, if any, and the tensor to write into: the sum's own memory when nothing else
   *   refers to it, undefined for a new one. Returns the new sum.
   */
  add(
    input: Tensor | undefined,
    make: (soFar: Tensor | undefined, into: Tensor | undefined) => Tensor,
  ): void {
    if (!this.wants(input)) return;
    if (parameterOf(input) !== undefined) {
      this.give(input, make(undefined, undefined));
      return;
    }
    const soFar = this.#gradients.get(input);
    const into = this.#gradients.exclusive(input) ? soFar : undefined;
    const sum = make(soFar, into);
    this.#check(input, sum);
    if (sum !== into) this.#gradients.set(input, sum);
  }

  /**
   * Terms that one op writes for several inputs: straight into the gradients of parameters, into new tensors for others.
   * @param write is given a target for each input, undefined for those not wanted, and 1 where it must add to what the
   *   targets hold
   */
  into(
    inputs: readonly (Tensor | undefined)[],
    write: (targets: (Tensor | undefined)[], accumulate: 0 | 1) => void,
  ): void {
    const parameters = inputs.map((input) => input && parameterOf(input));
    const known = parameters.filter((parameter): parameter is Parameter => parameter !== undefined);
    const { gradients, accumulate } = beginGradients(known);
    const targets = inputs.map((input, index) => {
      if (parameters[index] !== undefined) return gradients.shift();
      if (!this.wants(input)) return undefined;
      return accumulate === 1 ? zerosLike(input) : Tensor.allocate(input.engine, input.dtype, input.shape);
    });
    write(targets, accumulate);
    for (const [index, input] of inputs.entries()) {
      const target = targets[index];
      if (target !== undefined && parameters[index] === undefined) this.give(input, target);
    }
  }

  #check(input: Tensor, gradient: Tensor): void {
    if (gradient.dtype !== input.dtype) {
      throw new DTypeError(
        `[${this.#record.name}] expected a gradient of dtype ${input.dtype} but its backward gave ${gradient.dtype}`,
      );
    }
    if (formatShape(gradient.shape) !== formatShape(input.shape)) {
      throw new ShapeError(
        `[${this.#record.name}] expected a gradient of shape ${formatShape(input.shape)} but its backward gave ` +
          formatShape(gradient.shape),
      );
    }
  }
}
