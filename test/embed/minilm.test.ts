// all-MiniLM-L6-v2 with its real weights against sentence-transformers: awkward texts (long, empty, Chinese, emoji,
// control characters, …) component by component, and Spearman and Pearson on STS Benchmark dev.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readScoredPairs } from '../../src/data/readers/read-scored-pairs.ts';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { evaluateSts } from '../../src/eval/sts.ts';
import { sharedPath } from '../shared-folder.ts';

const golden = JSON.parse(
  readFileSync(new URL('../golden/minilm-edge-texts.json', import.meta.url), 'utf8'),
) as {
  stsbDev: { pairs: number; spearman: number; pearson: number };
  texts: { name: string; text: string; tokens: number; first8: number[]; projected: number }[];
};
const model = sharedPath('models', 'all-MiniLM-L6-v2');

/** The fixed pseudo-random vector of the golden file: x = (1664525 x + 1013904223) mod 2^32, component x / 2^31 - 1. */
function projection(dimension: number): number[] {
  let x = 1;
  return Array.from({ length: dimension }, () => {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    return x / 2 ** 31 - 1;
  });
}

describe.skipIf(model === undefined)('all-MiniLM-L6-v2', () => {
  let encoder: SentenceEncoder;
  beforeAll(async () => {
    encoder = await SentenceEncoder.load(model as string);
  });
  afterAll(() => encoder.dispose());

  it('equals sentence-transformers to 1e-5 on awkward texts', async () => {
    const vectors = await encoder.encode(golden.texts.map(({ text }) => text));
    const tokens = await encoder.encode(
      golden.texts.map(({ text }) => text),
      { output: 'token' },
    );
    const direction = projection(encoder.dimension);
    expect(golden.texts.length).toBeGreaterThan(40);
    for (const [index, expected] of golden.texts.entries()) {
      const vector = vectors.row(index);
      const worst = Math.max(
        ...expected.first8.map((value, column) => Math.abs(value - (vector[column] as number))),
      );
      const projected = vector.reduce((sum, value, column) => sum + value * (direction[column] as number), 0);
      const size = tokens.text(index).shape[0];
      expect([expected.name, size, worst < 1e-5, Math.abs(projected - expected.projected) < 2e-5]).toEqual([
        expected.name,
        expected.tokens,
        true,
        true,
      ]);
    }
  });

  const data = sharedPath('data', 'stsb-multi-mt', 'stsb-en-dev.csv');
  it.skipIf(data === undefined)(
    'has the Spearman and Pearson of sentence-transformers on STS Benchmark dev',
    async () => {
      const pairs = readScoredPairs(data as string, {
        format: 'csv',
        columns: ['1', '2', '3'],
        header: false,
      });
      const result = await evaluateSts(encoder, pairs);
      expect(result.pairs).toBe(golden.stsbDev.pairs);
      expect(result.spearman).toBeCloseTo(golden.stsbDev.spearman, 5);
      expect(result.pearson).toBeCloseTo(golden.stsbDev.pearson, 5);
    },
  );
});
