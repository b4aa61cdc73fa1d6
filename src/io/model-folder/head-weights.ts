// The heads of pretraining in a folder's weights. In this library they have BERT's names; RoBERTa's family and ELECTRA's
// generator spell the same masked language head differently, and every loader of theirs looks for their own spelling.
import { ModelError } from '../../errors.ts';
import type { ModelType } from '../../nn/encoder/encoder-config.ts';
import type { ParameterSource } from '../../nn/parameters/parameter-reader.ts';
import type { WeightSource } from '../safetensors/weights.ts';

/** What is read of a folder's weights. */
export type StoredWeights = ParameterSource & Pick<WeightSource, 'path'>;

/** BERT's names, and in the same order those of the others. */
const bertNames = [
  'cls.predictions.transform.dense.weight',
  'cls.predictions.transform.dense.bias',
  'cls.predictions.transform.LayerNorm.weight',
  'cls.predictions.transform.LayerNorm.bias',
  'cls.predictions.bias',
  'cls.predictions.decoder.weight',
];
const robertaNames = [
  'lm_head.dense.weight',
  'lm_head.dense.bias',
  'lm_head.layer_norm.weight',
  'lm_head.layer_norm.bias',
  'lm_head.bias',
  'lm_head.decoder.weight',
];
const electraNames = [
  'generator_predictions.dense.weight',
  'generator_predictions.dense.bias',
  'generator_predictions.LayerNorm.weight',
  'generator_predictions.LayerNorm.bias',
  'generator_lm_head.bias',
  'generator_lm_head.weight',
];
const spellings: Record<ModelType, readonly string[]> = {
  bert: bertNames,
  roberta: robertaNames,
  'xlm-roberta': robertaNames,
  electra: electraNames,
};

function respelled(name: string, from: readonly string[], to: readonly string[]): string {
  return to[from.indexOf(name)] ?? name;
}

/** A head's parameter as a folder of this family has it. @param name BERT's */
export function storedHeadName(name: string, family: ModelType): string {
  return respelled(name, bertNames, spellings[family]);
}

/** A folder's weights with the heads under BERT's names, whichever spelling they have there. @param path the folder */
export function headsInBertNames(weights: ParameterSource, path: string): StoredWeights {
  const stored = new Map<string, string>();
  for (const name of weights.names) {
    let bert = name;
    for (const spelling of [robertaNames, electraNames]) bert = respelled(bert, spelling, bertNames);
    if (!stored.has(bert)) stored.set(bert, name);
  }
  const original = (name: string) => stored.get(name) ?? name;
  return {
    path,
    names: [...stored.keys()],
    info: (name) => weights.info(original(name)),
    readFloat32: (name, options) => weights.readFloat32(original(name), options),
  };
}

/** Whether there is a head below a name: `cls.predictions`. @param weights in BERT's names */
export function hasHead(weights: ParameterSource, path: string): boolean {
  return weights.names.some((name) => name.startsWith(`${path}.`));
}

/**
 * Holds a decoder that is stored once more against the word embeddings that it should be.
 * @param weights in BERT's names
 * @throws ModelError when it differs: nothing could be predicted with the embeddings in its place
 */
export async function checkTied(weights: StoredWeights): Promise<void> {
  const decoder = weights.names.find((name) => name === 'cls.predictions.decoder.weight');
  const table = weights.names.find((name) => name.endsWith('embeddings.word_embeddings.weight'));
  if (decoder === undefined || table === undefined) return;
  const words = await weights.readFloat32(table);
  const values = await weights.readFloat32(decoder);
  if (values.length === words.length && values.every((value, index) => value === words[index])) return;
  throw new ModelError(
    `expected ${decoder} of '${weights.path}' to be the word embeddings, as BERT ties them, but it differs: ` +
      'tie them in the library that trained the model, or remove the head from the weights to train a new one',
  );
}
