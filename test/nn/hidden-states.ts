// What the layers of a small encoder give two texts, and how far two such arrays are apart.
import type { Encoder } from '../../src/nn/encoder/encoder.ts';
import { uploadBatch } from '../../src/nn/encoder/encoder-batch.ts';
import { scope } from '../../src/tensor/scope.ts';

/** The hidden states of all layers, the embeddings' first, each [8 tokens, hidden]. */
export async function hiddenStates(encoder: Encoder): Promise<Float32Array[]> {
  const states = scope(() => {
    const ids = Int32Array.of(2, 5, 3, 2, 7, 8, 9, 3);
    const batch = uploadBatch(encoder.engine, ids, Int32Array.of(0, 3, 8), 0);
    const all = new Set(Array.from({ length: encoder.layers.length + 1 }, (_, layer) => layer));
    return [...encoder.forward(batch, all).values()];
  });
  const data = await Promise.all(states.map((tensor) => tensor.float32Data()));
  for (const tensor of states) tensor.dispose();
  return data;
}

/** The largest difference of two elements in the same place. */
export const worst = (x: Float32Array, y: Float32Array) =>
  x.reduce((most, value, i) => Math.max(most, Math.abs(value - (y[i] as number))), 0);
