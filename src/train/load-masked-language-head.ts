// The masked language head of a model that is trained: the folder's own, as BertForMaskedLM stores it, else a new one.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { ModelError } from '../errors.ts';
import type { WeightSource } from '../io/weights.ts';
import type { EncoderConfig } from '../nn/encoder-config.ts';
import { MaskedLanguageHead, maskedLanguageParameters } from '../nn/masked-language-head.ts';
import { ParameterReader } from '../nn/parameter-reader.ts';
import { randomParameters } from '../nn/random-parameters.ts';

export interface LoadedMaskedLanguageHead {
  head: MaskedLanguageHead;
  /** What the user should know. */
  notes: string[];
}

/**
 * @param store of the encoder, its weights read already, and of `maskedLanguageParameters`
 * @param seed of a new head's first weights
 * @throws ModelError when the folder's head is incomplete, or its decoder is not the word embeddings
 */
export async function loadMaskedLanguageHead(
  weights: WeightSource,
  config: EncoderConfig,
  store: ParameterStore,
  seed: number,
): Promise<LoadedMaskedLanguageHead> {
  const stored = weights.names.some((name) => name.startsWith('cls.predictions.'));
  if (stored) await checkTied(weights, store);
  const source = stored ? weights : randomParameters(maskedLanguageParameters(config), seed);
  const reader = new ParameterReader(store.engine, source, { trainable: store });
  const head = await MaskedLanguageHead.load(reader, config, store);
  const note = `'${weights.path}' has no masked language head (cls.predictions.*): a new one is trained from random weights`;
  return { head, notes: stored ? [] : [note] };
}

/** Older folders hold the decoder's weights once more; where they are others, training would not go on from them. */
async function checkTied(weights: WeightSource, store: ParameterStore): Promise<void> {
  const decoder = 'cls.predictions.decoder.weight';
  if (!weights.has(decoder)) return;
  const words = await store.parameter('embeddings.word_embeddings.weight').read();
  const values = await weights.readFloat32(decoder);
  if (values.length === words.length && values.every((value, index) => value === words[index])) return;
  throw new ModelError(
    `expected ${decoder} of '${weights.path}' to be the word embeddings, as BERT ties them, but it differs: ` +
      'remove cls.predictions.* from the weights to train a new head',
  );
}
