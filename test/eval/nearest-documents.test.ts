// Rankings by the engine's products and float64 cosines are those of float64 cosines alone: ties, near ties, zeros and
// documents in parts included.
import { expect, it } from 'vitest';
import { dotProduct, unitVector } from '../../src/eval/cosine.ts';
import { NearestDocuments } from '../../src/eval/nearest-documents.ts';
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

it.each(Engine.shared().description.backends.filter(({ available, name }) => available && name !== 'mock'))(
  'ranks as float64 alone does, on $name',
  async ({ name }) => {
    const engine = new Engine({ backend: name });
    const nearest = new NearestDocuments(engine, rows(queries), queries.length, 40);
    for (let start = 0; start < documents.length; start += 256) {
      await nearest.add(ids.slice(start, start + 256), rows(documents.slice(start, start + 256)));
    }
    const units = documents.map(unitVector);
    for (const [index, query] of queries.entries()) {
      const own = unitVector(query);
      const all = units.map((unit, at) => ({
        id: ids[at] as string,
        score: dotProduct(own, unit),
      }));
      all.sort((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1));
      expect(nearest.rankings[index]).toEqual(all.slice(0, 40));
    }
    engine.dispose();
  },
);
