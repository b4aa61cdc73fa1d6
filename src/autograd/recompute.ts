// Activation checkpointing (Chen et al., 2016): `body` runs forward without keeping what its backward needs, and once
// more during the backward pass. Its randomness is keyed, never counted, so the second run has the bits of the first.
import type { Tensor } from '../tensor/tensor.ts';
import { backwardFrom } from './backward.ts';
import { currentTape, noGrad, record, watch, withTape } from './tape.ts';

type Inputs = readonly (Tensor | undefined)[];

/**
 * `body(...inputs)`, keeping only `inputs` for its backward.
 * @param body makes one tensor with recorded ops from its inputs (a batch's offsets and keys are inputs too) and from
 *   parameters; gradients flow to both
 */
export function recompute<T extends Inputs>(body: (...inputs: T) => Tensor, ...inputs: T): Tensor {
  if (currentTape() === undefined) return body(...inputs);
  const output = noGrad(() => body(...inputs));
  record('recompute', [output], inputs, (step, saved) => {
    const places = [...inputs.keys()].filter((place) => step.wants(inputs[place]));
    const gradients = withTape(() => {
      const wanted = places.map((place) => watch(saved[place] as Tensor));
      return backwardFrom([body(...(saved as unknown as T))], [step.outputGradient], wanted);
    });
    for (const [index, place] of places.entries()) step.give(inputs[place], gradients[index] as Tensor);
  });
  return output;
}
