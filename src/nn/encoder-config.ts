// The sizes and choices of a BERT-family encoder, in Likewise's own names; src/io/model-config.ts reads them from a
// Hugging Face config.json.
import type { Activation } from '../ops/linear.ts';

export interface EncoderConfig {
  /** Hugging Face's `model_type`: bert, roberta, xlm-roberta, electra. */
  modelType: string;
  vocabularySize: number;
  hiddenSize: number;
  /** Width of the embedding tables; smaller than hiddenSize in factorised models, which project it up. */
  embeddingSize: number;
  layers: number;
  heads: number;
  intermediateSize: number;
  activation: Activation;
  layerNormEpsilon: number;
  /** Rows of the position table. */
  maxPositions: number;
  typeVocabularySize: number;
  /** Position of a sequence's first token: 0, or padding id + 1 in RoBERTa's family. */
  positionOffset: number;
  padTokenId: number;
}
