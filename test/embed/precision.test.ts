// An encoder in int8: near the float32 one, the same bits whatever is beside a text, written to a folder and read from it
// without a difference, and refused where int8 makes no sense.
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { SentenceModel } from '../../src/embed/encoder/sentence-model.ts';
import { Whitening } from '../../src/embed/whitening/whitening.ts';
import { ArgumentError, ModelError } from '../../src/errors.ts';
import { readModelFolder } from '../../src/io/model-folder/model-folder.ts';
import { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { encoderParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';
import { loadTrainableModel } from '../../src/tasks/sentence/load-trainable-model.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { copyModel, smallModel } from './small-model.ts';

const words = 'the cat dog sat on mat run play and red over'.split(' ');
const texts = Array.from({ length: 1000 }, (_, i) =>
  Array.from({ length: 1 + ((i * 7) % 23) }, (_, k) => words[(i * 3 + k * k) % 11]).join(' '),
);

const int8 = { precision: 'int8' } as const;

function cosine(x: Float32Array, y: Float32Array): number {
  const dot = (a: Float32Array, b: Float32Array) =>
    a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** Where `toEqual` would take minutes to describe the difference. */
function expectSameBits(actual: Float32Array, expected: Float32Array): void {
  const [a, b] = [actual, expected].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  expect(Buffer.compare(a as Buffer, b as Buffer)).toBe(0);
}

async function savedInt8(): Promise<string> {
  const target = join(temporaryFolder(), 'int8');
  using encoder = await SentenceEncoder.load(smallModel, int8);
  await encoder.save(target);
  return target;
}

describe('precision int8', () => {
  it('gives vectors near those of float32', async () => {
    using exact = await SentenceEncoder.load(smallModel);
    using encoder = await SentenceEncoder.load(smallModel, int8);
    expect([exact.precision, encoder.precision]).toEqual(['float32', 'int8']);
    const [expected, vectors] = [await exact.encode(texts), await encoder.encode(texts)];
    const cosines = texts.map((_, i) => cosine(expected.row(i), vectors.row(i)));
    // An estimate, no bound: rounding a row of n numbers is noise of sqrt(n) / (254 sqrt(3)) of it at most, where one number
    // is all there is of it. Independent noise of both factors of 2 layers' products, three of rows of 32 and one of 64, adds
    // up to sqrt(2 * 2 * (3 * 32 + 64)) / 440 = 0.0575 of a vector, a cosine of 0.9983; 0.99976 was found.
    expect(Math.min(...cosines)).toBeGreaterThan(0.998);
    expect(Math.min(...cosines)).toBeLessThan(0.999999); // it does round
    const tokens = await encoder.encode(texts.slice(0, 3), { output: 'token' });
    expect(tokens.text(0).shape[1]).toBe(32);
  });

  it('gives the same bits for a text alone and among a thousand, on any number of threads', async () => {
    using encoder = await SentenceEncoder.load(smallModel, { ...int8, threads: 1 });
    using threaded = await SentenceEncoder.load(smallModel, { ...int8, threads: 7 });
    const all = await encoder.encode(texts);
    expectSameBits((await threaded.encode(texts, { batchTokens: 97 })).data, all.data);
    for (const index of [0, 1, 22, 500, 999]) {
      expect(await encoder.encode(texts[index] as string)).toEqual(all.row(index));
      expect(await threaded.encode(texts[index] as string)).toEqual(all.row(index));
    }
  });

  it('is written to a folder of a quarter of the size, which gives the same bits, again and again', async () => {
    const folder = await savedInt8();
    using original = await SentenceEncoder.load(smallModel, int8);
    using written = await SentenceEncoder.load(folder);
    expect(written.precision).toBe('int8');
    const expected = await original.encode(texts);
    expectSameBits((await written.encode(texts)).data, expected.data);

    const second = join(temporaryFolder(), 'again');
    await written.save(second);
    const bytes = (path: string) => readFileSync(join(path, 'model.safetensors'));
    expect(bytes(second).equals(bytes(folder))).toBe(true);
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    expect(config.quantization_config).toMatchObject({
      quant_method: 'compressed-tensors',
      format: 'int-quantized',
    });
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain('Weights: int8');
  });

  it.each(['bert-three-layers-float16', 'bert-gelu-tanh-factorised'])('works for %s', async (name) => {
    const source = join(temporaryFolder(), name);
    cpSync(join(smallModel, '..', name), source, { recursive: true });
    for (const file of ['tokenizer.json', 'tokenizer_config.json'])
      cpSync(join(smallModel, file), join(source, file));
    const target = join(temporaryFolder(), 'int8');
    using encoder = await SentenceEncoder.load(source, int8);
    await encoder.save(target);
    using written = await SentenceEncoder.load(target);
    expect((await written.encode(texts.slice(0, 40))).data).toEqual(
      (await encoder.encode(texts.slice(0, 40))).data,
    );
  });

  it('leaves dense layers after the pooling in float32, and saves a whitening behind it', async () => {
    const target = join(temporaryFolder(), 'whitened');
    using encoder = await SentenceEncoder.load(smallModel, int8);
    const whitening = await Whitening.fit([await encoder.encode(texts)], { components: 5 });
    await encoder.saveWhitened(target, whitening);
    using whitened = await SentenceEncoder.load(target);
    expect([whitened.precision, whitened.dimension]).toEqual(['int8', 5]);
    const expected = await whitening.transform(await encoder.encode(texts.slice(0, 5)), { normalize: true });
    const vectors = await whitened.encode(texts.slice(0, 5));
    for (const [i, value] of vectors.data.entries()) expect(value).toBeCloseTo(expected.data[i] as number, 4);
  });

  it('holds 30 % of the memory at most, and gives all of it back', async () => {
    using engine = new Engine();
    const { config } = await readModelFolder(smallModel);
    const wide = {
      ...config,
      hiddenSize: 128,
      embeddingSize: 128,
      intermediateSize: 512,
      vocabularySize: 4000,
    };
    const source = randomParameters(encoderParameters(wide, { pooler: false }), 1);
    const bytesOf = async (precision: 'float32' | 'int8') => {
      using _ = await Encoder.load(engine, wide, source, { precision });
      await engine.ready(0);
      return engine.stats().bytesInUse;
    };
    const float32 = await bytesOf('float32');
    expect(await bytesOf('int8')).toBeLessThan(0.3 * float32);
    await engine.ready(0);
    expect(engine.stats().liveTensors).toBe(0);
  });

  it('is refused for what it cannot do', async () => {
    const folder = await savedInt8();
    await expectError(
      SentenceEncoder.load(folder, { precision: 'float32' }),
      ModelError,
      /expected weights in float32 but .* holds them in int8: load it with precision int8, or load the model it was/,
    );
    const asked = { precision: 'int4' as 'int8' };
    await expectError(
      SentenceEncoder.load(smallModel, asked),
      ArgumentError,
      /^expected precision to be float32, bfloat16, int8 or emulated-bfloat16 but received int4$/,
    );
    const engine = Engine.shared();
    const options = {
      pooling: ['mean'],
      stored: ['mean'],
      head: 'none',
      seed: 1,
      precision: 'float32',
      maskedLanguage: false,
      learnedTemperature: undefined,
    } as const;
    await expectError(
      loadTrainableModel(engine, await readModelFolder(folder), options),
      ModelError,
      /expected float32 weights to train .* train the model it was quantised from/,
    );
  });

  it('leaves nothing behind when a weight is missing', async () => {
    const target = join(temporaryFolder(), 'broken');
    await copyModel(target, {}, (name) => !name.includes('layer.1.output.dense.weight'));
    using engine = new Engine();
    const load = SentenceModel.load(engine, await readModelFolder(target), int8);
    await expectError(load, ModelError, /layer\.1\.output\.dense\.weight .* but it is missing/);
    await engine.ready(0);
    expect(engine.stats().liveTensors).toBe(0);
  });
});
