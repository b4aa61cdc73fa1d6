// How a sentence's vector is made from its tokens' vectors. The names are those of the field; sentence-transformers'
// spellings are accepted too. "First" has two published meanings, so it is always said which.
//
//   first_last_embeddings  (embeddings' output + last layer) / 2, mean   SimCSE's paper
//   first_last_layer1      (layer 1 + last layer) / 2, mean              BERT-whitening, SimCSE's corrected code
//   last_two               (last layer but one + last layer) / 2, mean
//   pooler, pooler_linear  the dense layer over [CLS] that BERT was pretrained with, with tanh or without (SimBERT)
import { ArgumentError, ModelError } from '../../errors.ts';
import { linear } from '../../ops/linear/linear.ts';
import { concatenateColumns } from '../../ops/plain/slices.ts';
import { type PoolMode, pool } from '../../ops/rows/pool.ts';
import { weightedSum } from '../../ops/rows/rows.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Encoder, HiddenStates } from './encoder.ts';
import type { EncoderBatch } from './encoder-batch.ts';

/** How tokens' vectors can become a text's. */
export const POOLING_MODES = [
  'cls',
  'mean',
  'max',
  'mean_sqrt_len',
  'weighted_mean',
  'last_token',
  'pooler',
  'pooler_linear',
  'first_last_embeddings',
  'first_last_layer1',
  'last_two',
] as const;

/** One of {@link POOLING_MODES}. */
export type PoolingMode = (typeof POOLING_MODES)[number];

const aliases = new Map<string, PoolingMode>([
  ['mean_sqrt_len_tokens', 'mean_sqrt_len'],
  ['weightedmean', 'weighted_mean'],
  ['lasttoken', 'last_token'],
]);

/**
 * One mode, or several joined by `+` whose vectors are laid side by side: `cls+mean`.
 * @throws ArgumentError with the known names
 */
export function parsePooling(text: string): PoolingMode[] {
  return text.split('+').map((part) => {
    const name = part.trim().replaceAll('-', '_');
    const mode = aliases.get(name) ?? POOLING_MODES.find((known) => known === name);
    if (mode !== undefined) return mode;
    throw new ArgumentError(`expected a pooling among ${POOLING_MODES.join(', ')} but received "${part}"`);
  });
}

/** Which hidden states a mode reads, for an encoder of `layers` layers. @param skipping whether a prompt is left out */
function statesOf(mode: PoolingMode, layers: number, skipping: boolean): (number | 'cls')[] {
  if (mode === 'pooler' || mode === 'pooler_linear') return ['cls'];
  if (mode === 'cls' && !skipping) return ['cls'];
  if (mode === 'first_last_embeddings') return [0, layers];
  if (mode === 'first_last_layer1') return [1, layers];
  if (mode === 'last_two') return [layers - 1, layers];
  return [layers];
}

function stateOf(states: HiddenStates, wanted: number | 'cls'): Tensor {
  const state = states.get(wanted);
  if (state !== undefined) return state;
  throw new ArgumentError(
    `[Pooling] expected hidden state ${wanted} but there are ${[...states.keys()].join(', ') || 'none'}: give the encoder's ` +
      'forward what wantedStates returns, and tell wantedStates whether a prompt is left out',
  );
}

/** Makes vectors of texts from the vectors of their tokens. */
export class Pooling {
  readonly modes: readonly PoolingMode[];
  /** Whether a prompt's tokens count. */
  readonly includePrompt: boolean;

  constructor(modes: readonly PoolingMode[], includePrompt = true) {
    this.modes = modes;
    this.includePrompt = includePrompt;
  }

  /** The hidden states that must be kept. @param skipping whether {@link forward} is to leave a prompt out */
  wantedStates(layers: number, skipping = false): Set<number | 'cls'> {
    return new Set(this.modes.flatMap((mode) => statesOf(mode, layers, skipping)));
  }

  /** @throws ModelError when a mode needs a pooler that the weights lack */
  checkEncoder(encoder: Encoder): void {
    const needy = this.modes.find((mode) => mode === 'pooler' || mode === 'pooler_linear');
    if (needy !== undefined && encoder.pooler === undefined) {
      throw new ModelError(
        `pooling ${needy} needs the weights pooler.dense, which this model does not have: choose another pooling`,
      );
    }
  }

  /**
   * @param skip int32 [sequences], first tokens of each sequence to leave out
   * @returns [sequences, modes * hidden]
   */
  forward(encoder: Encoder, states: HiddenStates, batch: EncoderBatch, skip?: Tensor): Tensor {
    const parts = this.modes.map((mode) => this.#single(mode, encoder, states, batch, skip));
    return parts.length === 1 ? (parts[0] as Tensor) : concatenateColumns(parts);
  }

  #single(
    mode: PoolingMode,
    encoder: Encoder,
    states: HiddenStates,
    batch: EncoderBatch,
    skip: Tensor | undefined,
  ): Tensor {
    const { offsets } = batch;
    const wanted = statesOf(mode, encoder.layers.length, skip !== undefined);
    const [left, right] = wanted.map((state) => stateOf(states, state)) as [Tensor, Tensor?];
    if (right !== undefined) {
      const means = [left, right].map((state) => pool(state, { mode: 'mean', offsets, skip })) as [
        Tensor,
        Tensor,
      ];
      return weightedSum(means[0], means[1], 0.5, 0.5);
    }
    if (mode === 'pooler' || mode === 'pooler_linear') {
      const dense = encoder.pooler as NonNullable<Encoder['pooler']>;
      return linear(left, dense.weight, {
        bias: dense.bias,
        activation: mode === 'pooler' ? 'tanh' : 'identity',
      });
    }
    return wanted[0] === 'cls' ? left : pool(left, { mode: mode as PoolMode, offsets, skip });
  }
}
