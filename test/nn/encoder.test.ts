// Encoders against PyTorch: every hidden state and every pooling of small models with all their parts, on every backend;
// and a ragged batch against its sequences alone, bit for bit.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { ModelError } from '../../src/errors.ts';
import { readEncoderConfig } from '../../src/io/model-folder/model-config.ts';
import { openWeights } from '../../src/io/safetensors/weights.ts';
import { Engine } from '../../src/native/engine.ts';
import { loadAddon } from '../../src/native/load.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { uploadBatch } from '../../src/nn/encoder/encoder-batch.ts';
import { Pooling, parsePooling } from '../../src/nn/encoder/pooling.ts';
import type { ParameterSource } from '../../src/nn/parameters/parameter-reader.ts';
import { scope } from '../../src/tensor/scope.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import { expectError } from '../expect-error.ts';

interface Sequence {
  inputIds: number[][];
  tokenTypeIds: number[][];
  hiddenStates?: number[][][];
  lastHiddenState?: number[][];
  pooled?: Record<string, number[]>;
}

const golden = fileURLToPath(new URL('../golden/', import.meta.url));
const sequencesOf = (name: string) =>
  (JSON.parse(readFileSync(join(golden, name, 'expected.json'), 'utf8')) as { sequences: Sequence[] })
    .sequences;
const engines = new Map(
  loadAddon()
    .description.backends.filter(({ available }) => available)
    .map(({ name }) => [name, new Engine({ backend: name, allowMock: true })]),
);
afterAll(() => {
  for (const engine of engines.values()) engine.dispose();
});

async function loadEncoder(name: string, engine: Engine): Promise<Encoder> {
  const weights = await openWeights(join(golden, name));
  try {
    return await Encoder.load(engine, await readEncoderConfig(join(golden, name, 'config.json')), weights);
  } finally {
    await weights.close();
  }
}

/** inputIds is one row of ids, or ids by position: both spellings of a single sequence. */
const flat = (ids: number[][] | number[]) => Int32Array.from(ids.flat());

function batchOf(engine: Engine, sequences: readonly Sequence[], positionOffset = 0) {
  let end = 0;
  const offsets = Int32Array.from([0, ...sequences.map(({ inputIds }) => (end += flat(inputIds).length))]);
  const together = (pick: (sequence: Sequence) => number[][]) =>
    Int32Array.from(sequences.flatMap((sequence) => [...flat(pick(sequence))]));
  return uploadBatch(
    engine,
    together(({ inputIds }) => inputIds),
    offsets,
    positionOffset,
    together(({ tokenTypeIds }) => tokenTypeIds),
  );
}

function worstDifference(actual: Float32Array, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce(
    (worst, value, index) => Math.max(worst, Math.abs(value - (actual[index] as number))),
    0,
  );
}

const models = ['bert-two-layers', 'bert-three-layers-float16', 'bert-gelu-tanh-factorised'];

describe.each(models)('%s equals PyTorch', (name) => {
  it.each([...engines.keys()])('on %s, every hidden state to 1e-5', async (backend) => {
    const engine = engines.get(backend) as Engine;
    const before = engine.stats().liveTensors;
    using encoder = await loadEncoder(name, engine);
    const sequences = sequencesOf(name);
    const all = new Set(Array.from({ length: encoder.config.layers + 1 }, (_, index) => index));
    const states = scope(() => encoder.forward(batchOf(engine, sequences), all));
    for (const [layer, tensor] of states) {
      const expected = sequences.flatMap(({ hiddenStates, lastHiddenState }) =>
        hiddenStates === undefined
          ? layer === encoder.config.layers
            ? (lastHiddenState as number[][]).flat()
            : []
          : (hiddenStates[layer as number] as number[][]).flat(),
      );
      if (expected.length > 0)
        expect(worstDifference(await tensor.float32Data(), expected)).toBeLessThan(1e-5);
      tensor.dispose();
    }
    encoder.dispose();
    expect(engine.stats().liveTensors).toBe(before);
  });
});

