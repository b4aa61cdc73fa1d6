// Sentence-transformers folders: their modules and prompts are applied, and what is saved gives the same vectors.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { Random } from '../ops/random.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { copyModel, smallModel } from './small-model.ts';

let encoder: SentenceEncoder;
beforeAll(async () => {
  encoder = await SentenceEncoder.load(smallModel);
});
afterAll(() => encoder.dispose());

describe('sentence-transformers folders', () => {
  it('apply Dense and Normalize', async () => {
    const target = join(temporaryFolder(), 'model');
    const weight = new Random(3).normals(5 * 32);
    const biasValues = new Random(4).normals(5);
    await copyModel(target, {
      modules: [
        { kind: 'pooling', modes: ['mean'], includePrompt: true },
        { kind: 'dense', inFeatures: 32, outFeatures: 5, activation: 'tanh', weight, biasValues },
        { kind: 'normalize' },
      ],
    });
    using other = await SentenceEncoder.load(target);
    expect(other.dimension).toBe(5);
    const pooled = await encoder.encode('the cat');
    const dense = Array.from({ length: 5 }, (_, row) =>
      Math.tanh(
        pooled.reduce(
          (sum, value, column) => sum + value * (weight[row * 32 + column] as number),
          biasValues[row] as number,
        ),
      ),
    );
    const norm = Math.hypot(...dense);
    const actual = await other.encode('the cat');
    for (const [index, value] of dense.entries()) expect(actual[index]).toBeCloseTo(value / norm, 5);
    const raw = await other.encode('the cat', { normalize: false });
    for (const [index, value] of dense.entries()) expect(raw[index]).toBeCloseTo(value, 5);
  });

  it('keep a Normalize before a Dense whatever `normalize` says', async () => {
    const target = join(temporaryFolder(), 'model');
    const weight = new Random(5).normals(4 * 32);
    await copyModel(target, {
      modules: [
        { kind: 'pooling', modes: ['mean'], includePrompt: true },
        { kind: 'normalize' },
        { kind: 'dense', inFeatures: 32, outFeatures: 4, activation: 'identity', weight },
      ],
    });
    using other = await SentenceEncoder.load(target);
    const pooled = await encoder.encode('the cat', { normalize: true });
    const row = (index: number) => weight.subarray(index * 32, (index + 1) * 32);
    const dense = [0, 1, 2, 3].map((index) =>
      pooled.reduce((sum, value, column) => sum + value * (row(index)[column] as number), 0),
    );
    for (const normalize of [undefined, false, true]) {
      const actual = await other.encode('the cat', normalize === undefined ? {} : { normalize });
      const length = normalize === true ? Math.hypot(...dense) : 1;
      for (const [index, value] of dense.entries()) expect(actual[index]).toBeCloseTo(value / length, 5);
    }
  });

  it('leave the prompt out of the pooling when told to', async () => {
    const target = join(temporaryFolder(), 'model');
    await copyModel(target, {
      modules: [{ kind: 'pooling', modes: ['mean'], includePrompt: false }],
      prompts: { query: 'the dog ', passage: 'cat: ' },
    });
    using other = await SentenceEncoder.load(target);
    const tokens = (await other.encode(['the dog ran over'], { output: 'token' })).text(0);
    const skipped = 1 + 2; // [CLS] the dog
    const rows = tokens.shape[0] - skipped;
    const expected = Array.from({ length: 32 }, (_, column) => {
      let sum = 0;
      for (let token = skipped; token < tokens.shape[0]; token++)
        sum += tokens.data[token * 32 + column] as number;
      return sum / rows;
    });
    const actual = await other.encodeQuery('ran over');
    for (const [column, value] of expected.entries()) expect(actual[column]).toBeCloseTo(value, 5);
    expect(await other.encode('ran over', { promptName: 'query' })).toEqual(actual);
    expect(await other.encodeDocument('ran')).toEqual(await other.encode('ran', { prompt: 'cat: ' }));
    expect(await encoder.encodeQuery('ran')).toEqual(await encoder.encode('ran'));
  });
});

describe('save', () => {
  it('writes a folder that gives the same vectors, with the pooling in use', async () => {
    const target = join(temporaryFolder(), 'saved');
    using max = await SentenceEncoder.load(smallModel, { pooling: 'max+cls' });
    await max.save(target);
    using saved = await SentenceEncoder.load(target);
    expect(saved.pooling).toEqual(['max', 'cls']);
    expect(await saved.encode(['the cat', 'dog'])).toEqual(await max.encode(['the cat', 'dog']));
    await expect(max.save(target)).rejects.toThrow(/not empty/);
    await max.save(target, { overwrite: true });
  });

  it('refuses a pooling that sentence-transformers does not have', async () => {
    using first = await SentenceEncoder.load(smallModel, { pooling: 'last_two' });
    await expect(first.save(join(temporaryFolder(), 'saved'))).rejects.toThrow(/last_two/);
  });
});
