// Compact vectors equal to sentence-transformers' quantize_embeddings, byte by byte, and float16 to numpy's.
import { describe, expect, it, test } from 'vitest';
import { Embeddings } from '../../src/embed/vectors/embeddings.ts';
import {
  calibrate,
  quantizeEmbeddings,
  truncateEmbeddings,
  VECTOR_PRECISIONS,
  type VectorPrecision,
} from '../../src/embed/vectors/quantization.ts';
import { ArgumentError, DataError, ShapeError } from '../../src/errors.ts';
import { toFloat16 } from '../../src/io/safetensors/float-convert.ts';
import { expectError } from '../expect-error.ts';
import { decodeBytes, golden, goldenVectors } from './whitening-golden.ts';

const { rows, dimension, compact } = golden;

/** Rows from `start` on, cut to `columns`, less `minus`. */
function part(start: number, end: number, columns = dimension, minus = 0): Embeddings {
  const data = Array.from({ length: end - start }, (_, i) => [
    ...goldenVectors.row(start + i).subarray(0, columns),
  ]);
  return new Embeddings(
    Float32Array.from(data.flat(), (value) => value - minus),
    end - start,
    columns,
  );
}

function bytesOf({ data }: { data: ArrayBufferView }): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

describe('quantizeEmbeddings', () => {
  it.each(['float16', 'int8', 'uint8'] as const)('%s', (precision) => {
    const result = quantizeEmbeddings(goldenVectors, precision);
    expect(bytesOf(result)).toEqual(Buffer.from(decodeBytes(compact[precision] as string)));
    expect([result.precision, result.shape]).toEqual([precision, [rows, dimension]]);
  });

  it.each(['int8', 'uint8'] as const)(
    '%s by the ranges of other vectors, which some leave',
    async (precision) => {
      const ranges = await calibrate(part(0, 100));
      const result = quantizeEmbeddings(part(100, rows), precision, { ranges });
      expect(bytesOf(result)).toEqual(Buffer.from(decodeBytes(compact[`${precision} calibrated`] as string)));
    },
  );

  it.each(['binary', 'ubinary'] as const)('%s, of a dimension that fills no byte', (precision) => {
    const result = quantizeEmbeddings(part(0, rows, 21, 1), precision);
    expect(bytesOf(result)).toEqual(Buffer.from(decodeBytes(compact[precision] as string)));
    expect(result.shape).toEqual([rows, 3]);
  });

  it('refuses options that are none, and ranges that are none', () => {
    const quantized = (options: unknown) => () => quantizeEmbeddings(goldenVectors, 'int8', options as never);
    const all = (value: number) => new Float32Array(dimension).fill(value);
    for (const [options, errorClass, message] of [
      [null, ArgumentError, /options in an object but received null/],
      [{ range: 1 }, ArgumentError, /unknown option "range"; did you mean ranges/],
      [{ ranges: {} }, ArgumentError, /ranges of \{ least: Float32Array/],
      [{ ranges: { least: all(2), largest: all(1) } }, DataError, /component 0 is from 2 to 1/],
      [{ ranges: { least: all(0), largest: all(Number.NaN) } }, DataError, /component 0 is from 0 to NaN/],
    ] as const) {
      expect(quantized(options)).toThrow(errorClass);
      expect(quantized(options)).toThrow(message);
    }
  });

  it('keeps float32 as it is, and a component that never changes at its lowest', () => {
    expect(quantizeEmbeddings(goldenVectors, 'float32').data).toEqual(goldenVectors.data);
    const constant = new Embeddings(Float32Array.of(5, 0, 5, 255), 2, 2);
    expect(quantizeEmbeddings(constant, 'uint8').data).toEqual(Uint8Array.of(0, 0, 0, 255));
  });

  it.each(['int8', 'uint8'] as const)('%s needs ranges, or vectors to find them in', async (precision) => {
    await new Promise(setImmediate); // what another test was warned of
    const warnings: string[] = [];
    const heard = (warning: Error) => warnings.push(warning.message);
    process.on('warning', heard);
    const of = (count: number) => quantizeEmbeddings(part(0, count), precision);
    expect(() => of(1)).toThrow(DataError);
    expect(() => of(1)).toThrow(/expected at least two vectors .* but there is one: give ranges/);
    await expectError(calibrate(part(0, 1)), DataError, /but there is one/);
    const equal = { ...part(0, 3), data: new Float32Array(3 * dimension).fill(0.5) };
    expect(() => quantizeEmbeddings(equal, precision)).toThrow(
      /but there are 3 that are all the same: give ranges/,
    );
    await expectError(calibrate(equal), DataError, /3 that are all the same/);
    expect(of(0).shape).toEqual([0, dimension]);
    expect(of(100).shape).toEqual([100, dimension]);
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);
    expect(new Set(of(99).data).size).toBeGreaterThan(50);
    await new Promise(setImmediate);
    expect(warnings).toEqual([expect.stringContaining('those of 99 vectors; 100 or more make better ones')]);
    const ranges = await calibrate(part(0, 100));
    expect(quantizeEmbeddings(part(0, 1), precision, { ranges }).shape).toEqual([1, dimension]);
    process.off('warning', heard);
  });

  it('refuses what it cannot do', async () => {
    const unknown = 'int4' as VectorPrecision;
    expect(() => quantizeEmbeddings(goldenVectors, unknown)).toThrow(ArgumentError);
    const ranges = await calibrate(part(0, 9, 3));
    expect(() => quantizeEmbeddings(goldenVectors, 'int8', { ranges })).toThrow(ShapeError);
    await expectError(calibrate([]), DataError, /at least one vector/);
    await expectError(calibrate([[1, Number.NaN]]), DataError, /vector 0 holds NaN/);
    const late = [part(0, 9), part(9, 11), [...goldenVectors.row(0)].fill(Number.NaN, 4)];
    await expectError(calibrate(late), DataError, /vector 11 holds NaN in component 4/);
    expect(() => quantizeEmbeddings([goldenVectors.row(0)] as never, 'int8')).toThrow(
      /expected vectors as Embeddings/,
    );
    expect(() => truncateEmbeddings([] as never, 1)).toThrow(/expected vectors as Embeddings/);
  });

  it.each(VECTOR_PRECISIONS)(
    '%s refuses numbers that are not finite, and names the vector',
    async (precision) => {
      const ranges = await calibrate(goldenVectors);
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const vectors = part(0, rows);
        vectors.data[77 * dimension + 3] = value;
        const message = `vector 177 holds ${value} in component 3`;
        for (const given of [undefined, ranges]) {
          const quantize = () => quantizeEmbeddings(vectors, precision, { ranges: given, first: 100 });
          expect(quantize).toThrow(DataError);
          expect(quantize).toThrow(message);
        }
      }
    },
  );

  it('float16 refuses what it cannot hold', () => {
    const holds = (value: number) => () =>
      quantizeEmbeddings(new Embeddings(Float32Array.of(0, value), 2, 1), 'float16');
    expect(holds(65519)().data[1]).toBe(0x7bff);
    expect(holds(-65520)).toThrow(
      /below 65520, which float16 can hold, but vector 1 holds -65520 in component 0/,
    );
  });
});

