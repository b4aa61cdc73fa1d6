// The objectives of pretraining: losses, accuracies and every gradient against PyTorch (golden/record-pretraining.py), the
// same in float64 against differences, and what they promise beside: weights, edge rules, orders, recomputation.
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { backward } from '../../src/autograd/backward.ts';
import type { ParameterStore } from '../../src/autograd/parameter-store.ts';
import { withTape } from '../../src/autograd/tape.ts';
import { ArgumentError } from '../../src/errors.ts';
import { SafetensorsFile } from '../../src/io/safetensors/safetensors.ts';
import { loadAddon } from '../../src/native/load.ts';
import type { ForwardContext } from '../../src/nn/layers/forward-context.ts';
import { permutationRanks } from '../../src/objectives/permutation-language.ts';
import { type PretrainingModel, weightedObjectives } from '../../src/objectives/pretraining.ts';
import { spanTargets } from '../../src/objectives/span-boundary.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { engineOf } from '../nn/engines.ts';
import { training } from '../nn/trainable.ts';
import { batch, folder, golden, loadModel, objectives } from './pretraining-model.ts';

const noDropout: ForwardContext = { dropout: 0, attentionDropout: 0, seed: 0 };
const tables = loadAddon().description.backends.filter(({ available, name }) => available && name !== 'mock');
const gradients = await SafetensorsFile.open(join(folder, 'gradients.safetensors'));
afterAll(() => gradients.close());

const numberOf = async (tensor: Tensor | undefined) => {
  const value = (await tensor?.data())?.[0];
  tensor?.dispose();
  return value as number;
};

const named = (name: string, weight = 1) => ({ name, weight, objective: objectives[name] as never });

/** One forward and backward pass. */
function learn(
  { model, store }: { model: PretrainingModel; store: ParameterStore },
  parts: Parameters<typeof weightedObjectives>[0],
  context = noDropout,
) {
  store.clearGradients();
  return withTape(() => {
    const result = weightedObjectives(parts)(model, batch, context);
    backward(result.loss);
    return result;
  });
}

const accuracies: Record<string, string> = {
  masked_words: 'maskedAccuracy',
  next_sentence: 'nextSentenceAccuracy',
  span_boundary: 'spanBoundaryAccuracy',
  causal: 'causalAccuracy',
  permutation: 'permutationAccuracy',
};

describe.each([
  ...tables.map(({ name }) => ({ name, dtype: 'float32' as const, allowed: 1e-5 })),
  { name: 'reference', dtype: 'float64' as const, allowed: 1e-9 },
])('against PyTorch, on $name in $dtype', ({ name, dtype, allowed }) => {
  it.each(golden.cases)('$objective: loss, accuracy, every gradient', async (wanted) => {
    const { objective } = wanted;
    const loaded = await loadModel(engineOf(name, 2), dtype);
    const { loss, metrics } = learn(loaded, [named(objective)]);
    expect(Math.abs((await numberOf(loss)) / wanted.loss - 1)).toBeLessThan(allowed);
    expect(await numberOf(metrics[accuracies[objective] as string])).toBeCloseTo(wanted.accuracy, 6);
    let compared = 0;
    for (const parameter of loaded.store.parameters) {
      const got = (await parameter.gradient.data()) as Float32Array;
      const stored = `${objective}.${parameter.name.startsWith('cls.') ? '' : 'bert.'}${parameter.name}`;
      const size = Math.hypot(...got);
      if (!gradients.has(stored)) {
        expect([parameter.name, size < 1e-5]).toEqual([parameter.name, true]);
        continue;
      }
      const want = await gradients.readFloat32(stored);
      const dot = got.reduce((sum, value, index) => sum + value * (want[index] as number), 0);
      const ratio = size / Math.hypot(...want);
      const close = Math.abs(ratio - 1) < 1e-4 && dot / (size * Math.hypot(...want)) >= 0.99999;
      expect([parameter.name, close]).toEqual([parameter.name, true]);
      compared++;
    }
    expect(compared).toBeGreaterThan(30);
    for (const tensor of Object.values(metrics)) tensor.dispose();
    loaded.dispose();
  });
});

