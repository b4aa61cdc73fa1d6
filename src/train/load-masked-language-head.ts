// The masked language head of a model that is trained: the folder's own, as BertForMaskedLM or RobertaForMaskedLM stores
// it, else a new one.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { ModelError } from '../errors.ts';
import type { WeightSource } from '../io/safetensors/weights.ts';
import type { EncoderConfig } from '../nn/encoder-config.ts';
import { MaskedLanguageHead, maskedLanguageParameters } from '../nn/masked-language-head.ts';
import { ParameterReader, type ParameterSource } from '../nn/parameter-reader.ts';
import { randomParameters } from '../nn/random-parameters.ts';

/** How the two families spell one head: RoBERTa's name for each of BERT's. */
const robertaNames: ReadonlyMap<string, string> = new Map([
  ['cls.predictions.transform.dense.weight', 'lm_head.dense.weight'],
  ['cls.predictions.transform.dense.bias', 'lm_head.dense.bias'],
  ['cls.predictions.transform.LayerNorm.weight', 'lm_head.layer_norm.weight'],
  ['cls.predictions.transform.LayerNorm.bias', 'lm_head.layer_norm.bias'],
  ['cls.predictions.bias', 'lm_head.bias'],
]);

type StoredWeights = ParameterSource & Pick<WeightSource, 'path' | 'has'>;

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
  weights: StoredWeights,
  config: EncoderConfig,
  store: ParameterStore,
  seed: number,
): Promise<LoadedMaskedLanguageHead> {
  const prefix = ['cls.predictions.', 'lm_head.'].find((each) =>
    weights.names.some((name) => name.startsWith(each)),
  );
  if (prefix !== undefined) await checkTied(weights, store, prefix);
  const source =
    prefix === undefined ? randomParameters(maskedLanguageParameters(config), seed) : inBertNames(weights);
  const reader = new ParameterReader(store.engine, source, { trainable: store });
  const head = await MaskedLanguageHead.load(reader, config, store);
  const note =
    `'${weights.path}' has no masked language head (cls.predictions.* or lm_head.*): ` +
    'a new one is trained from random weights';
  return { head, notes: prefix === undefined ? [note] : [] };
}

/** The folder's head under BERT's names, however they are spelled there. */
function inBertNames(weights: StoredWeights): ParameterSource {
  const stored = (name: string) => (weights.has(name) ? name : (robertaNames.get(name) ?? name));
  return {
    names: [...robertaNames.keys()].filter((name) => weights.has(stored(name))),
    info: (name) => weights.info(stored(name)),
    readFloat32: (name, options) => weights.readFloat32(stored(name), options),
  };
}

/** Older folders hold the decoder's weights once more; where they are others, training would not go on from them. */
async function checkTied(weights: StoredWeights, store: ParameterStore, prefix: string): Promise<void> {
  const decoder = `${prefix}decoder.weight`;
  if (!weights.has(decoder)) return;
  const words = await store.parameter('embeddings.word_embeddings.weight').read();
  const values = await weights.readFloat32(decoder);
  if (values.length === words.length && values.every((value, index) => value === words[index])) return;
  throw new ModelError(
    `expected ${decoder} of '${weights.path}' to be the word embeddings, as BERT ties them, but it differs: ` +
      `remove ${prefix}* from the weights to train a new head`,
  );
}
