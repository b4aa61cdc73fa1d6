// .npy files: streamed rows come back, the header is what NumPy expects, damaged files are refused.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ArgumentError, FormatError } from '../../src/errors.ts';
import { NpyWriter, readNpy, readNpyRows, readNpyShape } from '../../src/io/npy.ts';
import { expectError } from '../expect-error.ts';
import { leftovers, scratchFolder } from '../temporary-file.ts';

const folder = scratchFolder();

/** The bytes of a version 1.0 file as NumPy lays it out. */
function npyBytes(dictionary: string, data: ArrayBufferView, version = 1): Buffer {
  const text = `${dictionary.padEnd(117)}\n`;
  const head = Buffer.from([0x93, ...Buffer.from('NUMPY'), version, 0, text.length & 255, text.length >> 8]);
  return Buffer.concat([
    head,
    Buffer.from(text, 'latin1'),
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

describe('writer', () => {
  it('streams rows and knows their number at the end', async () => {
    const path = join(folder, 'rows.npy');
    const writer = await NpyWriter.create(path, 3);
    const values = Float32Array.from({ length: 12 }, (_, i) => i / 7);
    await writer.append(values.subarray(0, 3));
    await writer.append(new Float32Array(0));
    await writer.append(values.subarray(3));
    expect(writer.rows).toBe(4);
    await writer.commit();
    expect(await readNpy(path)).toEqual({ descr: '<f4', shape: [4, 3], data: values });
    const raw = readFileSync(path);
    expect(raw.length).toBe(128 + 48);
    expect(raw.subarray(0, 10)).toEqual(Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]));
    expect(raw.toString('latin1', 10, 128)).toBe(
      `${"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }".padEnd(117)}\n`,
    );
  });

  it('writes no rows at all, and leaves nothing when discarded', async () => {
    const path = join(folder, 'none.npy');
    await (await NpyWriter.create(path, 384)).commit();
    expect(await readNpy(path)).toEqual({ descr: '<f4', shape: [0, 384], data: new Float32Array(0) });
    await (await NpyWriter.create(join(folder, 'gone.npy'), 1)).discard();
    expect(leftovers(folder)).toEqual([]);
  });

  it('writes float16 bits and bytes under their own types', async () => {
    const path = join(folder, 'typed.npy');
    const half = await NpyWriter.create(path, 2, '<f2');
    await half.append(Uint16Array.of(0x3c00, 0x4000));
    await expectError(half.append(new Float32Array(2)), ArgumentError, /a Uint16Array for dtype '<f2'/);
    await half.commit();
    expect(readFileSync(path).toString('latin1', 10, 128)).toMatch(/^\{'descr': '<f2'.*'shape': \(1, 2\)/);
    expect(readFileSync(path).subarray(128)).toEqual(Buffer.from([0x00, 0x3c, 0x00, 0x40]));
    const bytes = await NpyWriter.create(path, 3, '|i1');
    await bytes.append(Int8Array.of(-128, 0, 127));
    await bytes.commit();
    expect(await readNpy(path)).toEqual({ descr: '|i1', shape: [1, 3], data: Int8Array.of(-128, 0, 127) });
  });

  it('refuses partial rows and odd column counts', async () => {
    const writer = await NpyWriter.create(join(folder, 'partial.npy'), 3);
    await expectError(
      writer.append(new Float32Array(4)),
      ArgumentError,
      /whole rows of 3 values but received 4/,
    );
    await writer.discard();
    await expectError(NpyWriter.create(join(folder, 'x.npy'), 1.5), ArgumentError, /columns/);
  });
});

describe('rows', () => {
  it('come in blocks of whole rows', async () => {
    const path = join(folder, 'blocks.npy');
    const columns = 1000;
    const values = Float32Array.from({ length: 2100 * columns }, (_, i) => i % 977);
    const writer = await NpyWriter.create(path, columns);
    await writer.append(values);
    await writer.commit();
    const blocks = [];
    for await (const block of readNpyRows(path)) blocks.push(block);
    expect(blocks.map(({ shape, total }) => [...shape, total])).toEqual([
      [1048, columns, 2100],
      [1048, columns, 2100],
      [4, columns, 2100],
    ]);
    const read = Buffer.concat(blocks.map(({ data }) => Buffer.from(data.buffer)));
    expect(read.equals(Buffer.from(values.buffer))).toBe(true);
  });

  it.each([
    ['<f8', '2, 2', new Float64Array(4), /dtype '<f8' \(float64\) but '<f4' .* \.astype\('float32'\)/],
    ['<f2', '2, 2', new Uint16Array(4), /dtype '<f2' \(float16\) but '<f4' .* \.astype\('float32'\)/],
    ['>f4', '2, 2', new Float32Array(4), /dtype '>f4' \(big-endian float32\) but '<f4'/],
    ['<f4', '4,', new Float32Array(4), /shape \(4,\) but a matrix .*\.reshape\(1, -1\) makes one vector/],
    ['<f4', '2, 2, 1', new Float32Array(4), /shape \(2, 2, 1\) but a matrix .*\.reshape/],
    ['<f4', '4, 0', new Float32Array(0), /shape \(4, 0\) but a matrix/],
  ])('are not read from %s of shape (%s)', async (descr, shape, data, message) => {
    const path = join(folder, 'other.npy');
    writeFileSync(
      path,
      npyBytes(`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`, data),
    );
    await expectError(readNpyRows(path).next(), FormatError, message);
    await expectError(readNpyShape(path), FormatError, message);
  });
});

describe('reader', () => {
  const dictionary = (descr: string, shape: string, fortran = 'False') =>
    `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;

  it('reads float64, integers, vectors and scalars', async () => {
    const path = join(folder, 'read.npy');
    const cases = [
      ['<f8', '2,', [2], new Float64Array([0.1, -2])],
      ['<i4', '1, 2', [1, 2], new Int32Array([-1, 5])],
      ['<i8', '2, 1', [2, 1], new BigInt64Array([-1n, 2n ** 60n])],
      ['|u1', '', [], new Uint8Array([200])],
    ] as const;
    for (const [descr, shape, expected, data] of cases) {
      writeFileSync(path, npyBytes(dictionary(descr, shape), data));
      expect(await readNpy(path)).toEqual({ descr, shape: expected, data });
    }
  });

  const four = new Float32Array(4);
  const good = npyBytes(dictionary('<f4', '2, 2'), four);
  const damaged: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(0), /cut short/],
    ['another format', Buffer.from('not an array at all'), /not a \.npy file/],
    ['version 3', npyBytes(dictionary('<f4', '2, 2'), four, 3), /version 3\.0/],
    ['Fortran order', npyBytes(dictionary('<f4', '2, 2', 'True'), four), /Fortran order/],
    ['half floats', npyBytes(dictionary('<f2', '8,'), four), /dtype '<f2'/],
    ['big endian', npyBytes(dictionary('>f4', '2, 2'), four), /dtype '>f4'/],
    ['objects', npyBytes(dictionary('|O', '1,'), four), /dtype '\|O'/],
    ['an expression', npyBytes("__import__('os')", four), /cannot be read/],
    ['cut data', good.subarray(0, good.length - 1), /16 bytes, but holds 15; it is cut short/],
    [
      'trailing data',
      Buffer.concat([good, Buffer.alloc(1)]),
      /16 bytes, but holds 17; there is more in it than its header says/,
    ],
    ['cut header', good.subarray(0, 40), /cut short/],
    ['overflowing shape', npyBytes(dictionary('<f4', '4294967296, 4294967296'), four), /declares shape/],
    ['shape of text', npyBytes(dictionary('<f4', '1 2'), four), /not a list of whole numbers/],
  ];
  it.each(damaged)('refuses %s', async (_name, bytes, message) => {
    const path = join(folder, 'damaged.npy');
    writeFileSync(path, bytes);
    await expectError(readNpy(path), FormatError, message);
  });

  it('gives a typed error for a file cut at any byte', async () => {
    const path = join(folder, 'cut.npy');
    for (let length = 0; length < good.length; length++) {
      writeFileSync(path, good.subarray(0, length));
      await expectError(readNpy(path), FormatError, /./);
    }
  });
});