describe.each(models.slice(0, 2))('every pooling of %s equals PyTorch', (name) => {
  const poolings = Object.keys(sequencesOf(name)[0]?.pooled ?? {});
  it.each([...engines.keys()])('on %s, to 1e-5', async (backend) => {
    const engine = engines.get(backend) as Engine;
    using encoder = await loadEncoder(name, engine);
    const sequences = sequencesOf(name);
    expect(poolings.length).toBe(11);
    for (const spelling of poolings) {
      const pooling = new Pooling(parsePooling(spelling));
      using vectors = scope(() => {
        const batch = batchOf(engine, sequences);
        return pooling.forward(
          encoder,
          encoder.forward(batch, pooling.wantedStates(encoder.layers.length)),
          batch,
        );
      });
      const expected = sequences.flatMap(({ pooled }) => pooled?.[spelling] as number[]);
      expect([spelling, worstDifference(await vectors.float32Data(), expected) < 1e-5]).toEqual([
        spelling,
        true,
      ]);
    }
  });

  it('says which hidden state is missing', async () => {
    const engine = engines.get('reference') as Engine;
    using encoder = await loadEncoder(name, engine);
    scope(() => {
      const batch = batchOf(engine, sequencesOf(name));
      const states = encoder.forward(batch, new Set([encoder.config.layers]));
      expect(() => new Pooling(['cls']).forward(encoder, states, batch)).toThrow(/expected hidden state cls/);
    });
  });

  it('side by side when several are asked for', async () => {
    const engine = engines.get('reference') as Engine;
    using encoder = await loadEncoder(name, engine);
    const sequences = sequencesOf(name);
    const pooling = new Pooling(parsePooling('cls+pooler+first-last-layer1+max'));
    using vectors = scope(() => {
      const batch = batchOf(engine, sequences);
      return pooling.forward(
        encoder,
        encoder.forward(batch, pooling.wantedStates(encoder.layers.length)),
        batch,
      );
    });
    const expected = sequences.flatMap(({ pooled }) =>
      ['cls', 'pooler', 'first-last-layer1', 'max'].flatMap((mode) => pooled?.[mode] as number[]),
    );
    expect(worstDifference(await vectors.float32Data(), expected)).toBeLessThan(1e-5);
  });
});

describe('a ragged batch', () => {
  it.each([...engines.keys()])('on %s gives each sequence the bits it has alone', async (backend) => {
    const engine = engines.get(backend) as Engine;
    using encoder = await loadEncoder('bert-two-layers', engine);
    const sequences = sequencesOf('bert-two-layers');
    const last = async (chosen: readonly Sequence[]) => {
      using tensor = scope(() => encoder.forward(batchOf(engine, chosen), new Set([2])).get(2) as Tensor);
      return tensor.float32Data();
    };
    const together = await last(sequences);
    let start = 0;
    for (const sequence of sequences) {
      const alone = await last([sequence]);
      expect(together.subarray(start, start + alone.length)).toEqual(alone);
      start += alone.length;
    }
  });
});

describe('weights that contradict the config', () => {
  const source = (shapes: Record<string, number[]>): ParameterSource => ({
    names: Object.keys(shapes),
    info: (name) => ({ shape: shapes[name] as number[] }),
    readFloat32: async (name) => new Float32Array((shapes[name] as number[]).reduce((a, b) => a * b, 1)),
  });
  const engine = engines.get('reference') as Engine;

  it.each([
    ['not an encoder at all', { 'wte.weight': [3, 4] }, /embeddings.word_embeddings.weight.*wte.weight/],
    [
      'another vocabulary',
      { 'embeddings.word_embeddings.weight': [61, 32] },
      /word_embeddings.weight of shape \[60, 32\].*hold \[61, 32\]/,
    ],
    [
      'a missing parameter',
      { 'bert.embeddings.word_embeddings.weight': [60, 32] },
      /hold bert.embeddings.position_embeddings.weight of shape \[40, 32\].*missing/,
    ],
  ])('%s', async (_, shapes, message) => {
    const config = await readEncoderConfig(join(golden, 'bert-two-layers', 'config.json'));
    const before = engine.stats().liveTensors;
    const loading = Encoder.load(engine, config, source(shapes as Record<string, number[]>));
    await expectError(loading, ModelError, message);
    expect(engine.stats().liveTensors).toBe(before);
  });
});
