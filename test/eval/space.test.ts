// Measures of a space against values that can be worked out: opposite pairs, a circle, equal spectra, one direction.
import { describe, expect, it } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { Whitening } from '../../src/embed/whitening/whitening.ts';
import { ArgumentError, DataError } from '../../src/errors.ts';
import { HISTOGRAM_STEPS, measureSpace } from '../../src/eval/space.ts';
import { expectError } from '../expect-error.ts';
import { Random } from '../ops/random.ts';

/** Evenly spaced points of the unit circle. */
function circle(count: number): Embeddings {
  const data = Float32Array.from({ length: 2 * count }, (_, index) => {
    const angle = (2 * Math.PI * Math.floor(index / 2)) / count;
    return index % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
  });
  return new Embeddings(data, count, 2);
}

describe('measureSpace', () => {
  it('of a circle', async () => {
    const { measures, projection } = await measureSpace(circle(4));
    expect(measures.meanCosine).toBeCloseTo(-1 / 3, 6); // 0, 0, -1 from each point
    expect(measures.effectiveRank).toBeCloseTo(2, 6);
    expect(measures.spectrum.map((share) => share.toFixed(6))).toEqual(['0.500000', '0.500000']);
    expect(measures.uniformity).toBeCloseTo(Math.log((2 * Math.exp(-4) + Math.exp(-8)) / 3), 5);
    expect(measures.histogram.length).toBe(HISTOGRAM_STEPS);
    expect(measures.histogram.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
    expect(measures.histogram[0]).toBeCloseTo(1 / 3, 6);
    expect(projection.length).toBe(8);
  });

  it('of vectors along one direction', async () => {
    const data = Float32Array.from({ length: 30 }, (_, i) => (i % 3 === 0 ? 1 + i : 0));
    const { measures } = await measureSpace(new Embeddings(data, 10, 3));
    expect(measures.meanCosine).toBeCloseTo(1, 6);
    expect(measures.effectiveRank).toBeCloseTo(1, 6);
    expect(measures.componentsFor90).toBe(1);
    expect(measures.uniformity).toBeCloseTo(0, 5);
  });

  it('has the uniformity that follows from its definition, of vectors of any length', async () => {
    // (1, 0), (0, 3), (-2, 0) on the unit circle: squared distances 2, 4 and 2
    const { measures } = await measureSpace(new Embeddings(Float32Array.of(1, 0, 0, 3, -2, 0), 3, 2));
    const mean = (2 * Math.exp(-4) + Math.exp(-8)) / 3;
    expect(measures.uniformity).toBeCloseTo(Math.log(mean), 6);
    const same = await measureSpace(new Embeddings(Float32Array.of(1, 0, 7, 0), 2, 2));
    expect(same.measures.uniformity).toBeCloseTo(0, 6);
  });

  it('says when there are too few vectors to span the dimension', async () => {
    const of = async (count: number) => (await measureSpace(circle(count))).measures.fewVectors;
    expect([await of(2), await of(3)]).toEqual([true, false]);
    await expectError(measureSpace([] as never), ArgumentError, /expected vectors as Embeddings/);
  });

  it('of pairs: alignment of those that mean the same, and correlation with the scores', async () => {
    const vectors = circle(8); // 45 degrees apart
    const pairs = [
      { first: 0, second: 0, score: 5 },
      { first: 0, second: 1, score: 4 },
      { first: 0, second: 2, score: 3 },
      { first: 0, second: 4, score: 0 },
    ];
    const { measures } = await measureSpace(vectors, { pairs, positive: 3 });
    expect(measures.positives).toBe(2);
    expect(measures.alignment).toBeCloseTo((0 + 2 - Math.SQRT2) / 2, 6);
    expect(measures.spearman).toBeCloseTo(1, 10);
    expect((await measureSpace(vectors, { pairs })).measures.positives).toBe(1); // 4 is not above 4
    const none = await measureSpace(vectors, { pairs, positive: 6 });
    expect(none.measures).not.toHaveProperty('alignment');
  });

  it('whitening spreads a narrow cone evenly', async () => {
    const random = new Random(2);
    const data = random.normals(500 * 10).map((value, i) => 4 + value / (1 + (i % 10)));
    const cone = new Embeddings(data, 500, 10);
    const before = (await measureSpace(cone)).measures;
    const white = await (await Whitening.fit(cone)).transform(cone);
    const after = (await measureSpace(white)).measures;
    expect(before.meanCosine).toBeGreaterThan(0.95);
    expect(Math.abs(after.meanCosine)).toBeLessThan(0.01);
    expect(before.effectiveRank).toBeLessThan(5);
    expect(after.effectiveRank).toBeCloseTo(10, 3);
    expect(after.uniformity).toBeLessThan(before.uniformity);
  });

  it('refuses one vector, and one that is not finite', async () => {
    await expectError(measureSpace(circle(1)), DataError, /at least two vectors/);
    const bad = new Embeddings(Float32Array.of(1, 2, Number.NaN, 4), 2, 2);
    await expectError(measureSpace(bad), DataError, /row 1 is not/);
  });
});
