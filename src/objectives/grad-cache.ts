// GradCache (Gao et al., 2021, "Scaling deep contrastive learning batch size under memory limited setup"): vectors are
// made chunk by chunk without keeping anything, the loss is that of all of them, and in the backward pass each chunk is
// encoded once more to receive its part of the gradient. A chunk's sequences keep their ids, so its second pass has the
// dropout of the first, and the gradient is that of the whole batch at the memory of one chunk.
import { backwardFrom } from '../autograd/backward.ts';
import { currentTape, noGrad, record, watch, withTape } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { concatenateRows } from '../ops/slices.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { encodeSequences, type Objective, sliceSequences, type VectorObjective } from './objective.ts';

/** @param sequencesPerChunk how many are encoded at once */
export function gradCache(objective: VectorObjective, sequencesPerChunk: number): Objective {
  if (!Number.isInteger(sequencesPerChunk) || sequencesPerChunk < 1) {
    throw new ArgumentError(
      `[gradCache] expected at least one sequence in a chunk but received ${sequencesPerChunk}`,
    );
  }
  return (model, batch, context) => {
    const sequences = objective.sequences(batch);
    const total = sequences.ids.length;
    const starts = Array.from(
      { length: Math.ceil(total / sequencesPerChunk) },
      (_, i) => i * sequencesPerChunk,
    );
    const endOf = (start: number) => Math.min(start + sequencesPerChunk, total);
    const encode = (start: number) =>
      encodeSequences(model, sliceSequences(sequences, start, endOf(start)), context);
    const vectors = noGrad(() => concatenateRows(starts.map(encode)));
    const loss = noGrad(() => objective.loss(vectors, batch));
    if (currentTape() === undefined) return { loss, metrics: {} };
    record('gradCache', [loss], [vectors], (step, [all]) => {
      const [gradient] = withTape(() => {
        const watched = watch(all);
        return backwardFrom([objective.loss(watched, batch)], [step.outputGradient], [watched]);
      }) as [Tensor];
      for (const start of starts) {
        withTape(() => {
          backwardFrom([encode(start)], [gradient.rows(start, endOf(start))]);
        });
      }
    });
    return { loss, metrics: {} };
  };
}
