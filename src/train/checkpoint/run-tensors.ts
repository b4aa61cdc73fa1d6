// The tensors of a checkpoint: for each store its flat values and the optimizer's two moments.

import type { ParameterStore } from '../../autograd/parameter-store.ts';
import { FormatError } from '../../errors.ts';
import type { SafetensorsTensor } from '../../io/safetensors/safetensors-writer.ts';
import type { AdamOptimizer } from '../../optim/adam-optimizer.ts';

const namesOf = (store: number) =>
  [`values.${store}`, `first_moment.${store}`, `second_moment.${store}`] as const;

/** What is to be saved, once every command queued before has run. */
export async function tensorsOf(
  stores: readonly ParameterStore[],
  optimizer: AdamOptimizer,
): Promise<SafetensorsTensor[]> {
  const values = stores.map((store) => store.values.float32Data());
  const { firstMoments, secondMoments } = await optimizer.state();
  const tensors: SafetensorsTensor[] = [];
  for (const index of stores.keys()) {
    const parts = [(await values[index]) as Float32Array, firstMoments[index], secondMoments[index]];
    for (const [part, name] of namesOf(index).entries()) {
      const data = parts[part] as Float32Array;
      tensors.push({ name, dtype: 'F32', shape: [data.length], data });
    }
  }
  return tensors;
}

/** Puts saved tensors into stores and optimizer, whatever became of them. @throws FormatError when the tensors are of other parameters */
export function loadTensors(
  stores: readonly ParameterStore[],
  optimizer: AdamOptimizer,
  tensors: ReadonlyMap<string, Float32Array>,
  steps: number,
): void {
  const firstMoments: Float32Array[] = [];
  const secondMoments: Float32Array[] = [];
  for (const [index, store] of stores.entries()) {
    const [values, first, second] = namesOf(index).map((name) => {
      const tensor = tensors.get(name);
      if (tensor?.length === store.size) return tensor;
      throw new FormatError(
        `expected tensor ${name} of ${store.size} elements in the checkpoint but found ${tensor?.length ?? 'none'}`,
      );
    }) as [Float32Array, Float32Array, Float32Array];
    store.restore(values);
    firstMoments.push(first);
    secondMoments.push(second);
  }
  optimizer.load({ steps, firstMoments, secondMoments });
}
