// config.json of the supported families, and what is refused.

import { describe, expect, it } from 'vitest';

import { ModelError } from '../../../src/errors.ts';
import { encoderConfigJson, parseEncoderConfig } from '../../../src/io/model-folder/model-config.ts';
import { CONFIG, CONFIG_JSON } from './model-fixture.ts';

const parse = (changes: object) => parseEncoderConfig({ ...CONFIG_JSON, ...changes }, 'config.json');

describe('parseEncoderConfig', () => {
  it('reads a BERT configuration', () => {
    expect(parse({})).toEqual(CONFIG);
  });

  it('fills in the defaults of the family', () => {
    const { hidden_act, layer_norm_eps, type_vocab_size, pad_token_id, position_embedding_type, ...rest } =
      CONFIG_JSON;
    expect([hidden_act, layer_norm_eps, type_vocab_size, pad_token_id, position_embedding_type]).toHaveLength(
      5,
    );
    expect(parseEncoderConfig(rest, 'config.json')).toEqual(CONFIG);
    const roberta = parseEncoderConfig({ ...rest, model_type: 'roberta' }, 'config.json');
    expect(roberta).toMatchObject({ padTokenId: 1, positionOffset: 2 });
  });

  it('counts positions from the padding index for RoBERTa and XLM-RoBERTa', () => {
    for (const modelType of ['roberta', 'xlm-roberta']) {
      expect(parse({ model_type: modelType, pad_token_id: 5 })).toMatchObject({
        modelType,
        positionOffset: 6,
      });
    }
  });

  it('reads ELECTRA with its factorised embeddings', () => {
    expect(parse({ model_type: 'electra', embedding_size: 4 })).toMatchObject({
      embeddingSize: 4,
      hiddenSize: 8,
    });
    expect(parse({ model_type: 'electra' })).toMatchObject({ embeddingSize: 128, positionOffset: 0 });
  });

  it.each([
    ['gelu', 'gelu_erf'],
    ['gelu_new', 'gelu_tanh'],
    ['gelu_fast', 'gelu_tanh'],
    ['gelu_pytorch_tanh', 'gelu_tanh'],
    ['relu', 'relu'],
  ])('knows the activation %s', (name, activation) => {
    expect(parse({ hidden_act: name }).activation).toBe(activation);
  });

  it('writes what it reads', () => {
    for (const changes of [
      {},
      { model_type: 'roberta', pad_token_id: 1 },
      { model_type: 'electra', embedding_size: 4 },
      { hidden_act: 'gelu_new' },
    ]) {
      const config = parse(changes);
      expect(parseEncoderConfig(encoderConfigJson(config), 'config.json')).toEqual(config);
    }
  });

  it.each<[string, object, RegExp]>([
    ['another family', { model_type: 'gpt2' }, /model_type 'gpt2'.*bert, roberta, xlm-roberta, electra/],
    ['a family from the prototype', { model_type: 'constructor' }, /model_type 'constructor'/],
    ['no family', { model_type: undefined }, /in model_type: /],
    ['a missing size', { hidden_size: undefined }, /in hidden_size: /],
    ['zero layers', { num_hidden_layers: 0 }, /in num_hidden_layers: /],
    ['negative heads', { num_attention_heads: -1 }, /in num_attention_heads: /],
    ['half a layer', { num_hidden_layers: 1.5 }, /in num_hidden_layers: /],
    ['a size as text', { hidden_size: '8' }, /in hidden_size: /],
    ['an absurd size', { hidden_size: 2 ** 40 }, /in hidden_size: /],
    ['an absurd vocabulary', { vocab_size: 2 ** 31 }, /in vocab_size: /],
    [
      'heads that do not divide',
      { num_attention_heads: 3 },
      /hidden_size 8 is not divisible by num_attention_heads 3/,
    ],
    [
      'relative positions',
      { position_embedding_type: 'relative_key' },
      /position_embedding_type to "relative_key".*absolute/,
    ],
    ['cross-attention', { is_decoder: true, add_cross_attention: true }, /add_cross_attention/],
    ['an unknown activation', { hidden_act: 'swish' }, /hidden_act 'swish'.*expected one of gelu/],
    ['an activation from the prototype', { hidden_act: 'valueOf' }, /hidden_act 'valueOf'/],
    ['a zero epsilon', { layer_norm_eps: 0 }, /in layer_norm_eps: /],
    [
      'padding outside the vocabulary',
      { pad_token_id: 11 },
      /pad_token_id 11 is outside the vocabulary of 11/,
    ],
    [
      'no room for positions',
      { model_type: 'roberta', pad_token_id: 1, max_position_embeddings: 2 },
      /leaves no room/,
    ],
    ['a narrow embedding in BERT', { embedding_size: 4 }, /embedding_size 4 differs from hidden_size 8/],
  ])('refuses %s', (_name, changes, message) => {
    expect(() => parse(changes)).toThrow(ModelError);
    expect(() => parse(changes)).toThrow(message);
  });

  it('reads a decoder as a causal encoder, and writes it as one', () => {
    expect(parse({})).not.toHaveProperty('causal');
    const causal = parse({ is_decoder: true });
    expect(causal.causal).toBe(true);
    expect(parse(encoderConfigJson(causal))).toEqual(causal);
  });

  it.each([null, [], 'text', 3])('refuses a configuration that is %j', (value) => {
    expect(() => parseEncoderConfig(value, 'config.json')).toThrow(ModelError);
  });
});
