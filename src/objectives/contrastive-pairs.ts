// Contrastive losses as descriptions for `cosineSoftmaxLoss`: which candidate is whose positive, which pairs do not count.
// SimCSE (Gao et al., 2021), NT-Xent over neighbouring rows (Su's SimCSE, SimBERT), and sentence-transformers' directions
// and partitions (MultipleNegativesRankingLoss; GTE's loss is all four directions in one partition, Li et al., 2023).
import { ArgumentError } from '../errors.ts';

/** Arrays named and laid out as the options of `cosineSoftmaxLoss`. */
export interface ContrastivePairs {
  positives: Int32Array; // [queries]
  excluded?: Int32Array; // [queries, 2 ranges]
  weighted?: Int32Array; // [queries]
  rowGroups?: Int32Array; // [queries]
  symmetric?: boolean;
}

const numbers = (length: number, of: (index: number) => number) =>
  Int32Array.from({ length }, (_, index) => of(index));

/** Query i belongs to candidate i: SimCSE's N x N, one direction. `symmetric`: the mean of both. */
export function inBatchPairs(queries: number, symmetric = false): ContrastivePairs {
  return { positives: numbers(queries, (i) => i), symmetric };
}

/**
 * SimCSE with hard negatives: candidates are the N positives, then the N hard negatives; `logWeight` raises the logit of a
 * query's own hard negative only.
 */
export function hardNegativePairs(queries: number): ContrastivePairs {
  return { positives: numbers(queries, (i) => i), weighted: numbers(queries, (i) => queries + i) };
}

/**
 * NT-Xent over rows of which 2 k and 2 k + 1 belong together, queries and candidates at once, no row its own candidate:
 * Su's SimCSE (scale 20) and SimBERT (scale 30).
 * @throws ArgumentError for an odd number
 */
export function neighbourPairs(rows: number): ContrastivePairs {
  if (rows % 2 !== 0)
    throw new ArgumentError(`[neighbourPairs] expected an even number of rows but received ${rows}`);
  return {
    positives: numbers(rows, (i) => i ^ 1),
    excluded: numbers(2 * rows, (n) => (n >> 1) + (n & 1)),
  };
}

/** What is compared beside each query with all documents. */
export const DIRECTIONS = ['query_to_doc', 'query_to_query', 'doc_to_query', 'doc_to_doc'] as const;
/** One of {@link DIRECTIONS}. */
export type Direction = (typeof DIRECTIONS)[number];

/** Which vectors are compared in the directions that were asked for, and which of them belong together. */
export interface DirectedPairs {
  /** Whether the queries, then each one's first document are the rows, or the queries alone. */
  rows: 'queries' | 'queries and positives';
  /** Whether the queries, then all documents are the candidates, or the documents alone. */
  candidates: 'documents' | 'queries and documents';
  pairs: ContrastivePairs;
}

/**
 * sentence-transformers' MultipleNegativesRankingLoss: N queries and their documents, column by column (N positives, then N
 * of each further column). Joint: one sum of exponentials over all directions; otherwise the mean over directions, which
 * sentence-transformers (6.2) too has for those with positives only, since the others' loss would fall below zero.
 * @param columns of documents: 1, or more with hard negatives
 * @throws ArgumentError without query_to_doc, or where a direction without positives has a partition of its own
 */
export function directedPairs(
  queries: number,
  columns: number,
  directions: readonly Direction[],
  partition: 'joint' | 'per_direction' = 'joint',
): DirectedPairs {
  const has = (direction: Direction) => directions.includes(direction);
  const [seesQueries, seesDocuments] = [has('doc_to_query'), has('doc_to_doc')];
  if (!has('query_to_doc'))
    throw new ArgumentError('[directedPairs] expected query_to_doc among the directions');
  if (partition === 'per_direction') {
    const without = (['query_to_query', 'doc_to_doc'] as const).find(has);
    if (without === undefined)
      return { rows: 'queries', candidates: 'documents', pairs: inBatchPairs(queries, seesQueries) };
    throw new ArgumentError(
      `[directedPairs] expected a joint partition for ${without}, which has no positives, but received per_direction`,
    );
  }
  const withDocumentRows = seesQueries || seesDocuments;
  const withQueryColumns = has('query_to_query') || seesQueries;
  const firstDocument = withQueryColumns ? queries : 0;
  const end = firstDocument + columns * queries;
  const own = (i: number) => Array.from({ length: columns }, (_, c) => firstDocument + c * queries + i);

  const ofQuery = (i: number): number[] => (has('query_to_query') ? [i, i + 1] : [0, firstDocument]);
  const ofDocument = (i: number): number[] => [
    ...(seesQueries ? [0, 0] : [0, firstDocument]),
    ...(seesDocuments ? own(i).flatMap((j) => [j, j + 1]) : [firstDocument, end]),
  ];
  const ranges = 2 * (1 + columns);
  const padded = (range: number[]) => [...range, ...Array<number>(ranges - range.length).fill(0)];
  const rows = Array.from({ length: queries }, (_, i) => i);
  const documentRows = withDocumentRows ? rows : [];
  return {
    rows: withDocumentRows ? 'queries and positives' : 'queries',
    candidates: withQueryColumns ? 'queries and documents' : 'documents',
    pairs: {
      positives: Int32Array.from([...rows.map((i) => firstDocument + i), ...documentRows.map(() => -1)]),
      rowGroups: Int32Array.from([...rows, ...documentRows]),
      excluded: Int32Array.from([
        ...rows.flatMap((i) => padded(ofQuery(i))),
        ...documentRows.flatMap((i) => padded(ofDocument(i))),
      ]),
    },
  };
}
