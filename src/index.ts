// The public API: re-exports only.

export type { EncodeOptions, LoadOptions, Progress } from './embed/encoder/encode-options.ts';
export { SentenceEncoder } from './embed/encoder/sentence-encoder.ts';
export { Embeddings, EmbeddingsChunk, TokenEmbeddings } from './embed/vectors/embeddings.ts';
export {
  type ComponentRanges,
  calibrate,
  type QuantizedEmbeddings,
  type QuantizeOptions,
  quantizeEmbeddings,
  truncateEmbeddings,
  VECTOR_PRECISIONS,
  type VectorPrecision,
} from './embed/vectors/quantization.ts';
export type { SimilarityInput } from './embed/vectors/similarity.ts';
export type { RealMatrix, VectorMatrix, VectorSource } from './embed/vectors/vector-source.ts';
export { CovarianceAccumulator } from './embed/whitening/covariance-accumulator.ts';
export {
  type CovariancePrecision,
  type CovarianceState,
  covarianceMatrix,
  loadCovariance,
  mergeCovariance,
  saveCovariance,
} from './embed/whitening/covariance-state.ts';
export { type FitOptions, Whitening } from './embed/whitening/whitening.ts';
export type { WhiteningData } from './embed/whitening/whitening-data.ts';
export type { WhiteningOptions } from './embed/whitening/whitening-fit.ts';
export { WHITENING_VARIANTS, type WhiteningVariant } from './embed/whitening/whitening-matrix.ts';
export type { SaveWhitenedOptions } from './embed/whitening/whitening-model.ts';
export * from './errors.ts';
export { SIMILARITY_FUNCTIONS, type SimilarityFunction } from './io/model-folder/similarity-function.ts';
export { Engine, type EngineOptions } from './native/engine.ts';
export { POOLING_MODES, type PoolingMode } from './nn/encoder/pooling.ts';
export { PRECISIONS, type Precision } from './nn/layers/precision.ts';
export type { PretrainingConfigInput } from './tasks/pretraining/config.ts';
export {
  type EvaluateMaskedWordsOptions,
  evaluateMaskedWords,
} from './tasks/pretraining/evaluate-masked-words.ts';
export {
  type FillOptions,
  type MaskedLanguageLoadOptions,
  MaskedLanguageModel,
  type MaskGuess,
} from './tasks/pretraining/masked-language-model.ts';
export type { MaskedWordsResult } from './tasks/pretraining/measure-masked-words.ts';
export type { TrainConfigInput } from './tasks/sentence/config.ts';
export type { CustomObjective } from './tasks/sentence/custom-objective.ts';
export { type TaskOptions, type TrainOptions, train } from './tasks/train.ts';
export type { TrainListener } from './train/log/run-report.ts';
export type { TrainSummary } from './train/run-task.ts';
