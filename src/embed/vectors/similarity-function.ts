// How two vectors are compared, by sentence-transformers' names. Distances are negated, so that larger is always more
// similar.

export const SIMILARITY_FUNCTIONS = ['cosine', 'dot', 'euclidean', 'manhattan'] as const;

export type SimilarityFunction = (typeof SIMILARITY_FUNCTIONS)[number];