describe('gradients equal differences in float64', () => {
  it.each([...golden.cases.map(({ objective }) => [objective]), ['all']])(
    '%s, with dropout',
    async (which) => {
      const { model, store, dispose } = await loadModel(engineOf('reference', 1), 'float64');
      const parts =
        which === 'all'
          ? Object.keys(objectives).map((name, index) => named(name, 1 / (1 + index)))
          : [named(which)];
      const { loss, metrics } = learn({ model, store }, parts, training);
      for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
      const values = (await store.values.data()) as Float64Array;
      const got = (await store.gradients.data()) as Float64Array;
      const at = async (direction: (index: number) => number, h: number) => {
        store.values.write(values.map((value, index) => value + h * direction(index)));
        store.changed();
        return numberOf(scope(() => weightedObjectives(parts)(model, batch, training).loss));
      };
      for (const { name, offset, size } of store.parameters) {
        const direction = (index: number) =>
          index < offset || index >= offset + size ? 0 : Math.sin(index * 1.7);
        const h = 2e-5;
        const near = (await at(direction, h)) - (await at(direction, -h));
        const far = (await at(direction, 2 * h)) - (await at(direction, -2 * h));
        const want = (8 * near - far) / (12 * h);
        const part = got.subarray(offset, offset + size);
        const sum = part.reduce((total, value, index) => total + value * direction(offset + index), 0);
        expect([name, Math.abs(sum - want) <= 1e-6 * Math.hypot(...part, 1e-2)]).toEqual([name, true]);
      }
      dispose();
    },
  );
});

