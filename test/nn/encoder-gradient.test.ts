// A whole two-layer BERT: the gradient of every parameter against central differences in float64, with every pooling; and
// what training promises: masks by sequence id, the same gradients when recomputed, cut up, or on another number of threads.
import { describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { uploadBatch } from '../../src/nn/encoder/encoder-batch.ts';
import { POOLING_MODES, Pooling, parsePooling } from '../../src/nn/encoder/pooling.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import { multiply, square } from '../../src/ops/plain/elementwise.ts';
import { mean, sum } from '../../src/ops/plain/reduce.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { engineOf } from './engines.ts';
import { ragged, smallConfig, type Trainable, trainable, training } from './trainable.ts';

const withEmpty = [3, 1, 5, 0, 4];
const lengths = [3, 1, 5, 2, 4]; // where [CLS] is all that is pooled, the last layer runs for first tokens alone

function vectors(
  model: Trainable,
  pooling: Pooling,
  context?: ForwardContext,
  ofLengths: readonly number[] = lengths,
): Tensor {
  const { encoder, store } = model;
  const { tokenIds, offsets } = ragged(ofLengths);
  const types = tokenIds.map((id) => id % 2);
  const batch = uploadBatch(store.engine, tokenIds, offsets, 0, types, 0);
  const states = encoder.forward(batch, pooling.wantedStates(smallConfig.layers), context);
  const pooled = pooling.forward(encoder, states, batch);
  return pooling.modes.length === 1 ? model.head.forward(pooled) : pooled;
}

/** A loss that every component counts in, with another weight. */
function lossOf(output: Tensor): Tensor {
  return mean(multiply(square(output), output));
}

async function gradients(model: Trainable, body: () => void): Promise<Float32Array | Float64Array> {
  model.store.clearGradients();
  body();
  return (await model.store.gradients.data()) as Float32Array | Float64Array;
}

const step = (model: Trainable, pooling: Pooling, context?: ForwardContext, ofLengths?: readonly number[]) =>
  gradients(model, () => withTape(() => backward(lossOf(vectors(model, pooling, context, ofLengths)))));

describe('gradients of a two-layer BERT equal differences', () => {
  const modes = [...POOLING_MODES, 'cls+mean'];

  async function slope(
    model: Trainable,
    direction: (index: number) => number,
    loss: () => Tensor,
  ): Promise<number> {
    const values = (await model.store.values.data()) as Float64Array;
    const at = async (h: number) => {
      model.store.values.write(values.map((value, index) => value + h * direction(index)));
      model.store.changed();
      using made = scope(loss);
      return (await made.data())[0] as number;
    };
    const h = 1e-4;
    const slopes = 8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)));
    await at(0);
    return slopes / (12 * h);
  }

  it.each([
    ...modes.map((mode) => [mode, withEmpty] as const),
    ...['cls', 'pooler', 'cls+pooler_linear'].map((mode) => [mode, lengths] as const),
  ])('%s of sequences of %j tokens, along directions', async (mode, ofLengths) => {
    const model = await trainable(engineOf('reference', 1), smallConfig, 'float64');
    const pooling = new Pooling(parsePooling(mode));
    const everything = { name: 'all parameters', offset: 0, size: model.store.size };
    for (const context of [undefined, training]) {
      const gradient = await step(model, pooling, context, ofLengths);
      const parts = mode === 'mean' || ofLengths === lengths ? model.store.parameters : [everything];
      for (const { name, offset, size } of parts) {
        const direction = (index: number) =>
          index < offset || index >= offset + size ? 0 : Math.sin(index * 1.7);
        const want = await slope(model, direction, () => lossOf(vectors(model, pooling, context, ofLengths)));
        let got = 0;
        for (let index = offset; index < offset + size; index++) {
          got += (gradient[index] as number) * direction(index);
        }
        const scale = Math.hypot(...gradient.subarray(offset, offset + size), 1e-3);
        expect([name, Math.abs(got - want) <= 1e-6 * scale]).toEqual([name, true]);
      }
    }
    model.dispose();
  });

  it('mean, in every single element', async () => {
    const model = await trainable(
      engineOf('reference', 1),
      { ...smallConfig, layers: 1, intermediateSize: 6 },
      'float64',
    );
    const pooling = new Pooling(['mean']);
    const once = { ...training };
    const { offsets, tokenIds } = ragged([3, 2]);
    const lossFor = () => {
      const batch = uploadBatch(model.store.engine, tokenIds, offsets, 0, undefined, 0);
      return lossOf(pooling.forward(model.encoder, model.encoder.forward(batch, new Set([1]), once), batch));
    };
    const gradient = await gradients(model, () => withTape(() => backward(lossFor())));
    const values = (await model.store.values.data()) as Float64Array;
    const at = async (index: number, h: number) => {
      const moved = values.slice();
      moved[index] = (moved[index] as number) + h;
      model.store.values.write(moved);
      model.store.changed();
      using loss = scope(lossFor);
      return (await loss.data())[0] as number;
    };
    const largest = Math.max(...gradient.map(Math.abs));
    for (let index = 0; index < gradient.length; index++) {
      const want = ((await at(index, 1e-5)) - (await at(index, -1e-5))) / 2e-5;
      expect([index, Math.abs((gradient[index] as number) - want) <= 1e-6 * largest]).toEqual([index, true]);
    }
    model.dispose();
  });
});

