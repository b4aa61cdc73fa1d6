// Each query's nearest documents by a measure, best first, of documents that come a part at a time and are not kept. Scores
// are float64 and equal ones ranked by the documents' ids, in the order of their code points. The engine's float32
// products say which documents may be among the best at all (ranking-measure.ts); only those are scored in float64, so
// that the ranking is the one that all of them would give, in a tenth of the time.
import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import type { Engine } from '../native/engine.ts';
import { linear, packArray } from '../ops/linear/linear.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type RankedVector, type RankingMeasure, rankingMeasure } from './ranking-measure.ts';

/** A document among a query's nearest. */
export interface Hit {
  id: string;
  /** By the measure, in float64; a cosine is 0 where a vector is of zeros. */
  score: number;
}

interface Rows {
  row(index: number): Float32Array;
}

export interface RankingOptions {
  /** Queries. */
  count: number;
  /** Documents of a ranking. */
  longest: number;
  /** Cosine by default. */
  measure?: SimilarityFunction | undefined;
  /** [count]: for each query, the id of a document that is left out of its ranking: its own. */
  own?: readonly string[] | undefined;
}

/** Queries whose products with a part of the documents are in memory at once. */
const queriesAtOnce = 256;

export class NearestDocuments {
  readonly #engine: Engine;
  readonly #longest: number;
  readonly #measure: RankingMeasure;
  readonly #own: readonly string[] | undefined;
  readonly #queries: readonly RankedVector[];
  readonly #hits: Hit[][];

  constructor(engine: Engine, queries: Rows, { count, longest, measure = 'cosine', own }: RankingOptions) {
    this.#engine = engine;
    this.#longest = longest;
    this.#measure = rankingMeasure(measure);
    this.#own = own;
    this.#queries = Array.from({ length: count }, (_, index) => this.#measure.prepare(queries.row(index)));
    this.#hits = this.#queries.map(() => []);
  }

  /** For each query, its nearest documents so far, best first. */
  get rankings(): readonly (readonly Hit[])[] {
    return this.#hits;
  }

  /** Compares every query with a part of the documents, at least one. */
  async add(ids: readonly string[], documents: Rows): Promise<void> {
    const prepared = ids.map((_, index) => this.#measure.prepare(documents.row(index)));
    for await (const { start, products } of this.#products(prepared)) {
      for (let index = 0; index < products.length; index++) {
        this.#rank(start + index, products[index], ids, prepared);
      }
    }
  }

  /** The float32 products of some queries after others with all documents; undefined in place of each that says nothing. */
  async *#products(
    documents: readonly RankedVector[],
  ): AsyncGenerator<{ start: number; products: (Float32Array | undefined)[] }> {
    const width = documents[0]?.values.length as number;
    const count = documents.length;
    if (this.#measure.bound === undefined) {
      for (let start = 0; start < this.#queries.length; start++) {
        await new Promise<void>((resolve) => setImmediate(resolve)); // a query's scores take milliseconds
        yield { start, products: [undefined] };
      }
      return;
    }
    using packed = packArray(this.#engine, matrixOf(documents, width), count, width);
    for (let start = 0; start < this.#queries.length; start += queriesAtOnce) {
      const queries = this.#queries.slice(start, start + queriesAtOnce);
      const shape = [queries.length, width];
      using block = scope(() => linear(Tensor.from(this.#engine, matrixOf(queries, width), shape), packed));
      const data = await block.float32Data(); // [queries, documents]
      yield {
        start,
        products: queries.map((_, index) => data.subarray(index * count, (index + 1) * count)),
      };
    }
  }

  #rank(
    index: number,
    products: Float32Array | undefined,
    ids: readonly string[],
    documents: readonly RankedVector[],
  ): void {
    const hits = this.#hits[index] as Hit[];
    const query = this.#queries[index] as RankedVector;
    const own = this.#own?.[index];
    const { bound, score } = this.#measure;
    let least = this.#least(hits);
    for (let at = 0; at < documents.length; at++) {
      const document = documents[at] as RankedVector;
      if (bound !== undefined && products !== undefined) {
        if (bound(products[at] as number, query, document) < least) continue;
      }
      if (ids[at] === own) continue;
      insert(hits, { id: ids[at] as string, score: score(query, document) }, this.#longest);
      least = this.#least(hits);
    }
  }

  /** The score below which nothing is ranked any more. */
  #least(hits: readonly Hit[]): number {
    return hits.length < this.#longest ? Number.NEGATIVE_INFINITY : (hits.at(-1)?.score as number);
  }
}

/** Vectors as the rows of one float32 matrix. @returns [rows, width] */
function matrixOf(rows: readonly RankedVector[], width: number): Float32Array {
  const data = new Float32Array(rows.length * width);
  for (const [index, { values }] of rows.entries()) data.set(values, index * width);
  return data;
}

const before = (a: Hit, b: Hit) => (a.score === b.score ? comesFirst(a.id, b.id) : a.score > b.score);

/** By code points; `<` alone goes by UTF-16 units. */
function comesFirst(a: string, b: string): boolean {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

/** Keeps the best, best first. */
function insert(hits: Hit[], hit: Hit, longest: number): void {
  const worst = hits.at(-1);
  if (hits.length === longest && worst !== undefined && !before(hit, worst)) return;
  let [low, high] = [0, hits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (before(hit, hits[middle] as Hit)) high = middle;
    else low = middle + 1;
  }
  hits.splice(low, 0, hit);
  if (hits.length > longest) hits.pop();
}
