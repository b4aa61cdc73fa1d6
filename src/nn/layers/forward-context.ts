// What a forward pass in training is told beside its batch. Without one (undefined) a module runs as it does in inference:
// no dropout. A mask depends on the seed, the module's place and the (sequence, position) of each row alone, so that a
// recomputed forward, another thread count and a chunk of a larger batch draw the same one.

import { ArgumentError } from '../../errors.ts';
import type { AttentionOptions } from '../../ops/attention/attention.ts';
import type { RowDropoutOptions } from '../../ops/rows/dropout.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** What a forward pass knows beside its input: whether it trains, and what dropout is drawn from. */
export interface ForwardContext {
  /** Probability that an element of a sublayer's output is dropped, 0 <= p < 1. */
  dropout: number;
  /** The same for attention's probabilities. */
  attentionDropout: number;
  /** uint32, of run and step: {@link mixSeed}. */
  seed: number;
  /** Keep only each layer's input for the backward, which runs the layer once more: less memory for a third more time. */
  recompute?: boolean;
}

/** What the ops on rows are told of dropout at one place. @throws ArgumentError when the batch has no row keys */
export function rowDropout(
  context: ForwardContext | undefined,
  site: number,
  batch: { rowKeys?: Tensor | undefined } | undefined,
): RowDropoutOptions {
  if (context === undefined || context.dropout === 0) return {};
  return { dropout: context.dropout, seed: context.seed, site, rowKeys: keysOf(batch?.rowKeys) };
}

/** The same for attention. @throws ArgumentError when the batch has no sequence ids */
export function attentionDropout(
  context: ForwardContext | undefined,
  site: number,
  batch: { sequenceIds?: Tensor | undefined },
): Pick<AttentionOptions, 'dropout' | 'seed' | 'site' | 'sequenceIds'> {
  if (context === undefined || context.attentionDropout === 0) return {};
  const { attentionDropout: dropout, seed } = context;
  return { dropout, seed, site, sequenceIds: keysOf(batch.sequenceIds) };
}

function keysOf(keys: Tensor | undefined): Tensor {
  if (keys !== undefined) return keys;
  throw new ArgumentError(
    'expected a batch whose sequences have ids, which dropout is drawn from: give uploadBatch the first id',
  );
}

/** One uint32 of a run's seed and a step's number (the finaliser of MurmurHash3, Appleby 2011). */
export function mixSeed(seed: number, step: number): number {
  let hash = (seed ^ Math.imul(step, 0x9e3779b1)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The number of a place in the model by its path, `encoder.layer.0.attention.output`: FNV-1a of its bytes, 32 bits. */
export function siteOf(path: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(path)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
