// A random start: the names that Hugging Face's models have, BERT's distribution, and numbers that follow from the seed.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { readEncoderConfig } from '../../src/io/model-folder/model-config.ts';
import { openWeights } from '../../src/io/safetensors/weights.ts';
import { encoderParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';

const golden = join(import.meta.dirname, '../golden');

it.each([
  ['bert-two-layers', true],
  ['bert-three-layers-float16', undefined],
  ['bert-gelu-tanh-factorised', false],
])("the parameters of %s are the file's, with their shapes", async (name, pooler) => {
  const config = await readEncoderConfig(join(golden, name, 'config.json'));
  const weights = await openWeights(join(golden, name));
  const has = weights.names.some((found) => found.endsWith('pooler.dense.weight'));
  if (pooler !== undefined) expect(has).toBe(pooler);
  const specs = encoderParameters(config, { pooler: has });
  const want = specs.flatMap(({ names, shape }) => names.map((each) => [each, ...shape].join(' ')));
  const bare = (stored: string) => stored.replace(/^(bert|electra|roberta)\./, '');
  const found = weights.names.map((stored) => [bare(stored), ...weights.info(stored).shape].join(' '));
  expect(want.sort()).toEqual(found.filter((line) => !line.includes('position_ids')).sort());
  await weights.close();
});

it('draws from a normal distribution cut off at two deviations, biases 0, scales 1', async () => {
  const config = await readEncoderConfig(join(golden, 'bert-two-layers', 'config.json'));
  const source = randomParameters(encoderParameters(config, { pooler: true }), 7);
  const words = await source.readFloat32('embeddings.word_embeddings.weight');
  expect(Math.max(...words.map(Math.abs))).toBeLessThanOrEqual(0.04);
  const mean = words.reduce((sum, value) => sum + value, 0) / words.length;
  const deviation = Math.sqrt(words.reduce((sum, value) => sum + (value - mean) ** 2, 0) / words.length);
  expect(Math.abs(mean)).toBeLessThan(0.0015);
  expect(deviation / (0.02 * 0.8796)).toBeCloseTo(1, 1); // 0.8796: of a standard normal cut off at 2
  expect(new Set(await source.readFloat32('pooler.dense.bias'))).toEqual(new Set([0]));
  expect(new Set(await source.readFloat32('encoder.layer.1.output.LayerNorm.weight'))).toEqual(new Set([1]));
  expect(() => source.info('wte.weight')).toThrow(ArgumentError);
});

it('depends on the seed and the name alone', async () => {
  const specs = [{ names: ['a.weight', 'b.weight'], shape: [3, 4] }];
  const read = (seed: number, name: string, from = specs) => randomParameters(from, seed).readFloat32(name);
  const first = await read(1, 'a.weight');
  expect(await read(1, 'a.weight', [{ names: ['a.weight'], shape: [3, 4] }])).toEqual(first);
  expect(await read(1, 'b.weight')).not.toEqual(first);
  expect(await read(2, 'a.weight')).not.toEqual(first);
});
