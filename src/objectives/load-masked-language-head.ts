// The masked language head of a model that is trained: the folder's own, as BertForMaskedLM or RobertaForMaskedLM stores
// it, else a new one.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { checkTied, hasHead, headsInBertNames, type StoredWeights } from '../io/model-folder/head-weights.ts';
import type { EncoderConfig } from '../nn/encoder/encoder-config.ts';
import { MaskedLanguageHead, maskedLanguageParameters } from '../nn/heads/masked-language-head.ts';
import { TiedDecoder } from '../nn/heads/tied-decoder.ts';
import { type Precision, roundsToBFloat16 } from '../nn/layers/precision.ts';
import { ParameterReader } from '../nn/parameters/parameter-reader.ts';
import { randomParameters } from '../nn/parameters/random-parameters.ts';

export interface LoadedMaskedLanguageHead {
  head: MaskedLanguageHead;
  /** What the user should know. */
  notes: string[];
}

/**
 * @param store of the encoder, its weights read already, and of `maskedLanguageParameters`
 * @param options `seed` of a new head's first weights; `precision` of the product with the word embeddings
 * @throws ModelError when the folder's head is incomplete, or its decoder is not the word embeddings
 */
export async function loadMaskedLanguageHead(
  weights: StoredWeights,
  config: EncoderConfig,
  store: ParameterStore,
  { seed, precision }: { seed: number; precision: Precision },
): Promise<LoadedMaskedLanguageHead> {
  const own = headsInBertNames(weights, weights.path);
  const stored = hasHead(own, 'cls.predictions');
  if (stored) await checkTied(own);
  const source = stored ? own : randomParameters(maskedLanguageParameters(config), seed);
  const reader = new ParameterReader(store.engine, source, { trainable: store });
  const decoder = TiedDecoder.ofStore(store, roundsToBFloat16(precision));
  const head = await MaskedLanguageHead.load(reader, config, decoder);
  const note =
    `'${weights.path}' has no masked language head (cls.predictions.* or lm_head.*): ` +
    'a new one is trained from random weights';
  return { head, notes: stored ? [] : [note] };
}