describe('a weighted sum', () => {
  it('adds losses, each of which is logged without its weight and perplexity beside it', async () => {
    const loaded = await loadModel(engineOf('reference', 1));
    const { loss, metrics } = learn(loaded, [named('masked_words', 0.5), named('next_sentence', 2)]);
    const [masked, next] = golden.cases.map((wanted) => wanted.loss) as [number, number];
    expect(await numberOf(loss)).toBeCloseTo(0.5 * masked + 2 * next, 4);
    expect(await numberOf(metrics.masked_words)).toBeCloseTo(masked, 5);
    expect(await numberOf(metrics.next_sentence)).toBeCloseTo(next, 5);
    expect(await numberOf(metrics.maskedPerplexity)).toBeCloseTo(Math.exp(masked), 3);
    for (const tensor of Object.values(metrics)) tensor.dispose();
    loaded.dispose();
  });

  it('refuses no objective, and weights that are not above 0', () => {
    expect(() => weightedObjectives([])).toThrow(ArgumentError);
    for (const weight of [0, -1, Number.NaN]) {
      expect(() => weightedObjectives([named('causal', weight)])).toThrow(/causal has/);
    }
  });

  it('leaves no tensor behind', async () => {
    const engine = engineOf('reference', 1);
    const loaded = await loadModel(engine);
    const step = async () => {
      const { loss, metrics } = learn(
        loaded,
        Object.keys(objectives).map((name) => named(name)),
        training,
      );
      for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
      await engine.ready();
    };
    await step();
    const before = engine.stats().liveTensors;
    for (let count = 0; count < 3; count++) await step();
    expect(engine.stats().liveTensors).toBe(before);
    loaded.dispose();
  });

  it('gives the same bits when layers are recomputed, and with 1, 2 and 7 threads', async () => {
    const results: Tensor['data'][] = [];
    const parts = Object.keys(objectives).map((name) => named(name));
    for (const [threads, recompute] of [
      [1, false],
      [2, true],
      [7, true],
    ] as const) {
      const loaded = await loadModel(engineOf('avx2', threads));
      const { loss, metrics } = learn(loaded, parts, { ...training, recompute });
      for (const tensor of [loss, ...Object.values(metrics)]) tensor.dispose();
      results.push((await loaded.store.gradients.data()) as never);
      loaded.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});

it.each(golden.cases)(
  '$objective rounds its products to bfloat16, and no more',
  async ({ objective, loss: exact }) => {
    const loaded = await loadModel(engineOf('avx2', 2), 'float32', 'emulated-bfloat16');
    const { loss, metrics } = learn(loaded, [named(objective)]);
    const got = await numberOf(loss);
    expect(Math.abs(got / exact - 1)).toBeLessThan(0.03);
    expect(Math.abs(got / exact - 1)).toBeGreaterThan(1e-6);
    for (const tensor of Object.values(metrics)) tensor.dispose();
    loaded.dispose();
  },
);

describe('span boundary targets', () => {
  const one = (spans: number[], most = 4) => {
    const { left, right, index, words } = spanTargets({ ...batch, spans: Int32Array.from(spans) }, most);
    return [...index].map((place, target) => [left[target], right[target], place, words[target]]);
  };
  const words = golden.rows[0]?.words as number[];

  it('stand between the tokens around their span, up to the rows of the table', () => {
    expect(one([2, 4])).toEqual([
      [1, 4, 0, words[2]],
      [1, 4, 1, words[3]],
    ]);
    expect(one([2, 9], 3).map(([, , place]) => place)).toEqual([0, 1, 2]);
  });

  it('are none for a span at the first or the last word of its sequence', () => {
    const last = words.length - 2;
    expect(one([1, 3])).toEqual([]);
    expect(one([last, last + 1])).toEqual([]);
    expect(one([2, last]).length).toBe(4);
  });

  it('of a span that leaves its sequence are refused', () => {
    for (const spans of [
      [0, 2],
      [3, 3],
      [words.length - 1, words.length],
      [5, words.length + 3],
    ]) {
      expect(() => one(spans)).toThrow(ArgumentError);
    }
    expect(() => spanTargets({ ...batch, spans: undefined }, 4)).toThrow(/masks spans/);
  });

  it('that a batch has none of give a loss of 0 that training goes on with', async () => {
    const { model, store, dispose } = await loadModel(engineOf('reference', 1));
    const objective = weightedObjectives([named('span_boundary')]);
    store.clearGradients();
    const { loss } = withTape(() => {
      const result = objective(model, { ...batch, spans: Int32Array.of(1, 3) }, noDropout);
      backward(result.loss);
      return result;
    });
    expect(await numberOf(loss)).toBeCloseTo(0, 12);
    expect((await store.gradients.data()).every((value) => value === 0)).toBe(true);
    dispose();
  });
});

describe('orders of permutation', () => {
  it('are permutations of the masked places of each sequence, by the seed alone', () => {
    const ranks = permutationRanks(batch, 5);
    expect(permutationRanks(batch, 5)).toEqual(ranks);
    expect(permutationRanks(batch, 6)).not.toEqual(ranks);
    const masked = new Set(batch.maskedPlaces);
    for (let sequence = 0; sequence < golden.rows.length; sequence++) {
      const [start, end] = [batch.offsets[sequence] as number, batch.offsets[sequence + 1] as number];
      const own = [...ranks.subarray(start, end)];
      const drawn = own.filter((_, place) => masked.has(start + place)).sort((a, b) => a - b);
      expect(drawn).toEqual(drawn.map((_, index) => index + 1));
      expect(own.filter((rank, place) => !masked.has(start + place) && rank !== 0)).toEqual([]);
    }
  });

  it('are drawn alike: each place is first about as often', () => {
    const first = new Map<number, number>();
    const [start, end] = [batch.offsets[2] as number, batch.offsets[3] as number];
    for (let seed = 0; seed < 4000; seed++) {
      const place = permutationRanks(batch, seed).subarray(start, end).indexOf(1);
      first.set(place, (first.get(place) ?? 0) + 1);
    }
    const expected = 4000 / 8;
    expect([...first.keys()].sort((a, b) => a - b)).toEqual(golden.rows[2]?.places);
    for (const count of first.values()) {
      expect(Math.abs(count - expected)).toBeLessThan(4 * Math.sqrt(expected * (7 / 8)));
    }
  });
});
