// What a model folder is written from: configuration, weights, the steps after the encoder, and the tokenizer's folder.

import type { EncoderConfig } from '../../nn/encoder/encoder-config.ts';
import type { StoredPrecision } from '../../nn/layers/precision.ts';
import type { SafetensorsTensor } from '../safetensors/safetensors-writer.ts';
import type { DenseSpec } from './dense-config.ts';
import type { ModelFolder } from './model-folder.ts';
import type { PoolingSpec } from './pooling-config.ts';
import type { NormalizeSpec } from './sentence-transformers.ts';
import type { SimilarityFunction } from './similarity-function.ts';

/** A dense layer with its values: weight [outFeatures, inFeatures], bias [outFeatures]. */
export type DenseModule = Omit<DenseSpec, 'path' | 'bias'> & {
  weight: Float32Array;
  biasValues?: Float32Array;
};

/** What to write. */
export interface ModelFolderContent {
  config: EncoderConfig;
  /** The class of transformers that opens the folder with heads; by default the encoder's own, which has none. */
  architecture?: string;
  /** The weights under Hugging Face's names: of the encoder alone, or below its prefix with the heads beside it. */
  tensors: readonly SafetensorsTensor[];
  /** What the tensors hold the encoder's weights in; float32 by default. */
  precision?: StoredPrecision;
  maxSequenceLength: number;
  lowerCase?: boolean;
  /** The steps after the encoder, a pooling first. */
  modules: readonly (PoolingSpec | DenseModule | NormalizeSpec)[];
  prompts?: Readonly<Record<string, string>>;
  defaultPromptName?: string;
  similarity?: SimilarityFunction;
  /** A folder whose tokenizer files are copied. */
  tokenizerFrom: string;
  /** What that folder sets over its tokenizer_config.json. */
  tokenizerSettings?: Readonly<Record<string, unknown>>;
  /** What its config.json names as `tokenizer_class`. */
  tokenizerClass?: string | undefined;
}

/** The tokenizer of a model that was read. */
export function tokenizerOf({
  path,
  tokenizerSettings,
  tokenizerClass,
}: ModelFolder['transformer']): Pick<
  ModelFolderContent,
  'tokenizerFrom' | 'tokenizerSettings' | 'tokenizerClass'
> {
  return { tokenizerFrom: path, tokenizerSettings, tokenizerClass };
}
