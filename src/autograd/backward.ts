// The backward pass: walks a tape once from its end, hands each record the gradients of its outputs and collects those of
// its inputs. Everything is queued, nothing waited for.
import { GradientError, ShapeError } from '../errors.ts';
import { fill, zerosLike } from '../tensor/memory.ts';
import { keep, scope } from '../tensor/scope.ts';
import { elementCount, formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { BackwardStep } from './backward-step.ts';
import { Gradients } from './gradients.ts';
import { parameterOf } from './parameter.ts';
import { noGrad, openTape, type Tape, type TapeRecord } from './tape.ts';

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
