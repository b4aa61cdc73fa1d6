// Retrieval: each query's 100 nearest documents by cosine over the whole corpus, and how well they are the relevant ones
// (ranking-metrics.ts). Equal cosines are ranked by the documents' ids (nearest-documents.ts), so that a result does not
// depend on the order of the corpus. Documents are encoded a part at a time and not kept.

import type { EncodeOptions } from '../embed/encode-options.ts';
import { DataError } from '../errors.ts';
import type { Engine } from '../native/engine.ts';
import { NearestDocuments } from './nearest-documents.ts';
import { LONGEST_RANKING, type RankingMetrics, rankingMetrics } from './ranking-metrics.ts';

/** What an evaluation needs of an encoder: `SentenceEncoder` has it. */
export interface RetrievalEncoder {
  /** Compares queries with documents. */
  readonly engine: Engine;
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

export interface RetrievalResult {
  metrics: RankingMetrics;
  /** Queries with a relevant document. */
  queries: number;
  /** Queries left out because nothing is relevant for them. */
  skipped: number;
  /** Judgements of those queries that name a document which is not in the corpus: it counts as relevant and not found. */
  missing: number;
  documents: number;
  /** Wall time of encoding and ranking. */
  seconds: number;
}

const DOCUMENTS_AT_ONCE = 4096;

/**
 * Evaluates an encoder on retrieval; queries are encoded with `encodeQuery`, documents with `encodeDocument`, whose
 * prompts apply.
 *
 * @param options Passed to both.
 * @throws {DataError} No query has a relevant document, none of the relevant documents is in the corpus, or two documents
 *   or queries have one id.
 */
export async function evaluateRetrieval(
  encoder: RetrievalEncoder,
  data: RetrievalData,
  options?: EncodeOptions,
): Promise<RetrievalResult> {
  const started = performance.now();
  const [kept, skipped] = await readQueries(data);
  const vectors = await encoder.encodeQuery(
    kept.map(({ text }) => text),
    options,
  );
  const nearest = new NearestDocuments(encoder.engine, vectors, kept.length, LONGEST_RANKING);
  const seen = new Set<string>();
  for await (const documents of inParts(data.corpus)) {
    for (const { id } of documents) refuseTwice('document', id, seen);
    const encoded = await encoder.encodeDocument(
      documents.map(({ text }) => text),
      options,
    );
    await nearest.add(
      documents.map(({ id }) => id),
      encoded,
    );
  }
  const rankings = nearest.rankings.map((hits) => hits.map(({ id }) => id));
  const relevant = kept.map(({ id }) => data.relevant.get(id) as ReadonlySet<string>);
  return {
    metrics: rankingMetrics(rankings, relevant),
    queries: kept.length,
    skipped,
    missing: missingOf(relevant, seen),
    documents: seen.size,
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

async function readQueries({ queries, relevant }: RetrievalData): Promise<[IdentifiedText[], number]> {
  const kept: IdentifiedText[] = [];
  const seen = new Set<string>();
  for await (const query of queries) {
    refuseTwice('query', query.id, seen);
    if ((relevant.get(query.id)?.size ?? 0) > 0) kept.push(query);
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
