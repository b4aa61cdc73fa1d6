// Attention in which only each sequence's first token asks, over queries, keys and values that lie side by side: all that
// is needed of a last layer of which only [CLS] is read. Rows do not depend on one another, so what it gives has the bits
// that selfAttention gives those tokens.

import { noGrad, record, recording } from '../../autograd/tape.ts';
import { copyInto } from '../../tensor/memory.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { pool, poolGradient } from '../rows/pool.ts';
import {
  type AttentionOptions,
  attention,
  attentionGradient,
  attentionWithLogSumExp,
  thirds,
} from './attention.ts';

export interface FirstTokenAttentionOptions
  extends Pick<AttentionOptions, 'heads' | 'dropout' | 'seed' | 'site' | 'sequenceIds' | 'precision'> {
  offsets: Tensor; // int32 [sequences + 1], of the tokens; no sequence without one
  queryOffsets: Tensor; // int32 [sequences + 1]: 0, 1, 2, …
}

/**
 * @param fused real [tokens, 3 * heads * head dimension]
 * @returns real [sequences, heads * head dimension]
 * @throws as `attention`
 */
export function firstTokenAttention(fused: Tensor, options: FirstTokenAttentionOptions): Tensor {
  const { offsets, queryOffsets, sequenceIds } = options;
  const { query: queries, key, value } = thirds('firstTokenAttention', fused);
  const asked = { ...options, keyOffsets: offsets };
  const query = noGrad(() => pool(queries, { mode: 'cls', offsets }));
  if (!recording('firstTokenAttention', [fused])) return attention(query, key, value, asked);
  const { output, logSumExp } = noGrad(() => attentionWithLogSumExp(query, key, value, asked));
  const tensors = [fused, query, output, logSumExp, offsets, queryOffsets, sequenceIds] as const;
  record('firstTokenAttention', [output], tensors, (step, [f, q, o, sums, keyOffsets, ones, ids]) => {
    const gradient = Tensor.allocate(f.engine, f.dtype, f.shape);
    const into = thirds('firstTokenAttention', gradient);
    const same = { ...options, queryOffsets: ones, keyOffsets, sequenceIds: ids };
    const parts = thirds('firstTokenAttention', f);
    const gradients = { ...into, query: Tensor.allocate(q.engine, q.dtype, q.shape) };
    attentionGradient(
      step.outputGradient,
      q,
      parts.key,
      parts.value,
      { output: o, logSumExp: sums },
      same,
      gradients,
    );
    const tokens = f.shape[0] as number;
    copyInto(poolGradient(gradients.query, tokens, { mode: 'cls', offsets: keyOffsets }), into.query);
    step.give(fused, gradient);
  });
  return output;
}
