// Permutation language modelling (XLNet; Yang et al., 2019, sections 2.2 and 2.3) with partial prediction: the words to be
// predicted stand at the end of a random order, each is predicted from what precedes it there, wherever in the text that is.
//
//   rank 0       all other tokens, [CLS] and [SEP] among them: everyone sees them, they see one another
//   rank 1 … n   the masked places of a sequence, in an order drawn for it
//   content      a token sees ranks up to its own           keyRank <= queryRank
//   query        [MASK] at a place sees ranks below its own keyRank <  queryRank
//
// Two conventions differ from the released code: [CLS] and [SEP], which it puts into the order at random, have rank 0; and
// positions are the encoder's, where XLNet's are relative.
import { noGrad } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { uploadBatch } from '../nn/encoder/encoder-batch.ts';
import { queryStates, uploadQueries } from '../nn/encoder/two-streams.ts';
import { mixSeed } from '../nn/layers/forward-context.ts';
import { exp } from '../ops/plain/elementwise.ts';
import { checkOptions } from '../options/check-options.ts';
import { Tensor } from '../tensor/tensor.ts';
import { originalTokens, type PretrainingBatch, type PretrainingObjective } from './pretraining.ts';

/** By which orders are drawn by other numbers than dropout. */
const orderSite = 0x584c4e;

/** Settings of permutation language modelling. */
export interface PermutationOptions {
  /** Id of [MASK]. */
  maskToken: number;
  /** Each token's rank in a batch; {@link permutationRanks} by default. */
  ranksOf?: typeof permutationRanks | undefined;
}

/** Measures `permutationAccuracy` and `permutationPerplexity`. */
export function permutationLanguage(options: PermutationOptions): PretrainingObjective {
  checkOptions('permutationLanguage', options, ['maskToken', 'ranksOf']);
  const { maskToken, ranksOf = permutationRanks } = options;
  return ({ model, batch, context }) => {
    const { encoder, maskedLanguage: head } = model;
    const { engine, config } = encoder;
    const { offsets, segmentIds, maskedPlaces: places, maskedWords: words } = batch;
    if (places.length === 0) {
      throw new ArgumentError('[permutationLanguage] expected a batch with masked words but none is masked');
    }
    const ranks = ranksOf(batch, context.seed);
    const uploaded = uploadBatch(
      engine,
      originalTokens(batch),
      offsets,
      config.positionOffset,
      segmentIds,
      0,
    );
    const content = { ...uploaded, ranks: Tensor.from(engine, ranks) };
    const queries = uploadQueries(engine, batch, ranks, {
      places,
      maskToken,
      positionOffset: config.positionOffset,
    });
    const states = queryStates(encoder, content, queries, context);
    const { loss, accuracy } = head.predict(states, words);
    const perplexity = noGrad(() => exp(loss));
    return { loss, metrics: { permutationAccuracy: accuracy, permutationPerplexity: perplexity } };
  };
}

/**
 * The rank of each token: 0, or from 1 its place in the order drawn for its sequence.
 * @param seed uint32
 * @returns [tokens]
 */
export function permutationRanks(
  { tokenIds, offsets, maskedPlaces }: PretrainingBatch,
  seed: number,
): Int32Array {
  const ranks = new Int32Array(tokenIds.length);
  for (let sequence = 0, next = 0; sequence + 1 < offsets.length; sequence++) {
    const first = next;
    while (next < maskedPlaces.length && (maskedPlaces[next] as number) < (offsets[sequence + 1] as number))
      next++;
    const key = mixSeed(mixSeed(seed, orderSite), sequence);
    const drawn = [...maskedPlaces.subarray(first, next)].map(
      (place) => [mixSeed(key, place - (offsets[sequence] as number)), place] as const,
    );
    drawn.sort(([left, a], [right, b]) => left - right || a - b);
    for (const [order, [, place]] of drawn.entries()) ranks[place] = order + 1;
  }
  return ranks;
}
