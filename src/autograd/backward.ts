// The backward pass: walks a tape once from its end, hands each record the gradients of its outputs and collects those of
// its inputs. Everything is queued, nothing waited for.
import { DTypeError, GradientError, ShapeError } from '../errors.ts';
import { copyInto, fill, sumOf, zerosLike } from '../tensor/memory.ts';
import { keep, scope } from '../tensor/scope.ts';
import { elementCount, formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Gradients } from './gradients.ts';
import { beginGradients, type Parameter, parameterOf } from './parameter.ts';
import { noGrad, openTape, type Tape, type TapeRecord } from './tape.ts';

/** What a record's backward works with: the gradients of its outputs, and where those of its inputs go. */
export class BackwardStep {
  readonly #record: TapeRecord;
  readonly #tape: Tape;
  readonly #gradients: Gradients;

  constructor(record: TapeRecord, tape: Tape, gradients: Gradients) {
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

/**
 * Walks the open tape from a loss: every parameter's gradient is in its store afterwards.
 * @param loss real [1]
 * @param factor of the loss: 1 / n where n micro-batches make one step
 * @throws GradientError without a tape, the second time, or when nothing of the loss was recorded; ShapeError
 */
export function backward(loss: Tensor, factor = 1): void {
  gradientsOf(loss, [], factor);
}

/** {@link backward}, and the gradients of tensors that were watched or made by recorded ops. */
export function gradientsOf(loss: Tensor, wanted: readonly Tensor[], factor = 1): Tensor[] {
  openTape('backward');
  if (elementCount(loss.shape) !== 1) {
    throw new ShapeError(
      `[backward] expected a loss of one element but received shape ${formatShape(loss.shape)}: take its mean or sum`,
    );
  }
  return scope(() => {
    const seed = Tensor.allocate(loss.engine, loss.dtype, loss.shape);
    fill(seed, factor);
    return backwardFrom([loss], [seed], wanted);
  });
}

/**
 * Walks the open tape from any outputs, whose gradients are given (the vector-Jacobian product).
 * @returns the gradients of `wanted`, zeros for what does not depend on them
 * @throws GradientError without a tape, the second time, or when an output was not recorded; ShapeError, DTypeError
 */
export function backwardFrom(
  outputs: readonly Tensor[],
  outputGradients: readonly Tensor[],
  wanted: readonly Tensor[] = [],
): Tensor[] {
  const tape = openTape('backward');
  for (const output of [...outputs, ...wanted]) {
    if (tape.tracks(output)) continue;
    throw new GradientError(
      `[backward] expected a tensor with a recorded history but the one of shape ${formatShape(output.shape)} has ` +
        'none: it depends on no parameter and no watched tensor, or was made without a tape or under noGrad',
    );
  }
  const gradients = new Gradients();
  const results = new Map<Tensor, Tensor>();
  try {
    noGrad(() => {
      const seeds: TapeRecord = { name: 'backward', outputs: [], saved: [], backward: () => {} };
      const start = new BackwardStep(seeds, tape, gradients);
      for (const [index, output] of outputs.entries()) {
        scope(() => start.give(output, outputGradients[index] as Tensor));
      }
      for (const record of tape.walk()) runRecord(record, tape, gradients, wanted, results);
    });
    return wanted.map((tensor) => {
      const parameter = parameterOf(tensor);
      if (parameter !== undefined) return parameter.gradient.alias();
      return (results.get(tensor) ?? gradients.get(tensor))?.alias() ?? zerosLike(tensor);
    });
  } finally {
    for (const result of results.values()) result.dispose();
    gradients.dispose();
  }
}

function runRecord(
  record: TapeRecord,
  tape: Tape,
  gradients: Gradients,
  wanted: readonly Tensor[],
  results: Map<Tensor, Tensor>,
): void {
  if (!record.outputs.some((output) => gradients.get(output) !== undefined)) return;
  scope(() => {
    for (const output of record.outputs) {
      const gradient = gradients.get(output);
      if (gradient === undefined || !wanted.includes(output)) continue;
      gradients.pin(gradient);
      results.set(output, keep(gradient.alias()));
    }
    record.backward(new BackwardStep(record, tape, gradients), record.saved);
    for (const output of record.outputs) gradients.drop(output);
  });
}