describe('truncateEmbeddings', () => {
  it('keeps the first components, of unit length unless told otherwise', () => {
    const plain = truncateEmbeddings(goldenVectors, 5, { normalize: false });
    expect(plain.row(7)).toEqual(goldenVectors.row(7).subarray(0, 5));
    const unit = truncateEmbeddings(goldenVectors, 5);
    expect(Math.hypot(...unit.row(7))).toBeCloseTo(1, 6);
    expect((unit.row(7)[0] as number) / (unit.row(7)[1] as number)).toBeCloseTo(
      (plain.row(7)[0] as number) / (plain.row(7)[1] as number),
      5,
    );
    expect(() => truncateEmbeddings(goldenVectors, 25)).toThrow(ArgumentError);
  });
});

it('float16 is the nearest, ties to even, at every edge', () => {
  const cases: [number, number][] = [
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [Number.POSITIVE_INFINITY, 0x7c00],
    [Number.NaN, 0x7e00],
    [2 ** -14, 0x0400],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14 - 2 ** -26, 0x0400],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [1 + 2 ** -11 + 2 ** -20, 0x3c01],
  ];
  for (const [value, bits] of cases) expect([value, toFloat16(value)]).toEqual([value, bits]);
});

test('truncateEmbeddings refuses what is not finite, and options that are none', () => {
  const bad = new Embeddings(Float32Array.of(1, 2, 3, Number.NaN), 2, 2);
  expect(() => truncateEmbeddings(bad, 1)).toThrow(/vector 1 holds NaN in component 1/);
  expect(() => truncateEmbeddings(goldenVectors, 2, null as never)).toThrow(/options in an object .* null/);
  expect(() => truncateEmbeddings(goldenVectors, 2, { normalise: 1 } as never)).toThrow(
    /unknown option "normalise"; did you mean normalize/,
  );
});
