// A tiny model folder made by code: two layers, hidden 8, a vocabulary of eleven tokens.

import type { ModelFolderContent } from '../../../src/io/model-folder/model-folder-content.ts';
import type { EncoderConfig } from '../../../src/nn/encoder/encoder-config.ts';
import type { Content } from '../../temporary-file.ts';
import { rawSafetensors } from '../safetensors/raw-safetensors.ts';

export const CONFIG_JSON = {
  model_type: 'bert',
  vocab_size: 11,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 16,
  hidden_act: 'gelu',
  layer_norm_eps: 1e-12,
  max_position_embeddings: 32,
  type_vocab_size: 2,
  pad_token_id: 0,
  position_embedding_type: 'absolute',
};

export const CONFIG: EncoderConfig = {
  modelType: 'bert',
  vocabularySize: 11,
  hiddenSize: 8,
  embeddingSize: 8,
  layers: 2,
  heads: 2,
  intermediateSize: 16,
  activation: 'gelu_erf',
  layerNormEpsilon: 1e-12,
  maxPositions: 32,
  typeVocabularySize: 2,
  positionOffset: 0,
  padTokenId: 0,
};

export const VOCABULARY = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'b', '##c', 'hello', '.', '中'];

const type = (name: string) => `sentence_transformers.models.${name}`;

export const MODULES_JSON = [
  { idx: 0, name: '0', path: '', type: type('Transformer') },
  { idx: 1, name: '1', path: '1_Pooling', type: type('Pooling') },
  { idx: 2, name: '2', path: '2_Dense', type: type('Dense') },
  { idx: 3, name: '3', path: '3_Normalize', type: type('Normalize') },
];

export const POOLING_JSON = {
  word_embedding_dimension: 8,
  pooling_mode_cls_token: false,
  pooling_mode_mean_tokens: true,
  pooling_mode_max_tokens: false,
  pooling_mode_mean_sqrt_len_tokens: false,
};

export const DENSE_JSON = {
  in_features: 8,
  out_features: 4,
  bias: true,
  activation_function: 'torch.nn.modules.activation.Tanh',
};

/** Every file of a complete sentence-transformers folder in the older spelling, all written by hand. */
export function modelTree(): Record<string, Content> {
  return {
    'config.json': CONFIG_JSON,
    'modules.json': MODULES_JSON,
    'sentence_bert_config.json': { max_seq_length: 16, do_lower_case: false },
    'config_sentence_transformers.json': { __version__: { sentence_transformers: '2.0.0' } },
    'tokenizer_config.json': { do_lower_case: true, model_max_length: 24 },
    'vocab.txt': `${VOCABULARY.join('\n')}\n`,
    'model.safetensors': rawSafetensors({}),
    '1_Pooling/config.json': POOLING_JSON,
    '2_Dense/config.json': DENSE_JSON,
    '2_Dense/model.safetensors': rawSafetensors({}),
  };
}

/** Something to write that uses every kind of module; `tokenizerFrom` is to be filled in. */
export function modelContent(tokenizerFrom: string): ModelFolderContent {
  return {
    config: CONFIG,
    tensors: [
      {
        name: 'embeddings.word_embeddings.weight',
        dtype: 'F32',
        shape: [11, 8],
        data: new Float32Array(88).fill(0.5),
      },
    ],
    maxSequenceLength: 16,
    modules: [
      { kind: 'pooling', modes: ['cls', 'mean'], includePrompt: false },
      {
        kind: 'dense',
        inFeatures: 16,
        outFeatures: 3,
        activation: 'identity',
        weight: new Float32Array(48).fill(0.25),
        biasValues: new Float32Array(3).fill(-1),
      },
      { kind: 'normalize' },
    ],
    prompts: { query: 'query: ', document: '' },
    defaultPromptName: 'query',
    similarity: 'dot',
    tokenizerFrom,
  };
}
