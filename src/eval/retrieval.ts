// Retrieval: each query's 100 nearest documents over the whole corpus, by the measure that the model names, and how well
// they are the relevant ones (ranking-metrics.ts). Documents of equal scores are ranked by their ids
// (nearest-documents.ts), so that a result does not depend on the order of the corpus. Documents are encoded a part at a
// time and not kept.

import type { EncodeOptions } from '../embed/encoder/encode-options.ts';
import { DataError } from '../errors.ts';
import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import type { Engine } from '../native/engine.ts';
import { NearestDocuments } from './nearest-documents.ts';
import { LONGEST_RANKING, type RankingMetrics, rankingMetrics } from './ranking-metrics.ts';

/** What an evaluation needs of an encoder: `SentenceEncoder` has it. */
export interface RetrievalEncoder {
  /** Compares queries with documents. */
  readonly engine: Engine;
  /** How its vectors are compared; cosine by default. */
  readonly similarityFunction?: SimilarityFunction;
  encodeQuery(texts: string[], options?: EncodeOptions): Promise<{ row(index: number): Float32Array }>;
  encodeDocument(texts: string[], options?: EncodeOptions): Promise<{ row(index: number): Float32Array }>;
}

/** A query or a document. */
export interface IdentifiedText {
  id: string;
  text: string;
}

export interface RetrievalData {
  queries: Iterable<IdentifiedText> | AsyncIterable<IdentifiedText>;
  corpus: Iterable<IdentifiedText> | AsyncIterable<IdentifiedText>;
  /** The ids of the documents that are relevant for a query, by its id. */
  relevant: ReadonlyMap<string, ReadonlySet<string>>;
}

export interface RetrievalOptions {
  /** Passed to `encodeQuery` and `encodeDocument`. */
  encoding?: EncodeOptions | undefined;
  /** Instead of the measure that the model names. */
  similarity?: SimilarityFunction | undefined;
  /** A document with a query's own id is left out of that query's ranking and of its judgements, as in ArguAna. */
  excludeSelf?: boolean | undefined;
}

export interface RetrievalResult {
  /** The measure that documents were ranked by. */
  similarity: SimilarityFunction;
  metrics: RankingMetrics;
  /** Queries with a relevant document. */
  queries: number;
  /** Queries left out because nothing is relevant for them. */
  skipped: number;
  /** Judgements of those queries that name a document which is not in the corpus: it counts as relevant and not found. */
  missing: number;
  documents: number;
  /** Queries that stand in the corpus under their own id: left out with `excludeSelf`; else, those with their own text. */
  self: number;
  /** Wall time of encoding and ranking. */
  seconds: number;
}

const DOCUMENTS_AT_ONCE = 4096;

/**
 * Evaluates an encoder on retrieval; queries are encoded with `encodeQuery`, documents with `encodeDocument`, whose
 * prompts apply.
 *
 * @throws {DataError} No query has a relevant document, none of the relevant documents is in the corpus, or two documents
 *   or queries have one id.
 */
export async function evaluateRetrieval(
  encoder: RetrievalEncoder,
  data: RetrievalData,
  { encoding, similarity, excludeSelf = false }: RetrievalOptions = {},
): Promise<RetrievalResult> {
  const started = performance.now();
  const measure = similarity ?? encoder.similarityFunction ?? 'cosine';
  const relevantOf = (query: string) => {
    const judged = data.relevant.get(query) ?? new Set<string>();
    return excludeSelf && judged.has(query) ? new Set([...judged].filter((id) => id !== query)) : judged;
  };
  const [kept, skipped] = await readQueries(data, relevantOf);
  const vectors = await encoder.encodeQuery(
    kept.map(({ text }) => text),
    encoding,
  );
  const ids = kept.map(({ id }) => id);
  const own = excludeSelf ? ids : undefined;
  const ranking = { count: kept.length, longest: LONGEST_RANKING, measure, own };
  const nearest = new NearestDocuments(encoder.engine, vectors, ranking);
  const queryTexts = new Map(kept.map(({ id, text }) => [id, text]));
  const seen = new Set<string>();
  let self = 0;
  for await (const documents of inParts(data.corpus)) {
    for (const { id, text } of documents) {
      refuseTwice('document', id, seen);
      const query = queryTexts.get(id);
      // a title may stand before it
      if (query !== undefined && (excludeSelf || text.endsWith(query))) self += 1;
    }
    const encoded = await encoder.encodeDocument(
      documents.map(({ text }) => text),
      encoding,
    );
    await nearest.add(
      documents.map(({ id }) => id),
      encoded,
    );
  }
  const rankings = nearest.rankings.map((hits) => hits.map(({ id }) => id));
  const relevant = ids.map(relevantOf);
  return {
    similarity: measure,
    metrics: rankingMetrics(rankings, relevant),
    queries: kept.length,
    skipped,
    missing: missingOf(relevant, seen),
    documents: seen.size,
    self,
    seconds: (performance.now() - started) / 1000,
  };
}

/** @throws DataError when nothing could be found */
function missingOf(relevant: readonly ReadonlySet<string>[], corpus: ReadonlySet<string>): number {
  const judged = relevant.flatMap((documents) => [...documents]);
  const missing = judged.filter((id) => !corpus.has(id));
  if (missing.length < judged.length) return missing.length;
  throw new DataError(
    `expected relevant documents of the corpus but none of ${judged.length} judgements names one of its ${corpus.size} ` +
      `documents: check that the ids are the corpus's (judged: ${firstOf(missing)}; in the corpus: ${firstOf(corpus)})`,
  );
}

function firstOf(ids: Iterable<string>): string {
  for (const id of ids) return JSON.stringify(id);
  return 'none';
}

async function readQueries(
  { queries, relevant }: RetrievalData,
  relevantOf: (query: string) => ReadonlySet<string>,
): Promise<[IdentifiedText[], number]> {
  const kept: IdentifiedText[] = [];
  const seen = new Set<string>();
  for await (const query of queries) {
    refuseTwice('query', query.id, seen);
    if (relevantOf(query.id).size > 0) kept.push(query);
  }
  if (kept.length === 0) {
    throw new DataError(
      `expected a query with a relevant document but none of ${seen.size} has one: check that the judgements' ids are ` +
        `the queries' (judged: ${firstOf(relevant.keys())}; among the queries: ${firstOf(seen)})`,
    );
  }
  return [kept, seen.size - kept.length];
}

function refuseTwice(kind: string, id: string, seen: Set<string>): void {
  if (seen.has(id))
    throw new DataError(`expected each ${kind} once but two have the id ${JSON.stringify(id)}`);
  seen.add(id);
}

async function* inParts(corpus: RetrievalData['corpus']): AsyncGenerator<IdentifiedText[]> {
  let part: IdentifiedText[] = [];
  for await (const document of corpus) {
    part.push(document);
    if (part.length < DOCUMENTS_AT_ONCE) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
