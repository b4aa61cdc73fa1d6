// The public face: re-exports only.
export { Embeddings, TokenEmbeddings } from './embed/embeddings.ts';
export type { EncodeOptions, LoadOptions, Progress } from './embed/encode-options.ts';
export { POOLING_MODES, type PoolingMode } from './embed/pooling.ts';
export { EmbeddingsChunk, SentenceEncoder } from './embed/sentence-encoder.ts';
export type { SimilarityFunction } from './embed/similarity.ts';
export * from './errors.ts';
export { Engine, type EngineOptions } from './native/engine.ts';
