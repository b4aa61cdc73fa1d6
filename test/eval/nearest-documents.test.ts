// Rankings by the engine's products and float64 scores are those of float64 scores alone, by every measure: ties, near
// ties, zeros and documents in parts included.
import { expect, it } from 'vitest';
import { dotProduct, unitVector } from '../../src/eval/cosine.ts';
import { NearestDocuments } from '../../src/eval/nearest-documents.ts';
import { rankingMeasure } from '../../src/eval/ranking-measure.ts';
import {
  SIMILARITY_FUNCTIONS,
  type SimilarityFunction,
} from '../../src/io/model-folder/similarity-function.ts';
import { Engine } from '../../src/native/engine.ts';
import { seededRandom } from '../seeded-random.ts';

const width = 33;
const random = seededRandom(11);
const vector = () => Float32Array.from({ length: width }, () => random() - 0.5);
const rows = (vectors: readonly Float32Array[]) => ({
  row: (index: number) => vectors[index] as Float32Array,
});

const queries = Array.from({ length: 260 }, vector);
const documents = Array.from({ length: 700 }, (_, index) => {
  if (index % 50 === 7) return new Float32Array(width);
  const made = vector();
  if (index % 3 !== 0) return made;
  // Nearly, or just, some query's direction: cosines that float32 cannot tell apart.
  const near = queries[index % 5] as Float32Array;
  return near.map((value, at) => (index % 2 === 0 ? 2 * value : value + 1e-7 * (made[at] as number)));
});
const ids = documents.map((_, index) => `d${(index * 7919) % 1000}-${index}`);

const exact: Record<SimilarityFunction, (x: Float32Array, y: Float32Array) => number> = {
  cosine: (x, y) => dotProduct(unitVector(x), unitVector(y)),
  dot: (x, y) => dotProduct(Float64Array.from(x), Float64Array.from(y)),
  euclidean: (x, y) => -Math.sqrt(x.reduce((sum, value, at) => sum + (value - (y[at] as number)) ** 2, 0)),
  manhattan: (x, y) => -x.reduce((sum, value, at) => sum + Math.abs(value - (y[at] as number)), 0),
};

const backends = Engine.shared().description.backends.filter(
  ({ available, name }) => available && name !== 'mock',
);

it.each(backends.flatMap(({ name }) => SIMILARITY_FUNCTIONS.map((measure) => [measure, name] as const)))(
  'ranks by %s as float64 alone does, on %s',
  async (measure, name) => {
    const engine = new Engine({ backend: name });
    const nearest = new NearestDocuments(engine, rows(queries), {
      count: queries.length,
      longest: 40,
      measure,
    });
    for (let start = 0; start < documents.length; start += 256) {
      await nearest.add(ids.slice(start, start + 256), rows(documents.slice(start, start + 256)));
    }
    for (const [index, query] of queries.entries()) {
      const all = documents.map((document, at) => ({
        id: ids[at] as string,
        score: exact[measure](query, document),
      }));
      all.sort((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1));
      expect(nearest.rankings[index]).toEqual(all.slice(0, 40));
    }
    engine.dispose();
  },
);

it.each(SIMILARITY_FUNCTIONS)(
  'few documents are scored exactly by %s, unless it is no product',
  async (measure) => {
    const { bound, prepare, score } = rankingMeasure(measure);
    if (bound === undefined) return expect(measure).toBe('manhattan');
    for (const [x, y] of queries.map((query, at) => [query, documents[at] as Float32Array] as const)) {
      const [query, document] = [prepare(x), prepare(y)];
      const product = Math.fround(dotProduct(query.values, document.values));
      const most = bound(product, query, document);
      expect(most).toBeGreaterThanOrEqual(score(query, document));
      expect(most - score(query, document)).toBeLessThan(measure === 'euclidean' ? 1e-2 : 1e-4);
    }
  },
);

it('products that overflow float32 leave the score to float64', async () => {
  const large = [Float32Array.of(3e38, 3e38), Float32Array.of(3e38, -3e38), Float32Array.of(1, 1)];
  const nearest = new NearestDocuments(Engine.shared(), rows(large), {
    count: 1,
    longest: 1,
    measure: 'dot',
  });
  await nearest.add(['small'], rows([Float32Array.of(1e-3, 1e-3)]));
  await nearest.add(['opposite', 'same'], rows([Float32Array.of(-3e38, 3e38), Float32Array.of(3e38, 3e38)]));
  expect(nearest.rankings[0]?.map(({ id }) => id)).toEqual(['same']);
});
