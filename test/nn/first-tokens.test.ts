// Where a pooling reads [CLS] alone, the last layer runs for the first tokens only: the same bits, and the same gradients, as
// when it runs for all.
import { describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { loadAddon } from '../../src/native/load.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { uploadBatch } from '../../src/nn/encoder/encoder-batch.ts';
import { encoderParameters } from '../../src/nn/encoder/encoder-parameters.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';
import { multiply, square } from '../../src/ops/plain/elementwise.ts';
import { mean } from '../../src/ops/plain/reduce.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { engineOf } from './engines.ts';
import { ragged, smallConfig, type Trainable, trainable, training } from './trainable.ts';

const backends = loadAddon()
  .description.backends.filter(({ name, available }) => available && name !== 'mock')
  .map(({ name }) => name);
const config = { ...smallConfig, hiddenSize: 40, embeddingSize: 40, intermediateSize: 72, maxPositions: 160 };
const lengths = [3, 1, 17, 130, 16, 70];

/** The first tokens' states: of a last layer that runs for them alone, or for all. @returns [sequences, hidden] */
function firsts(encoder: Encoder, way: 'alone' | 'among all', context?: ForwardContext): Tensor {
  const wanted = new Set<number | 'cls'>(way === 'alone' ? ['cls'] : ['cls', config.layers]);
  return scope(() => {
    const { tokenIds, offsets } = ragged(lengths);
    const batch = uploadBatch(encoder.engine, tokenIds, offsets, 0, undefined, 7);
    return encoder.forward(batch, wanted, context).get('cls') as Tensor;
  });
}

it.each(backends)('on %s in int8 they have the same bits alone and among all', async (backend) => {
  const source = randomParameters(encoderParameters(config, { pooler: false }), 1, 0.4);
  using encoder = await Encoder.load(engineOf(backend, 2), config, source, { precision: 'int8' });
  using alone = firsts(encoder, 'alone');
  using all = firsts(encoder, 'among all');
  expect(await alone.data()).toEqual(await all.data());
});

describe.each(
  backends.flatMap((backend) =>
    (['float32', 'emulated-bfloat16'] as const).map((precision) => [backend, precision] as const),
  ),
)('on %s in %s', (backend, precision) => {
  const model = (threads = 2) => trainable(engineOf(backend, threads), config, 'float32', precision);

  async function gradients(trained: Trainable, way: 'alone' | 'among all', context: ForwardContext) {
    trained.store.clearGradients();
    withTape(() => {
      const output = firsts(trained.encoder, way, context);
      backward(mean(multiply(square(output), output)));
    });
    return (await trained.store.gradients.data()) as Float32Array;
  }

  it.each([
    ['without dropout', undefined],
    ['with dropout', training],
  ])('they have the same bits alone and among all, %s', async (_, context) => {
    const trained = await model();
    using alone = firsts(trained.encoder, 'alone', context);
    using all = firsts(trained.encoder, 'among all', context);
    expect(alone.shape).toEqual([lengths.length, config.hiddenSize]);
    expect(await alone.data()).toEqual(await all.data());
    trained.dispose();
  });

  it('the gradients are those of all, whatever the number of threads, and when recomputed', async () => {
    const trained = await model();
    const [alone, all] = [
      await gradients(trained, 'alone', training),
      await gradients(trained, 'among all', training),
    ];
    const largest = Math.max(...all.map(Math.abs));
    const worst = Math.max(...alone.map((value, index) => Math.abs(value - (all[index] as number))));
    expect(largest).toBeGreaterThan(0);
    expect(worst).toBeLessThanOrEqual(1e-6 * largest); // sums of the same terms in another order
    expect(await gradients(trained, 'alone', { ...training, recompute: true })).toEqual(alone);
    trained.dispose();
    for (const threads of [1, 7]) {
      const other = await model(threads);
      expect(await gradients(other, 'alone', training)).toEqual(alone);
      other.dispose();
    }
  });
});
