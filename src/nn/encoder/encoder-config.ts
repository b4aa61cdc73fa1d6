// The sizes and choices of a BERT-family encoder, in Likewise's own names; src/io/model-folder/model-config.ts reads them from a
// Hugging Face config.json.

/** Model families whose encoders can be run, by Hugging Face's `model_type`. */
export const MODEL_TYPES = ['bert', 'roberta', 'xlm-roberta', 'electra'] as const;

export type ModelType = (typeof MODEL_TYPES)[number];

/** The feed-forward activation; the two gelus differ by up to 5e-4. */
export type EncoderActivation = 'gelu_erf' | 'gelu_tanh' | 'relu';

/** The shape of an encoder. */
export interface EncoderConfig {
  modelType: ModelType;
  vocabularySize: number;
  hiddenSize: number;
  /** Width of the embedding tables; smaller than `hiddenSize` in factorised models, which project it up. */
  embeddingSize: number;
  layers: number;
  heads: number;
  intermediateSize: number;
  activation: EncoderActivation;
  layerNormEpsilon: number;
  /** Rows of the position table. A text may have `maxPositions - positionOffset` tokens. */
  maxPositions: number;
  typeVocabularySize: number;
  /** Row of the position table that a sequence's first token uses: 0, or padding id + 1 in RoBERTa's family. */
  positionOffset: number;
  padTokenId: number;
  /** Whether a token sees only itself and those before it, as in a language model (`is_decoder`); false by default. */
  causal?: boolean | undefined;
}
