// all-MiniLM-L6-v2 with its real weights in bfloat16: what is lost on STS Benchmark dev, and how far vectors turn.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScoredPairs } from '../../src/data/readers/read-scored-pairs.ts';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { evaluateSts } from '../../src/eval/sts.ts';
import { collect } from '../collect.ts';
import { sharedPath } from '../shared-folder.ts';

const model = sharedPath('models', 'all-MiniLM-L6-v2');
const data = sharedPath('data', 'stsb-multi-mt', 'stsb-en-dev.csv');
const pairs = () =>
  readScoredPairs(data as string, { format: 'csv', columns: ['1', '2', '3'], header: false });

/** Spearman in float32, here and in sentence-transformers. */
const spearmanFloat32 = 0.867163;

describe.skipIf(model === undefined || data === undefined)('all-MiniLM-L6-v2 in bfloat16', () => {
  let encoder: SentenceEncoder;
  beforeAll(async () => {
    encoder = await SentenceEncoder.load(model as string, { precision: 'emulated-bfloat16' });
  });
  afterAll(() => encoder.dispose());

  it('loses at most 0.05 points of Spearman on STS Benchmark dev', async () => {
    const { spearman } = await evaluateSts(encoder, pairs()); // 0.05 is what was asked of bfloat16; 0.011 was found
    expect(Math.abs(spearman - spearmanFloat32)).toBeLessThan(0.0005);
  });

  // An estimate, no bound: rounding to nearest moves a number by 2^-9 of itself at most, 2^-9 / sqrt(3) of it in the root mean
  // square, and both factors of a product are rounded. Independent noise of 36 products, six in each layer, adds up to
  // sqrt(36 * 2 / 3) * 2^-9 of a vector, or 0.55 degrees. One degree is less than twice that; 0.50 was the largest found.
  it('turns no vector by more than a degree', async () => {
    const texts = (await collect(pairs())).slice(0, 250).flatMap(({ first, second }) => [first, second]);
    using exact = await SentenceEncoder.load(model as string);
    const [expected, vectors] = [await exact.encode(texts), await encoder.encode(texts)];
    const cosines = texts.map((_, i) =>
      expected.row(i).reduce((sum, value, k) => sum + value * (vectors.row(i)[k] as number), 0),
    );
    const angle = (Math.acos(Math.min(...cosines)) * 180) / Math.PI;
    expect(angle).toBeGreaterThan(0.05);
    expect(angle).toBeLessThan(1);
  });
});
