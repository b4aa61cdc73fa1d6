// config.json of a BERT-family encoder, checked and put into the words of this library. Families differ in where
// positions start: RoBERTa and XLM-RoBERTa count from padding_idx + 1, BERT and ELECTRA from 0.

import { z } from 'zod';

import { ModelError } from '../../errors.ts';
import {
  type EncoderActivation,
  type EncoderConfig,
  MODEL_TYPES,
  type ModelType,
} from '../../nn/encoder/encoder-config.ts';
import { checkFileKeys } from '../../options/file-keys.ts';
import { checkJson, readJsonFile } from '../files/json-file.ts';
import { CONFIG_KEYS } from './folder-keys.ts';

const ACTIVATIONS: Record<string, EncoderActivation> = {
  gelu: 'gelu_erf',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  relu: 'relu',
};

/** The name config.json uses for an activation. */
const ACTIVATION_NAMES: Record<EncoderActivation, string> = {
  gelu_erf: 'gelu',
  gelu_tanh: 'gelu_pytorch_tanh',
  relu: 'relu',
};

// Upper bounds are far above any published encoder; they keep damaged files from asking for absurd memory.
const size = (max: number) => z.int(`expected a whole number from 1 to ${max}`).min(1).max(max);

// Defaults are those of the Hugging Face configuration classes; sizes have none here, a model folder names them.
/** Sizes and choices among {@link CONFIG_KEYS}, which lists all keys. */
export const configSchema = z.looseObject({
  model_type: z.string('expected a text naming the model family'),
  vocab_size: size(16_777_216),
  hidden_size: size(65_536),
  embedding_size: size(65_536).nullish(),
  num_hidden_layers: size(1024),
  num_attention_heads: size(1024),
  intermediate_size: size(1_048_576),
  hidden_act: z.string().default('gelu'),
  layer_norm_eps: z.number().positive().max(1).default(1e-12),
  max_position_embeddings: size(1_048_576),
  type_vocab_size: size(1024).default(2),
  pad_token_id: z.int().min(0).nullish(),
  is_decoder: z.boolean().nullish(),
});

/** Reads and checks a config.json. FileError, FormatError or ModelError. */
export async function readEncoderConfig(path: string): Promise<EncoderConfig> {
  return parseEncoderConfig(await readJsonFile(path), path);
}

/**
 * Checks the value of a config.json.
 * @param source names it in messages
 * @param notes gets the keys that are passed over
 * @throws ModelError when it cannot be run
 */
export function parseEncoderConfig(value: unknown, source: string, notes: string[] = []): EncoderConfig {
  const fail = (problem: string): never => {
    throw new ModelError(`'${source}' cannot be used: ${problem}`);
  };
  const modelType = checkModelType(value, source);
  const raw = checkJson(configSchema, value, source);
  notes.push(...checkFileKeys(CONFIG_KEYS, raw, `'${source}'`, (message) => new ModelError(message)));
  const activation = Object.hasOwn(ACTIVATIONS, raw.hidden_act) ? ACTIVATIONS[raw.hidden_act] : undefined;
  if (activation === undefined) {
    return fail(
      `hidden_act '${raw.hidden_act}' is not supported; expected one of ${Object.keys(ACTIVATIONS).join(', ')}`,
    );
  }
  if (raw.hidden_size % raw.num_attention_heads !== 0) {
    fail(`hidden_size ${raw.hidden_size} is not divisible by num_attention_heads ${raw.num_attention_heads}`);
  }
  const offsetPositions = modelType === 'roberta' || modelType === 'xlm-roberta';
  const padTokenId = raw.pad_token_id ?? (offsetPositions ? 1 : 0);
  if (padTokenId >= raw.vocab_size)
    fail(`pad_token_id ${padTokenId} is outside the vocabulary of ${raw.vocab_size}`);
  const positionOffset = offsetPositions ? padTokenId + 1 : 0;
  if (positionOffset >= raw.max_position_embeddings) {
    fail(
      `max_position_embeddings ${raw.max_position_embeddings} leaves no room after padding index ${padTokenId}`,
    );
  }
  const embeddingSize =
    modelType === 'electra' ? (raw.embedding_size ?? 128) : (raw.embedding_size ?? raw.hidden_size);
  if (modelType !== 'electra' && embeddingSize !== raw.hidden_size) {
    fail(
      `embedding_size ${embeddingSize} differs from hidden_size ${raw.hidden_size}, which only electra models allow`,
    );
  }
  return {
    modelType,
    vocabularySize: raw.vocab_size,
    hiddenSize: raw.hidden_size,
    embeddingSize,
    layers: raw.num_hidden_layers,
    heads: raw.num_attention_heads,
    intermediateSize: raw.intermediate_size,
    activation,
    layerNormEpsilon: raw.layer_norm_eps,
    maxPositions: raw.max_position_embeddings,
    typeVocabularySize: raw.type_vocab_size,
    positionOffset,
    padTokenId,
    ...(raw.is_decoder === true ? { causal: true } : {}),
  };
}

// Before the other fields: another family names them differently, and the family is what the message should be about.
function checkModelType(value: unknown, source: string): ModelType {
  const { model_type: modelType } = checkJson(configSchema.pick({ model_type: true }), value, source);
  const known = MODEL_TYPES.find((name) => name === modelType);
  if (known === undefined) {
    throw new ModelError(
      `'${source}' has model_type '${modelType}', which is not supported; expected one of ${MODEL_TYPES.join(', ')}`,
    );
  }
  return known;
}

const ARCHITECTURES: Record<ModelType, string> = {
  bert: 'BertModel',
  roberta: 'RobertaModel',
  'xlm-roberta': 'XLMRobertaModel',
  electra: 'ElectraModel',
};

/** The config.json that Hugging Face's transformers reads for this encoder. */
export function encoderConfigJson(config: EncoderConfig): Record<string, unknown> {
  return {
    architectures: [ARCHITECTURES[config.modelType]],
    model_type: config.modelType,
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    ...(config.modelType === 'electra' ? { embedding_size: config.embeddingSize } : {}),
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    intermediate_size: config.intermediateSize,
    hidden_act: ACTIVATION_NAMES[config.activation],
    layer_norm_eps: config.layerNormEpsilon,
    max_position_embeddings: config.maxPositions,
    type_vocab_size: config.typeVocabularySize,
    pad_token_id: config.padTokenId,
    position_embedding_type: 'absolute',
    ...(config.causal === true ? { is_decoder: true } : {}),
  };
}
