// The masked language auxiliary: which tokens are masked, the loss against log-softmax written out, and the gradient of a
// whole step, tied word embeddings included, against differences in float64.
import { afterAll, describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { encoderParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import { Pooling } from '../../src/nn/encoder/pooling.ts';
import { MaskedLanguageHead, maskedLanguageParameters } from '../../src/nn/heads/masked-language-head.ts';
import { TiedDecoder } from '../../src/nn/heads/tied-decoder.ts';
import { ParameterReader } from '../../src/nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';
import { maskTokens, withMaskedLanguage } from '../../src/objectives/masked-language.ts';
import { wholeBatch } from '../../src/objectives/objective.ts';
import { simcseUnsupervised } from '../../src/objectives/simcse.ts';
import { add } from '../../src/ops/plain/elementwise.ts';
import { matmul } from '../../src/ops/plain/matmul.ts';
import { logSoftmax } from '../../src/ops/plain/softmax.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { ragged, smallConfig, training } from '../nn/trainable.ts';

const engine = new Engine({ backend: 'reference', threads: 1 });
afterAll(() => engine.dispose());

async function load() {
  const specs = [
    ...encoderParameters(smallConfig, { pooler: false }),
    ...maskedLanguageParameters(smallConfig),
  ];
  const store = new ParameterStore(engine, specs, 'float64');
  const source = randomParameters(specs, 3, 0.4);
  const encoder = await Encoder.load(engine, smallConfig, source, { trainable: store });
  const reader = new ParameterReader(engine, source, { trainable: store });
  const head = await MaskedLanguageHead.load(reader, smallConfig, TiedDecoder.ofStore(store));
  store
    .parameter('cls.predictions.bias')
    .load(Float32Array.from({ length: 11 }, (_, word) => Math.cos(word)));
  const dispose = () => {
    for (const part of [encoder, head, store]) part.dispose();
  };
  return { store, encoder, head, dispose };
}

const special = { maskToken: 1, specialTokens: [0, 2] };
const batch = { examples: 4, columns: 1, tokens: ragged([3, 6, 5, 4]) };

describe('masking', () => {
  const tokenIds = Int32Array.from({ length: 20000 }, (_, index) =>
    index % 10 === 0 ? 2 : 3 + (index % 97),
  );
  const { tokenIds: masked, places } = maskTokens(tokenIds, 5, 100, special);

  it('chooses 15 %, of which 80 % become [MASK], 10 % another word and 10 % stay', () => {
    expect(places.length / 18000).toBeCloseTo(0.15, 2);
    const kinds = { mask: 0, same: 0, other: 0 };
    for (const place of places) {
      expect(tokenIds[place]).not.toBe(2);
      if (masked[place] === 1) kinds.mask++;
      else kinds[masked[place] === tokenIds[place] ? 'same' : 'other']++;
    }
    expect(kinds.mask / places.length).toBeCloseTo(0.8, 1);
    expect(kinds.same / places.length).toBeCloseTo(0.1, 1);
    const chosen = new Set(places);
    for (const [place, id] of tokenIds.entries()) {
      if (!chosen.has(place)) expect(masked[place]).toBe(id);
      else expect([0, 2]).not.toContain(masked[place]);
    }
  });

  it('follows from the seed, and masks at least one token', () => {
    expect(maskTokens(tokenIds, 5, 100, special)).toEqual({ tokenIds: masked, places });
    expect(maskTokens(tokenIds, 6, 100, special).places).not.toEqual(places);
    expect([...maskTokens(Int32Array.of(2, 7, 2), 0, 100, { ...special, share: 0 }).places]).toEqual([1]);
    expect(() => maskTokens(Int32Array.of(2, 0, 1), 0, 100, special)).toThrow(ArgumentError);
  });
});

it('the loss is the mean of minus log softmax', async () => {
  const { head, store, dispose } = await load();
  const words = Int32Array.of(4, 7, 7);
  const [loss, all] = scope(() => {
    const hidden = Tensor.from(
      engine,
      Float64Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [3, 8],
    );
    const state = head.norm.forward(head.dense.forward(hidden));
    const table = store.parameter('embeddings.word_embeddings.weight').value;
    const bias = store.parameter('cls.predictions.bias').value;
    const logits = add(matmul(state, table, { transposeRight: true }), bias);
    return [head.predict(hidden, words).loss, logSoftmax(logits)];
  }) as [Tensor, Tensor];
  const values = await all.data();
  const want = words.reduce((sum, word, row) => sum - (values[11 * row + word] as number) / 3, 0);
  expect((await loss.data())[0]).toBeCloseTo(want, 12);
  for (const tensor of [loss, all]) tensor.dispose();
  dispose();
});

it('the gradient of SimCSE with the auxiliary equals differences', async () => {
  const { store, encoder, head, dispose } = await load();
  const objective = withMaskedLanguage(wholeBatch(simcseUnsupervised()), { head, ...special });
  const forward = () => objective({ encoder, pooling: new Pooling(['mean']) }, batch, training);
  const { loss, metrics } = withTape(() => {
    const result = forward();
    backward(result.loss);
    return result;
  });
  const [total, contrastive, masked] = await Promise.all(
    [loss, metrics.contrastive, metrics.maskedLanguage].map(
      async (tensor) => (await tensor?.data())?.[0] as number,
    ),
  );
  expect(total).toBeCloseTo((contrastive as number) + 0.1 * (masked as number), 12);
  for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
  const gradient = (await store.gradients.data()) as Float64Array;
  const values = (await store.values.data()) as Float64Array;
  const direction = values.map((_, index) => Math.sin(index * 1.7));
  const at = async (h: number) => {
    store.values.write(values.map((value, index) => value + h * (direction[index] as number)));
    store.changed();
    using moved = scope(() => forward().loss);
    return (await moved.data())[0] as number;
  };
  const h = 2e-5;
  const want = (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
  const got = direction.reduce((sum, value, index) => sum + value * (gradient[index] as number), 0);
  expect(Math.abs(got - want) / Math.hypot(...gradient)).toBeLessThan(1e-6);
  dispose();
});
