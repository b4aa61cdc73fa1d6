// A whitening built into a model folder: our own loader gives the fitted vectors, sentence-transformers' layout is kept,
// folding changes no vector, and a model that ends in a whitening is not whitened again by accident.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import type { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import { Whitening } from '../../src/embed/whitening/whitening.ts';
import { ArgumentError, ModelError, ShapeError } from '../../src/errors.ts';
import { expectError } from '../expect-error.ts';
import { Random } from '../ops/random.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { copyModel, smallModel } from './small-model.ts';

const words = 'the cat dog sat on mat run play and red over'.split(' ');
const random = new Random(11);
const texts = Array.from({ length: 300 }, () =>
  Array.from({ length: 2 + random.integer(8) }, () => words[random.integer(words.length)]).join(' '),
);

let encoder: SentenceEncoder;
let vectors: Embeddings;
beforeAll(async () => {
  encoder = await SentenceEncoder.load(smallModel);
  vectors = await encoder.encode(texts);
});
afterAll(() => encoder.dispose());

function expectNear(actual: Embeddings, expected: Embeddings, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  const worst = actual.data.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] as number))),
    0,
  );
  expect(worst).toBeLessThan(tolerance);
}

/** The small model with a Dense of its own, and its vectors' whitening. */
async function denseModel(activation: 'identity' | 'tanh', bias: boolean) {
  const folder = join(temporaryFolder(), 'dense');
  const weight = random.normals(12 * 32);
  const biasValues = bias ? { biasValues: random.normals(12) } : {};
  await copyModel(folder, {
    modules: [
      { kind: 'pooling', modes: ['mean'], includePrompt: true },
      { kind: 'dense', inFeatures: 32, outFeatures: 12, activation, weight, ...biasValues },
    ],
  });
  return folder;
}

describe('saveWhitened', () => {
  it.each(['whitening', 'zca', 'remove-top'] as const)('%s is loaded as it was fitted', async (variant) => {
    const target = join(temporaryFolder(), 'model');
    const whitening = await Whitening.fit(
      vectors,
      variant === 'remove-top' ? { variant } : { variant, components: 16 },
    );
    await encoder.saveWhitened(target, whitening);
    using saved = await SentenceEncoder.load(target);
    expectNear(await saved.encode(texts), await whitening.transform(vectors, { normalize: true }), 1e-5);
    expect((await Whitening.load(target)).data).toEqual(whitening.data);
    const modules = JSON.parse(readFileSync(join(target, 'modules.json'), 'utf8')) as {
      path: string;
      type: string;
    }[];
    expect(modules.map(({ path }) => path)).toEqual(['', '1_Pooling', '2_Dense', '3_Normalize']);
    expect(JSON.parse(readFileSync(join(target, '2_Dense', 'config.json'), 'utf8'))).toEqual({
      in_features: 32,
      out_features: whitening.outputs,
      bias: true,
      activation_function: 'torch.nn.modules.linear.Identity',
    });
  });

  it('can leave Normalize out', async () => {
    const target = join(temporaryFolder(), 'model');
    const whitening = await Whitening.fit(vectors, { components: 8 });
    await encoder.saveWhitened(target, whitening, { normalize: false });
    using saved = await SentenceEncoder.load(target);
    expectNear(await saved.encode(texts), await whitening.transform(vectors), 1e-4);
  });

  it.each([true, false])('folds into a linear Dense, with bias: %s', async (bias) => {
    const folder = await denseModel('identity', bias);
    using model = await SentenceEncoder.load(folder);
    const given = await model.encode(texts);
    const whitening = await Whitening.fit(given, { components: 6 });
    const target = join(temporaryFolder(), 'folded');
    await model.saveWhitened(target, whitening, { fold: true });
    expect(readdirSync(target).filter((name) => /^\d_/.test(name))).toEqual([
      '1_Pooling',
      '2_Dense',
      '3_Normalize',
    ]);
    using saved = await SentenceEncoder.load(target);
    expectNear(await saved.encode(texts), await whitening.transform(given, { normalize: true }), 2e-5);
  });

  it('does not fold into what is not linear, or into nothing', async () => {
    using model = await SentenceEncoder.load(await denseModel('tanh', true));
    const whitening = await Whitening.fit(await model.encode(texts), { components: 6 });
    const target = join(temporaryFolder(), 'model');
    await expectError(model.saveWhitened(target, whitening, { fold: true }), ModelError, /activation tanh/);
    const wide = await Whitening.fit(vectors, { components: 6 });
    await expectError(encoder.saveWhitened(target, wide, { fold: true }), ModelError, /it ends in pooling/);
    expect(existsSync(target)).toBe(false);
  });

  it('refuses a whitening of another dimension, and writes nothing', async () => {
    const target = join(temporaryFolder(), 'model');
    const narrow = await Whitening.fit([
      [1, 2, 3],
      [2, 2, 1],
      [0, 1, 1],
      [5, 0, 2],
      [1, 7, 7],
    ]);
    await expectError(
      encoder.saveWhitened(target, narrow),
      ArgumentError,
      /a whitening of vectors of 32 components, .* takes 3: fit/,
    );
    await expectError(narrow.transform(vectors), ShapeError, /dimension 3 but received 32/);
    const fitting = await Whitening.fit(vectors);
    const refused = [
      [null, {}, /expected a Whitening, as/],
      [narrow, null, /32 components/],
      [fitting, null, /options in an object .* null/],
      [fitting, { folds: 1 }, /unknown option "folds"; did you mean fold/],
    ] as const;
    for (const [whitening, options, message] of refused) {
      const saving = encoder.saveWhitened(target, whitening as Whitening, options as never);
      await expectError(saving, ArgumentError, message);
    }
    expect(existsSync(target)).toBe(false);
  });
});

describe('a model that ends in a whitening', () => {
  it.each(['whitening', 'zca'] as const)('is not whitened again unless told to: %s', async (variant) => {
    const [first, second, third] = ['first', 'second', 'third'].map((name) =>
      join(temporaryFolder(), name),
    ) as [string, string, string];
    await encoder.saveWhitened(first, await Whitening.fit(vectors, { variant, components: 20 }));
    using whitened = await SentenceEncoder.load(first);
    const whitening = await Whitening.fit(await whitened.encode(texts), { components: 4 });
    await expectError(
      whitened.saveWhitened(second, whitening),
      ModelError,
      /already ends in a whitening.*--again/,
    );
    await whitened.save(second); // the module without whitening.safetensors
    if (variant === 'whitening') {
      using copy = await SentenceEncoder.load(second);
      await expectError(copy.saveWhitened(third, whitening), ModelError, /already ends in a whitening/);
    }
    await whitened.saveWhitened(third, whitening, { again: true });
    using twice = await SentenceEncoder.load(third);
    expect(twice.dimension).toBe(4);
  });

  it('is told from a model with a Dense of its own', async () => {
    using model = await SentenceEncoder.load(await denseModel('identity', true));
    const whitening = await Whitening.fit(await model.encode(texts), { components: 4 });
    await model.saveWhitened(join(temporaryFolder(), 'model'), whitening);
  });
});
