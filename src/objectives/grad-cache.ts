// GradCache (Gao et al., 2021, "Scaling deep contrastive learning batch size under memory limited setup"): vectors are
// made chunk by chunk without keeping anything, the loss and its gradient are those of all of them, and each chunk is
// encoded once more to receive its part of that gradient. A chunk's sequences keep their ids, so its second pass has the
// dropout of the first, and the gradient is that of the whole batch at the memory of one chunk. Between chunks it waits
// for room in the engine's queue, so there may be any number of them.
import { backwardFrom, gradientsOf } from '../autograd/backward.ts';
import { watch, withTape } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { copyInto } from '../tensor/memory.ts';
import { keep, scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { encodeSequences, type LearnBatch, sliceSequences, type VectorObjective } from './objective.ts';

/** Sequences from `start`, up to before `end`. */
interface Chunk {
  start: number;
  end: number;
}

/**
 * Learns from a batch in chunks.
 * @param sequencesPerChunk how many are encoded at once
 * @throws ArgumentError
 */
export function gradCache(objective: VectorObjective, sequencesPerChunk: number): LearnBatch {
  if (!Number.isInteger(sequencesPerChunk) || sequencesPerChunk < 1) {
    throw new ArgumentError(
      `[gradCache] expected at least one sequence in a chunk but received ${sequencesPerChunk}`,
    );
  }
  return async (model, batch, context, factor = 1) => {
    const { engine } = model.encoder;
    const sequences = objective.sequences(batch);
    const chunks = chunksOf(sequences.ids.length, sequencesPerChunk);
    const encode = ({ start, end }: Chunk) =>
      encodeSequences(model, sliceSequences(sequences, start, end), context);
    using vectors = await encodeAll(engine, chunks, encode);
    const [loss, gradient] = withTape(() => {
      const all = objective.loss(watch(vectors), batch);
      return [all, ...gradientsOf(all, [vectors], factor)];
    }) as [Tensor, Tensor];
    try {
      for (const chunk of chunks) {
        await engine.ready();
        withTape(() => {
          backwardFrom([encode(chunk)], [gradient.rows(chunk.start, chunk.end)]);
        });
      }
    } catch (error) {
      loss.dispose();
      throw error;
    } finally {
      gradient.dispose();
    }
    return { loss, metrics: {} };
  };
}

function chunksOf(total: number, size: number): Chunk[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => ({
    start: index * size,
    end: Math.min(total, (index + 1) * size),
  }));
}

/** The vectors of all chunks, which the caller owns. @returns [sequences, width] */
async function encodeAll(
  engine: Tensor['engine'],
  chunks: readonly Chunk[],
  encode: (chunk: Chunk) => Tensor,
): Promise<Tensor> {
  let vectors: Tensor | undefined;
  try {
    for (const chunk of chunks) {
      await engine.ready();
      scope(() => {
        const part = encode(chunk);
        const shape = [chunks.at(-1)?.end as number, part.shape[1] as number];
        vectors ??= keep(Tensor.allocate(engine, part.dtype, shape));
        copyInto(part, vectors.rows(chunk.start, chunk.end));
      });
    }
    return vectors as Tensor;
  } catch (error) {
    vectors?.dispose();
    throw error;
  }
}
