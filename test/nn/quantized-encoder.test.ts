// An encoder in int8 from weights in memory: what is quantised and what is not, held against float32 encoders with the
// rounded weights; and no gradient.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watch, withTape } from '../../src/autograd/tape.ts';
import { ArgumentError, GradientError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { Encoder } from '../../src/nn/encoder/encoder.ts';
import { encoderParameters, isQuantized } from '../../src/nn/encoder/encoder-parameters.ts';
import { ParameterReader, type ParameterSource } from '../../src/nn/parameters/parameter-reader.ts';
import { randomParameters } from '../../src/nn/parameters/random-parameters.ts';
import { linear } from '../../src/ops/linear/linear.ts';
import { packQuantized } from '../../src/ops/linear/linear-int8.ts';
import { QuantizedMatrix, quantizeArray, quantizeWeight } from '../../src/ops/linear/quantize-weight.ts';
import { embedding } from '../../src/ops/rows/embedding.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { expectError } from '../expect-error.ts';
import { Random } from '../ops/random.ts';
import { hiddenStates, worst } from './hidden-states.ts';
import { smallConfig, trainable } from './trainable.ts';

let engine: Engine;
beforeAll(() => {
  engine = new Engine();
});
afterAll(() => engine.dispose());

const specs = encoderParameters(smallConfig, { pooler: true });
const source = randomParameters(specs, 1, 0.4);

/** The weights as int8 rounds them. */
const rounded: ParameterSource = {
  ...source,
  readFloat32: async (name) => {
    const data = await source.readFloat32(name);
    const { shape } = source.info(name);
    if (!isQuantized(name, shape)) return data;
    const [rows, columns] = shape;
    for (let row = 0; row < rows; row++) {
      const values = data.subarray(row * columns, (row + 1) * columns);
      const scale = Math.max(...values.map(Math.abs)) / 127;
      for (const [i, value] of values.entries()) values[i] = Math.round(value / scale) * scale;
    }
    return data;
  },
};

describe('an encoder in int8', () => {
  it('is the float32 encoder of the rounded weights but for the rounding of activations', async () => {
    using exact = await Encoder.load(engine, smallConfig, source);
    using near = await Encoder.load(engine, smallConfig, rounded);
    using quantized = await Encoder.load(engine, smallConfig, source, { precision: 'int8' });
    const [a, b, c] = await Promise.all([hiddenStates(exact), hiddenStates(near), hiddenStates(quantized)]);
    const of = (list: Float32Array[] | undefined, layer: number) => list?.[layer] as Float32Array;
    expect(worst(of(c, 0), of(b, 0))).toBeLessThan(2e-6); // embeddings: no activation is rounded
    expect(worst(of(a, 0), of(b, 0))).toBeGreaterThan(1e-4);
    for (const layer of [1, 2]) {
      // No bound that follows from the format, which the ops' own tests have: at layer 2 0.032 was found.
      expect(worst(of(c, layer), of(b, layer))).toBeLessThan(0.05);
      expect(worst(of(c, layer), of(b, layer))).toBeGreaterThan(1e-5);
    }
  });

  it('holds every weight and the word embeddings in int8, and frees all of them', async () => {
    await engine.ready(0);
    const before = engine.stats().liveTensors;
    const encoder = await Encoder.load(engine, smallConfig, source, { precision: 'int8' });
    const { word, position, type } = encoder.embeddings;
    expect(word).toBeInstanceOf(QuantizedMatrix);
    expect([position.dtype, type.dtype]).toEqual(['float32', 'float32']);
    expect(encoder.engine).toBe(engine);
    encoder.dispose();
    await engine.ready(0);
    expect(engine.stats().liveTensors).toBe(before);
  });

  it('reads what is stored in int8 as it is, and quantises what is not, each of query, key and value by itself', async () => {
    const names = ['query', 'key', 'value'].map((name) => `encoder.layer.0.attention.self.${name}.weight`);
    const [rows, columns] = [8, 8];
    const read = async (stored: readonly (string | undefined)[]) => {
      const reader = new ParameterReader(engine, {
        ...source,
        quantized: {
          has: (name) => stored.includes(name),
          read: async (name, into) => ({
            values: into.fill(names.indexOf(name) + 1),
            scales: new Float32Array(rows).fill(names.indexOf(name) + 0.5),
          }),
        },
      });
      using matrix = await reader.quantized(names, rows, columns);
      const [values, scales] = [await matrix.values.data(), await matrix.scales.float32Data()];
      return names.map((_, i) => ({
        values: [...values.slice(i * rows * columns, (i + 1) * rows * columns)],
        scales: [...scales.slice(i * rows, (i + 1) * rows)],
      }));
    };
    const [floats, integers] = [await read([]), await read(names)];
    expect(integers[1]).toEqual({
      values: new Array(rows * columns).fill(2),
      scales: new Array(rows).fill(1.5),
    });
    for (const kept of [[0], [1], [2], [0, 2]]) {
      const mixed = await read(kept.map((index) => names[index]));
      expect(mixed).toEqual(names.map((_, i) => (kept.includes(i) ? integers[i] : floats[i])));
    }
  });

  it('quantises a large array by blocks as it does at once', async () => {
    const [rows, columns] = [1100, 1000]; // more than a block
    const data = new Random(5).normals(rows * columns);
    using whole = scope(() => {
      const matrix = quantizeWeight(Tensor.from(engine, data, [rows, columns]));
      return { matrix, values: matrix.values, scales: matrix.scales };
    }).matrix;
    using blocks = await quantizeArray(engine, data, rows, columns);
    for (const part of ['values', 'scales'] as const) {
      const [a, b] = [await blocks[part].data(), await whole[part].data()];
      expect(Buffer.from(a.buffer).equals(Buffer.from(b.buffer))).toBe(true);
    }
  });
});

describe('int8 has no gradient', () => {
  it('not of an encoder', async () => {
    const { store, dispose } = await trainable(engine);
    await expectError(
      Encoder.load(engine, smallConfig, source, { trainable: store, precision: 'int8' }),
      ArgumentError,
      /expected precision float32 or bfloat16 for an encoder that is trained but received int8: train first, then quantize/,
    );
    dispose();
  });

  it('not of an op', () => {
    withTape(() => {
      const input = Tensor.from(engine, new Float32Array([1, 2]), [1, 2]);
      const matrix = quantizeWeight(Tensor.from(engine, new Float32Array(4), [2, 2]));
      const ids = { tokenIds: Tensor.from(engine, new Int32Array([1])) };
      const [gamma, beta] = [
        Tensor.from(engine, new Float32Array(2)),
        Tensor.from(engine, new Float32Array(2)),
      ];
      const tables = { word: matrix, beta, epsilon: 1e-5 };
      expect(embedding(ids, { ...tables, gamma }).shape).toEqual([1, 2]);
      expect(() => embedding(ids, { ...tables, gamma: watch(gamma) })).toThrow(GradientError);
      const weight = packQuantized(matrix);
      expect(() => linear(input, weight, { preActivation: input })).toThrow(GradientError);
      expect(linear(input, weight).shape).toEqual([1, 2]);
      watch(input);
      expect(() => linear(input, weight)).toThrow(
        /^\[linearInt8\] expected no gradient to be recorded.*load the model in float32/,
      );
      expect(() => quantizeWeight(input)).toThrow(GradientError);
    });
  });
});
