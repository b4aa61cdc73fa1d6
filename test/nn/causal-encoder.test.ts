// A causal encoder: a token's states do not depend on what follows it, in one pass or recomputed, pooled or not.
import { expect, it } from 'vitest';
import { uploadBatch } from '../../src/nn/encoder/encoder-batch.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { engineOf } from './engines.ts';
import { smallConfig, trainable } from './trainable.ts';

it.each(['reference', 'avx2'])('sees no token that comes later, on %s', async (backend) => {
  const engine = engineOf(backend, 1);
  const model = await trainable(engine, { ...smallConfig, causal: true });
  const states = async (tokenIds: number[], wanted: 2 | 'cls') => {
    const tensor = scope(() => {
      const offsets = Int32Array.of(0, tokenIds.length);
      const batch = uploadBatch(engine, Int32Array.from(tokenIds), offsets, 0);
      return model.encoder.forward(batch, new Set([wanted])).get(wanted) as Tensor;
    });
    const data = await tensor.float32Data();
    tensor.dispose();
    return data;
  };
  const whole = await states([3, 5, 7, 9], 2);
  const other = await states([3, 5, 8, 10], 2);
  expect(other.subarray(0, 16)).toEqual(whole.subarray(0, 16)); // of the first two tokens
  expect(other.subarray(16, 24)).not.toEqual(whole.subarray(16, 24));
  const short = await states([3, 5], 2);
  for (const [index, value] of short.entries()) expect(value).toBeCloseTo(whole[index] as number, 5);
  expect(await states([3, 5, 7, 9], 'cls')).toEqual(whole.subarray(0, 8));
  model.dispose();
});