describe.each([
  ['reference', 'mean'],
  ['avx2', 'mean'],
  ['avx2', 'cls'],
] as const)('training on %s, pooling %s', (backend, mode) => {
  const pooling = new Pooling([mode]);

  it('gives the same bits with 1, 2 and 7 threads', async () => {
    const results = [];
    for (const threads of [1, 2, 7]) {
      const model = await trainable(engineOf(backend, threads));
      results.push(await step(model, pooling, training));
      model.dispose();
    }
    expect(results[0]?.some((value) => value !== 0)).toBe(true);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('gives the same bits when each layer is recomputed', async () => {
    const model = await trainable(engineOf(backend, 2));
    const plain = await step(model, pooling, training);
    expect(await step(model, pooling, { ...training, recompute: true })).toEqual(plain);
    expect(await step(model, pooling, { ...training, seed: 4 })).not.toEqual(plain);
    model.dispose();
  });

  it('draws masks by sequence id: the same id the same mask, another id another', async () => {
    const model = await trainable(engineOf(backend, 2));
    const { tokenIds } = ragged([4]);
    const twins = (first: number, second: number) => {
      const offsets = Int32Array.of(0, 4, 8);
      const ids = Int32Array.of(first, second);
      return scope(() => {
        const batch = uploadBatch(
          model.store.engine,
          Int32Array.of(...tokenIds, ...tokenIds),
          offsets,
          0,
          undefined,
          ids,
        );
        return pooling.forward(
          model.encoder,
          model.encoder.forward(batch, pooling.wantedStates(2), training),
          batch,
        );
      });
    };
    using same = twins(6, 6);
    using other = twins(6, 7);
    const [alike, different] = [await same.float32Data(), await other.float32Data()];
    expect(alike.subarray(8)).toEqual(alike.subarray(0, 8));
    expect(different.subarray(0, 8)).toEqual(alike.subarray(0, 8));
    expect(different.subarray(8)).not.toEqual(alike.subarray(0, 8));
    model.dispose();
  });

  it('sums micro-batches, and leaves nothing behind over many steps', async () => {
    const engine = engineOf(backend, 2);
    const model = await trainable(engine);
    const once = await step(model, pooling, training);
    const half = await gradients(model, () => {
      for (const factor of [0.5, 0.5])
        withTape(() => backward(lossOf(vectors(model, pooling, training)), factor));
    });
    for (const [index, value] of once.entries()) {
      expect(Math.abs((half[index] as number) - value)).toBeLessThanOrEqual(1e-6 * (1 + Math.abs(value)));
    }
    const before = [engine.stats().liveTensors, engine.stats().bytesInUse];
    for (let count = 0; count < 50; count++) {
      withTape(() => backward(lossOf(vectors(model, pooling, { ...training, seed: count }))));
      model.store.clearGradients();
      await engine.ready();
    }
    expect([engine.stats().liveTensors, engine.stats().bytesInUse]).toEqual(before);
    model.dispose();
  });

  it('evaluates the same weights without dropout, and as they change', async () => {
    const model = await trainable(engineOf(backend, 2));
    const run = async () => {
      using output = scope(() => sum(vectors(model, pooling)));
      return (await output.data())[0];
    };
    const first = await run();
    expect(await run()).toBe(first);
    const word = model.store.parameter('encoder.layer.1.output.dense.weight');
    word.load(Float32Array.from(await word.read(), (value) => value * 1.5));
    expect(await run()).not.toBe(first);
    model.dispose();
  });
});
