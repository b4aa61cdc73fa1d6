// Each query's nearest documents by cosine, best first, of documents that come a part at a time and are not kept. Cosines are
// float64 and equal ones ranked by the documents' ids, in the order of their code points. The engine's float32 products say
// which documents may be among the best at all; only those cosines are computed in float64, so that the ranking is the
// one that all of them would give, in a tenth of the time.
//
// Why none is missed: u = 2^-24 is float32's rounding, d the width. A unit vector rounded to float32 is off by at most u per
// component's size, a product of two by at most 2 u + u^2, and a sum of d of them in any order by at most d u / (1 - d u)
// of sum |x_i y_i| <= 1: together less than (d + 3) u, of which `margin` is twice.
import type { Engine } from '../native/engine.ts';
import { linear, packArray } from '../ops/linear.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { dotProduct, unitVector } from './cosine.ts';

/** A document among a query's nearest. */
export interface Hit {
  id: string;
  /** Cosine in float64; 0 where a vector is of zeros. */
  score: number;
}

interface Rows {
  row(index: number): Float32Array;
}

/** Queries whose products with a part of the documents are in memory at once. */
const queriesAtOnce = 256;

export class NearestDocuments {
  readonly #engine: Engine;
  readonly #longest: number;
  readonly #queries: readonly Float64Array[]; // each of length 1, or zeros
  readonly #hits: Hit[][];

  /** @param longest documents of a ranking */
  constructor(engine: Engine, queries: Rows, count: number, longest: number) {
    this.#engine = engine;
    this.#longest = longest;
    this.#queries = Array.from({ length: count }, (_, index) => unitVector(queries.row(index)));
    this.#hits = this.#queries.map(() => []);
  }

  /** For each query, its nearest documents so far, best first. */
  get rankings(): readonly (readonly Hit[])[] {
    return this.#hits;
  }

  /** Compares every query with a part of the documents, at least one. */
  async add(ids: readonly string[], documents: Rows): Promise<void> {
    const units = ids.map((_, index) => unitVector(documents.row(index)));
    const width = units[0]?.length as number;
    using packed = packArray(this.#engine, matrixOf(units, width), units.length, width);
    const margin = 2 * (width + 3) * 2 ** -24;
    for (let start = 0; start < this.#queries.length; start += queriesAtOnce) {
      const queries = this.#queries.slice(start, start + queriesAtOnce);
      const shape = [queries.length, width];
      using block = scope(() => linear(Tensor.from(this.#engine, matrixOf(queries, width), shape), packed));
      const products = await block.float32Data(); // [queries, documents]
      for (const [index, query] of queries.entries()) {
        const row = products.subarray(index * ids.length, (index + 1) * ids.length);
        this.#rank(start + index, query, row, ids, units, margin);
      }
    }
  }

  #rank(
    index: number,
    query: Float64Array,
    products: Float32Array,
    ids: readonly string[],
    units: readonly Float64Array[],
    margin: number,
  ): void {
    const hits = this.#hits[index] as Hit[];
    let least = this.#least(hits) - margin;
    for (let document = 0; document < products.length; document++) {
      if ((products[document] as number) < least) continue;
      const score = dotProduct(query, units[document] as Float64Array);
      insert(hits, { id: ids[document] as string, score }, this.#longest);
      least = this.#least(hits) - margin;
    }
  }

  /** The score below which nothing is ranked any more. */
  #least(hits: readonly Hit[]): number {
    return hits.length < this.#longest ? Number.NEGATIVE_INFINITY : (hits.at(-1)?.score as number);
  }
}

/** Vectors as the rows of one float32 matrix. @returns [rows, width] */
function matrixOf(rows: readonly Float64Array[], width: number): Float32Array {
  const data = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) data.set(row, index * width);
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
