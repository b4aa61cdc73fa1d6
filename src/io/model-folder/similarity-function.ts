// How two vectors are compared, by sentence-transformers' names. Distances are negated, so that larger is always more
// similar.

/** The measures that vectors can be compared by; larger always means more similar. */
export const SIMILARITY_FUNCTIONS = ['cosine', 'dot', 'euclidean', 'manhattan'] as const;

/** One of {@link SIMILARITY_FUNCTIONS}. */
export type SimilarityFunction = (typeof SIMILARITY_FUNCTIONS)[number];
