// Custom differentiable functions: a forward in any ops, and a backward written by hand in place of the recorded one.
// Functions composed of recorded ops need none of this: their gradients follow by themselves.
import { GradientError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { noGrad, record, recording } from './tape.ts';

/** What {@link differentiable} is made of. */
export interface DifferentiableDefinition<Inputs extends readonly Tensor[]> {
  /** For messages. */
  name: string;
  /** The function itself; what it computes is not recorded. */
  forward(...inputs: Inputs): Tensor;
  /** The gradient of each input, undefined for none, from the output's; each has its input's shape. */
  backward(outputGradient: Tensor, inputs: Inputs, output: Tensor): readonly (Tensor | undefined)[];
}

/**
 * A function whose gradient is `definition.backward`. Neither part is recorded itself.
 * @throws GradientError during the backward pass when it returns another number of gradients than there are inputs
 */
export function differentiable<Inputs extends readonly Tensor[]>(
  definition: DifferentiableDefinition<Inputs>,
): (...inputs: Inputs) => Tensor {
  const { name } = definition;
  return (...inputs) => {
    const output = noGrad(() => definition.forward(...inputs));
    if (!recording(name, inputs)) return output;
    record(name, [output], [...inputs, output], (step, saved) => {
      const values = saved.slice(0, -1) as unknown as Inputs;
      const gradients = definition.backward(step.outputGradient, values, saved.at(-1) as Tensor);
      if (gradients.length !== inputs.length) {
        throw new GradientError(
          `[${name}] expected ${inputs.length} gradients, one for each input, but its backward gave ${gradients.length}`,
        );
      }
      for (const [index, gradient] of gradients.entries()) {
        if (gradient !== undefined) step.give(inputs[index], gradient);
      }
    });
    return output;
  };
}
