// The parameters of an encoder by Hugging Face's names, in the order of the forward pass: what a ParameterStore is made
// from, and what a random start draws.

import type { ParameterSpec } from '../../autograd/parameter.ts';
import { checkOptions } from '../../options/check-options.ts';
import type { EncoderConfig } from './encoder-config.ts';

/** A dense layer's parameters below `path`. */
export function linearParameters(path: string, inputs: number, outputs: number): ParameterSpec[] {
  return [
    { names: [`${path}.weight`], shape: [outputs, inputs] },
    { names: [`${path}.bias`], shape: [outputs] },
  ];
}

/** A layer norm's parameters below `path`. */
export function layerNormParameters(path: string, width: number): ParameterSpec[] {
  return [
    { names: [`${path}.LayerNorm.weight`], shape: [width] },
    { names: [`${path}.LayerNorm.bias`], shape: [width] },
  ];
}

/** All parameters that `Encoder.load` reads. */
export function encoderParameters(config: EncoderConfig, options: { pooler: boolean }): ParameterSpec[] {
  checkOptions('encoderParameters', options, ['pooler']);
  const { embeddingSize: width, hiddenSize: hidden } = config;
  const table = (name: string, entries: number): ParameterSpec => ({
    names: [`embeddings.${name}_embeddings.weight`],
    shape: [entries, width],
  });
  return [
    table('word', config.vocabularySize),
    table('position', config.maxPositions),
    table('token_type', config.typeVocabularySize),
    ...layerNormParameters('embeddings', width),
    ...(width === hidden ? [] : linearParameters('embeddings_project', width, hidden)),
    ...Array.from({ length: config.layers }, (_, index) =>
      layerParameters(`encoder.layer.${index}`, hidden, config.intermediateSize),
    ).flat(),
    ...(options.pooler ? linearParameters('pooler.dense', hidden, hidden) : []),
  ];
}

/** Whether an encoder in int8 holds this parameter in int8: weights and word embeddings; the two small tables do not count. */
export function isQuantized(name: string, shape: readonly number[]): shape is readonly [number, number] {
  return shape.length === 2 && !/embeddings\.(position|token_type)_embeddings/.test(name);
}

function layerParameters(path: string, hidden: number, intermediate: number): ParameterSpec[] {
  const projections = ['query', 'key', 'value'].map((name) => `${path}.attention.self.${name}`);
  return [
    { names: projections.map((name) => `${name}.weight`), shape: [hidden, hidden] },
    { names: projections.map((name) => `${name}.bias`), shape: [hidden] },
    ...linearParameters(`${path}.attention.output.dense`, hidden, hidden),
    ...layerNormParameters(`${path}.attention.output`, hidden),
    ...linearParameters(`${path}.intermediate.dense`, hidden, intermediate),
    ...linearParameters(`${path}.output.dense`, intermediate, hidden),
    ...layerNormParameters(`${path}.output`, hidden),
  ];
}
