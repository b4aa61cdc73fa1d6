// An encoder that multiplies in bfloat16: what is rounded and what is not, held against float32 encoders; its gradients near
// those of float32, the same bits on any number of threads and when layers are recomputed; panels that follow the weights.
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { BackendError, DTypeError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { uploadBatch } from '../../src/nn/encoder/encoder-batch.ts';
import { encoderParameters, isQuantized } from '../../src/nn/encoder/encoder-parameters.ts';
import { Pooling } from '../../src/nn/encoder/pooling.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import type { ParameterSource } from '../../src/nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';
import { packWeight } from '../../src/ops/linear/linear.ts';
import { multiply, square } from '../../src/ops/plain/elementwise.ts';
import { mean } from '../../src/ops/plain/reduce.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectError } from '../expect-error.ts';
import { hiddenStates, worst } from './hidden-states.ts';
import { ragged, smallConfig, type Trainable, trainable, training } from './trainable.ts';

let engine: Engine;
beforeAll(() => {
  engine = new Engine();
});
afterAll(() => engine.dispose());

const bfloat16 = 'emulated-bfloat16';
const source = randomParameters(encoderParameters(smallConfig, { pooler: true }), 1, 0.4);

/** To nearest, ties to even: the weights of a test are all normal numbers. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer);
  for (const [i, word] of bits.entries()) bits[i] = ((word + 0x7fff + ((word >>> 16) & 1)) >>> 16) << 16;
  return new Float32Array(bits.buffer);
}

/** The layers' weights as bfloat16 rounds them; word embeddings stay. */
const roundedSource: ParameterSource = {
  ...source,
  readFloat32: async (name) => {
    const data = await source.readFloat32(name);
    const weight = isQuantized(name, source.info(name).shape) && !name.startsWith('embeddings.');
    return weight ? rounded(data) : data;
  },
};

describe('an encoder in bfloat16', () => {
  it('is the float32 encoder of the rounded weights but for the rounding of activations', async () => {
    using exact = await Encoder.load(engine, smallConfig, source);
    using near = await Encoder.load(engine, smallConfig, roundedSource);
    using encoder = await Encoder.load(engine, smallConfig, source, { precision: bfloat16 });
    const [a, b, c] = await Promise.all([hiddenStates(exact), hiddenStates(near), hiddenStates(encoder)]);
    const of = (list: Float32Array[], layer: number) => list[layer] as Float32Array;
    expect(of(c, 0)).toEqual(of(a, 0)); // embeddings are float32
    for (const layer of [1, 2]) {
      // No bound that follows from the format, which the ops' own tests have: normalised states are about 1, each rounding
      // moves a factor by 2^-9 of itself at most, and eight a layer is a guess at how many count (at layer 2 half was found).
      expect(worst(of(c, layer), of(b, layer))).toBeLessThan(layer * 8 * 2 ** -9);
      expect(worst(of(c, layer), of(b, layer))).toBeGreaterThan(1e-5);
      expect(worst(of(c, layer), of(a, layer))).toBeGreaterThan(1e-5);
    }
  });

  it.each([
    ['float32', 'linear', 'attention'],
    [bfloat16, 'linear_bfloat16', 'attention_bfloat16'],
  ] as const)(
    'in %s multiplies with %s and %s alone, for first tokens too',
    async (precision, ...products) => {
      using encoder = await Encoder.load(engine, smallConfig, source, { precision });
      const queued = vi.spyOn(engine, 'opId');
      for (const wanted of [2, 'cls'] as const) {
        queued.mockClear();
        scope(() => {
          const { tokenIds, offsets } = ragged([3, 1, 5]);
          encoder.forward(uploadBatch(engine, tokenIds, offsets, 0), new Set([wanted]));
        });
        const names = queued.mock.calls.map(([name]) => name);
        expect([...new Set(names.filter((name) => /linear|attention/.test(name)))].sort()).toEqual(
          [...products].sort(),
        );
        expect(names.filter((name) => name === products[1])).toHaveLength(2); // one per layer
      }
      queued.mockRestore();
    },
  );

  it('holds the weights of layers in bfloat16 and everything else in float32, and frees all of it', async () => {
    await engine.ready(0);
    const before = engine.stats().liveTensors;
    const encoder = await Encoder.load(engine, smallConfig, source, { precision: bfloat16 });
    const [layer] = encoder.layers;
    const { word, position } = encoder.embeddings;
    expect(layer?.queryKeyValue).toMatchObject({ bfloat16: true, inputs: 8, outputs: 24 });
    expect(layer?.intermediate.weight).toMatchObject({ bfloat16: true });
    expect(encoder.pooler?.weight).toMatchObject({ bfloat16: true });
    expect([(word as Tensor).dtype, position.dtype]).toEqual(['float32', 'float32']);
    encoder.dispose();
    await engine.ready(0);
    expect(engine.stats().liveTensors).toBe(before);
  });

  it('needs instructions for it unless emulation is asked for, and float32 weights', async () => {
    const load = Encoder.load(engine, smallConfig, source, { precision: 'bfloat16' });
    if (engine.nativeBFloat16) {
      using encoder = await load;
      using emulated = await Encoder.load(engine, smallConfig, source, { precision: bfloat16 });
      expect(await hiddenStates(emulated)).toEqual(await hiddenStates(encoder));
    } else {
      await expectError(
        load,
        BackendError,
        /^expected instructions for bfloat16 \(AVX-512-BF16 or AMX\) but backend \w+ has none: choose precision float32 or int8, or emulated-bfloat16, which/,
      );
    }
    expect(() =>
      scope(() => packWeight(Tensor.from(engine, new Float64Array(4), [2, 2]), { bfloat16: true })),
    ).toThrow(DTypeError);
  });
});

describe('training in bfloat16', () => {
  const config = { ...smallConfig, hiddenSize: 16, embeddingSize: 16, intermediateSize: 48 };
  const pooling = new Pooling(['mean']);

  const load = (on: Engine, precision: 'float32' | typeof bfloat16) =>
    trainable(on, config, 'float32', precision);

  /** The gradient of a loss in which every component counts with another weight. */
  async function gradient({ encoder, store }: Trainable, context: ForwardContext): Promise<Float32Array> {
    store.clearGradients();
    withTape(() => {
      const { tokenIds, offsets } = ragged([3, 1, 5, 0, 4]);
      const batch = uploadBatch(store.engine, tokenIds, offsets, 0, undefined, 0);
      const vectors = pooling.forward(encoder, encoder.forward(batch, new Set([2]), context), batch);
      backward(mean(multiply(square(vectors), vectors)));
    });
    return store.gradients.float32Data();
  }

  function cosine(x: Float32Array, y: Float32Array): number {
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);
    return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
  }

  it('has gradients near those of float32, in every layer', async () => {
    const [exact, model] = [await load(engine, 'float32'), await load(engine, bfloat16)];
    const [expected, actual] = [await gradient(exact, training), await gradient(model, training)];
    expect(cosine(actual, expected)).toBeGreaterThan(0.999); // what was asked of bfloat16, not derived
    expect(actual).not.toEqual(expected);
    for (const { name, offset, size } of model.store.parameters) {
      const [a, b] = [actual, expected].map((all) => all.subarray(offset, offset + size));
      // attention's keys may all be moved alike, so the gradient of their bias is zero but for rounding
      if (!/weight$/.test(name) || !(b as Float32Array).some((value) => value !== 0)) continue;
      expect([name, cosine(a as Float32Array, b as Float32Array) > 0.999]).toEqual([name, true]);
    }
    for (const each of [exact, model]) each.dispose();
  });

  it('multiplies in bfloat16 alone, forward and backward, in the layers', async () => {
    const model = await load(engine, bfloat16);
    const queued = vi.spyOn(engine, 'opId');
    await gradient(model, training);
    const names = new Set(queued.mock.calls.map(([name]) => name));
    queued.mockRestore();
    expect([...names].filter((name) => /linear|attention|matmul/.test(name)).sort()).toEqual([
      'attention_bfloat16',
      'attention_gradient_bfloat16',
      'linear_bfloat16',
      'linear_weight_gradient_bfloat16',
    ]);
    model.dispose();
  });

  it('gives the same bits on 1, 2 and 7 threads, and when each layer is recomputed', async () => {
    const results: Float32Array[] = [];
    for (const threads of [1, 2, 7]) {
      using own = new Engine({ threads });
      const model = await load(own, bfloat16);
      results.push(await gradient(model, training), await gradient(model, { ...training, recompute: true }));
      model.dispose();
    }
    for (const other of results) expect(other).toEqual(results[0]);
  });

  it('rounds the weights as they are now, and leaves them as they were', async () => {
    const model = await load(engine, bfloat16);
    const weight = model.store.parameter('encoder.layer.1.output.dense.weight');
    const values = await weight.read();
    const first = await gradient(model, training);
    expect(await weight.read()).toEqual(values);
    weight.load(Float32Array.from(values, (value) => value * 1.5));
    expect(await gradient(model, training)).not.toEqual(first);
    weight.load(Float32Array.from(values));
    expect(await gradient(model, training)).toEqual(first);
    model.dispose();
  });
});
