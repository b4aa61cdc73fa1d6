// The public face: re-exports only.

export { CovarianceAccumulator } from './embed/covariance-accumulator.ts';
export {
  type CovariancePrecision,
  type CovarianceState,
  covarianceMatrix,
  loadCovariance,
  mergeCovariance,
  saveCovariance,
} from './embed/covariance-state.ts';
export { Embeddings, EmbeddingsChunk, TokenEmbeddings } from './embed/embeddings.ts';
export type { EncodeOptions, LoadOptions, Progress } from './embed/encode-options.ts';
export {
  type ComponentRanges,
  calibrate,
  type QuantizedEmbeddings,
  type QuantizeOptions,
  quantizeEmbeddings,
  truncateEmbeddings,
  VECTOR_PRECISIONS,
  type VectorPrecision,
} from './embed/quantization.ts';
export { SentenceEncoder } from './embed/sentence-encoder.ts';
export type { SimilarityInput } from './embed/similarity.ts';
export { SIMILARITY_FUNCTIONS, type SimilarityFunction } from './embed/similarity-function.ts';
export type { RealMatrix, VectorMatrix, VectorSource } from './embed/vector-source.ts';
export { type FitOptions, Whitening } from './embed/whitening.ts';
export type { WhiteningData } from './embed/whitening-data.ts';
export type { WhiteningOptions } from './embed/whitening-fit.ts';
export { WHITENING_VARIANTS, type WhiteningVariant } from './embed/whitening-matrix.ts';
export type { SaveWhitenedOptions } from './embed/whitening-model.ts';
export * from './errors.ts';
export { Engine, type EngineOptions } from './native/engine.ts';
export { POOLING_MODES, type PoolingMode } from './nn/pooling.ts';
export { PRECISIONS, type Precision } from './nn/precision.ts';
export {
  type FillOptions,
  type MaskedLanguageLoadOptions,
  MaskedLanguageModel,
  type MaskGuess,
} from './tasks/pretraining/masked-language-model.ts';
export type { TrainConfigInput } from './tasks/sentence/config.ts';
export type { CustomObjective } from './tasks/sentence/custom-objective.ts';
export { type TaskOptions, type TrainOptions, train } from './tasks/train.ts';
export type { TrainListener } from './train/log/run-report.ts';
export type { TrainSummary } from './train/run-task.ts';
