// The safetensors reader and writer: round trips of every dtype, and a table of damaged files.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  ArgumentError,
  DTypeError,
  FileError,
  FormatError,
  LikewiseError,
  ModelError,
} from '../../../src/errors.ts';
import { SafetensorsFile } from '../../../src/io/safetensors/safetensors.ts';
import { type SafetensorsTensor, writeSafetensors } from '../../../src/io/safetensors/safetensors-writer.ts';
import { expectError } from '../../expect-error.ts';
import { seededRandom } from '../../seeded-random.ts';
import { leftovers, scratchFolder } from '../../temporary-file.ts';
import { rawSafetensors } from './raw-safetensors.ts';

const folder = scratchFolder();
let count = 0;

function freshPath(): string {
  count += 1;
  return join(folder, `case-${count}.safetensors`);
}

async function readBack(path: string, name: string, options = {}): Promise<Float32Array> {
  const file = await SafetensorsFile.open(path);
  try {
    return await file.readFloat32(name, options);
  } finally {
    await file.close();
  }
}

/** Opens a file and reads everything in it. */
async function readEverything(path: string): Promise<void> {
  const file = await SafetensorsFile.open(path);
  try {
    for (const name of file.names) {
      await file.readRaw(name);
      await file.readFloat32(name);
    }
  } finally {
    await file.close();
  }
}

const f32 = (...values: number[]) => new Float32Array(values);
const tensor = (name: string, data: Float32Array, shape: number[] = [data.length]): SafetensorsTensor => ({
  name,
  dtype: 'F32',
  shape,
  data,
});

describe('round trip', () => {
  it('keeps names, shapes, metadata and values, zero-size and scalar tensors included', async () => {
    const path = freshPath();
    const tensors = [
      tensor('b', f32(1, -2, 3.5, 4, 5, 6), [2, 3]),
      tensor('scalar', f32(7), []),
      tensor('empty', f32(), [0, 5]),
      tensor('__proto__', f32(8)),
      tensor('1', f32(9)),
      {
        name: 'ids',
        dtype: 'I64',
        shape: [2],
        data: new BigInt64Array([-1n, 2n ** 40n]),
      } as SafetensorsTensor,
    ];
    await writeSafetensors(path, tensors, { format: 'pt', ключ: 'значение' });
    const file = await SafetensorsFile.open(path);
    expect([...file.names].sort()).toEqual(['1', '__proto__', 'b', 'empty', 'ids', 'scalar']);
    expect(file.metadata).toEqual({ format: 'pt', ключ: 'значение' });
    for (const { name, dtype, shape, data } of tensors) {
      expect(file.info(name)).toEqual({ dtype, shape, byteLength: data.byteLength });
      expect(await file.readRaw(name)).toEqual(new Uint8Array(data.buffer));
    }
    expect(await file.readFloat32('b')).toEqual(f32(1, -2, 3.5, 4, 5, 6));
    expect(await file.readFloat32('__proto__')).toEqual(f32(8));
    await file.close();
  });

  it('writes no tensors at all', async () => {
    const path = freshPath();
    await writeSafetensors(path, []);
    const file = await SafetensorsFile.open(path);
    expect(file.names).toEqual([]);
    await file.close();
  });

  it('aligns the data to 8 bytes and puts wide dtypes first', async () => {
    const path = freshPath();
    await writeSafetensors(path, [
      { name: 'a', dtype: 'U8', shape: [3], data: new Uint8Array([1, 2, 3]) },
      { name: 'b', dtype: 'F64', shape: [1], data: new Float64Array([2]) },
    ]);
    const bytes = await readFile(path);
    expect((8 + Number(bytes.readBigUInt64LE(0))) % 8).toBe(0);
    const file = await SafetensorsFile.open(path);
    expect(file.names).toEqual(['b', 'a']);
    await file.close();
  });

  it('converts F64, F16 and BF16, and reads across the conversion chunk', async () => {
    const path = freshPath();
    const many = 2 * 1024 * 1024 + 3; // halves: more than one chunk of 4 MiB
    const halves = new Uint16Array(many).fill(0x3c00); // 1.0 in F16
    halves.set([0x0001, 0x8000, 0x03ff, 0x7bff, 0xc000], many - 5);
    await writeSafetensors(path, [
      { name: 'double', dtype: 'F64', shape: [2], data: new Float64Array([0.1, -1e30]) },
      { name: 'half', dtype: 'F16', shape: [many], data: halves },
      { name: 'brain', dtype: 'BF16', shape: [3], data: new Uint16Array([0x3f80, 0xc049, 0x0001]) },
    ]);
    expect(await readBack(path, 'double')).toEqual(f32(0.1, -1e30));
    const converted = await readBack(path, 'half');
    expect(converted.length).toBe(many);
    expect(converted[0]).toBe(1);
    expect(converted[many - 6]).toBe(1);
    const smallest = 2 ** -24;
    expect([...converted.subarray(many - 5)]).toEqual([smallest, -0, 1023 * smallest, 65504, -2]);
    expect(await readBack(path, 'brain')).toEqual(f32(1, -3.140625, 2 ** -133));
  });

  it('opens a file through symbolic links', async () => {
    const path = freshPath();
    await writeSafetensors(path, [tensor('a', f32(1))]);
    symlinkSync(path, `${path}.link`);
    expect(await readBack(`${path}.link`, 'a')).toEqual(f32(1));
  });
});

describe('values', () => {
  it('refuses values that are not finite, naming tensor and index, unless allowed', async () => {
    const path = freshPath();
    await writeSafetensors(path, [
      tensor('nan', f32(1, 2, Number.NaN)),
      tensor('inf', f32(Number.NEGATIVE_INFINITY)),
      { name: 'large', dtype: 'F64', shape: [2], data: new Float64Array([1, 1e39]) },
      { name: 'half', dtype: 'F16', shape: [2], data: new Uint16Array([0x3c00, 0x7c00]) },
      { name: 'brain', dtype: 'BF16', shape: [1], data: new Uint16Array([0x7fc0]) },
    ]);
    await expectError(readBack(path, 'nan'), ModelError, /'nan'.*NaN at index 2/);
    await expectError(readBack(path, 'inf'), ModelError, /'inf'.*-Infinity at index 0/);
    await expectError(readBack(path, 'large'), ModelError, /'large'.*Infinity at index 1/);
    await expectError(readBack(path, 'half'), ModelError, /'half'.*Infinity at index 1/);
    await expectError(readBack(path, 'brain'), ModelError, /'brain'.*NaN at index 0/);
    expect((await readBack(path, 'nan', { allowNonFinite: true }))[2]).toBeNaN();
  });

  it('refuses integers as floats, listed-only dtypes and unknown names', async () => {
    const path = freshPath();
    writeFileSync(
      path,
      rawSafetensors({ f8: { dtype: 'F8_E4M3', shape: [2], data_offsets: [0, 2] } }, new Uint8Array(2)),
    );
    const file = await SafetensorsFile.open(path);
    expect(file.info('f8')).toEqual({ dtype: 'F8_E4M3', shape: [2], byteLength: 2 });
    await expectError(file.readFloat32('f8'), DTypeError, /'f8'.*F8_E4M3/);
    await expectError(file.readRaw('f8'), DTypeError, /not supported; convert it/);
    expect(() => file.info('toString')).toThrow(ArgumentError);
    await file.close();
    const integers = freshPath();
    await writeSafetensors(integers, [{ name: 'i', dtype: 'I32', shape: [1], data: new Int32Array(1) }]);
    await expectError(readBack(integers, 'i'), DTypeError, /expected tensor 'i'.*floats.*I32/);
  });

  it('reports a file that shrinks after it was opened', async () => {
    const path = freshPath();
    await writeSafetensors(path, [tensor('a', f32(1, 2, 3, 4))]);
    const file = await SafetensorsFile.open(path);
    await truncate(path, 70);
    await expectError(file.readFloat32('a'), FormatError, /cut short/);
    await file.close();
  });
});

const one = (entry: object) => ({ a: entry });
const data8 = new Uint8Array(8);
const good = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };
const deep = `{"a":${'['.repeat(100)}${']'.repeat(100)}}`;

/** name, the file's bytes, the expected message; all are FormatErrors */
const DAMAGED: [string, Uint8Array, RegExp][] = [
  ['empty file', new Uint8Array(0), /0 bytes, too few/],
  ['seven bytes', new Uint8Array(7), /7 bytes, too few/],
  ['header length of zero', new Uint8Array(8), /header of 0 bytes/],
  [
    'header longer than the file',
    rawSafetensors('{}', undefined, 3n),
    /header of 3 bytes but the file has 10/,
  ],
  [
    'header over the limit',
    rawSafetensors('{}', undefined, 100_000_001n),
    /100000001 bytes but at most 100000000/,
  ],
  [
    'header length of 2^64 - 1',
    rawSafetensors('{}', undefined, 2n ** 64n - 1n),
    /18446744073709551615 bytes/,
  ],
  ['header that is an array', rawSafetensors('[1,2,3]'), /does not start with '\{'/],
  ['header that is a string', rawSafetensors('"abc"'), /does not start with '\{'/],
  ['header with leading spaces', rawSafetensors('   {}'), /does not start with '\{'/],
  ['header that is not JSON', rawSafetensors('{"a": nonsense}'), /not usable JSON at line 1, column 7/],
  ['header with text after it', rawSafetensors('{} x'), /expected the end/],
  [
    'header that is not UTF-8',
    rawSafetensors(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    /not valid UTF-8/,
  ],
  ['deep header', rawSafetensors(deep), /levels of nesting/],
  ['very deep header', rawSafetensors(`{"a":${'['.repeat(1_000_000)}`), /levels of nesting/],
  [
    'duplicate names',
    rawSafetensors(`{"a":${JSON.stringify(good)},"a":${JSON.stringify(good)}}`, data8),
    /"a" occurs twice/,
  ],
  ['duplicate names, one escaped', rawSafetensors(`{"a":1,"\\u0061":2}`), /"a" occurs twice/],
  ['tensor that is a number', rawSafetensors({ a: 1 }), /"a" is not described by an object/],
  ['tensor that is null', rawSafetensors({ a: null }), /"a" is not described by an object/],
  ['missing dtype', rawSafetensors(one({ shape: [2], data_offsets: [0, 8] }), data8), /dtype undefined/],
  ['unknown dtype', rawSafetensors(one({ ...good, dtype: 'F42' }), data8), /dtype "F42"/],
  [
    'dtype from the prototype',
    rawSafetensors(one({ ...good, dtype: 'toString' }), data8),
    /dtype "toString"/,
  ],
  ['missing shape', rawSafetensors(one({ dtype: 'F32', data_offsets: [0, 8] }), data8), /shape undefined/],
  ['negative shape', rawSafetensors(one({ ...good, shape: [-2] }), data8), /shape \[-2\]/],
  ['fractional shape', rawSafetensors(one({ ...good, shape: [1.5] }), data8), /shape \[1.5\]/],
  ['shape of text', rawSafetensors(one({ ...good, shape: ['2'] }), data8), /shape \["2"\]/],
  ['shape beyond integers', rawSafetensors(one({ ...good, shape: [1e300] }), data8), /shape \[1e\+300\]/],
  ['shape that overflows', rawSafetensors(one({ ...good, shape: [2 ** 40, 2 ** 40] }), data8), /overflows/],
  [
    'shape that overflows before a zero',
    rawSafetensors(one({ ...good, shape: [2 ** 40, 2 ** 40, 0] })),
    /overflows/,
  ],
  [
    'shape that wraps to the size',
    rawSafetensors(one({ ...good, shape: [2 ** 32, 2 ** 32 + 2] }), data8),
    /overflows/,
  ],
  ['lying dtype', rawSafetensors(one({ ...good, dtype: 'F64' }), data8), /16 bytes, but 8 are given/],
  ['lying shape', rawSafetensors(one({ ...good, shape: [3] }), data8), /12 bytes, but 8 are given/],
  ['missing offsets', rawSafetensors(one({ dtype: 'F32', shape: [2] }), data8), /data_offsets undefined/],
  ['one offset', rawSafetensors(one({ ...good, data_offsets: [8] }), data8), /data_offsets \[8\]/],
  [
    'negative offset',
    rawSafetensors(one({ ...good, data_offsets: [-8, 0] }), data8),
    /data_offsets \[-8,0\]/,
  ],
  [
    'offsets the wrong way round',
    rawSafetensors(one({ ...good, data_offsets: [8, 0] }), data8),
    /end before they begin/,
  ],
  [
    'offsets past the end',
    rawSafetensors(one({ ...good, shape: [4], data_offsets: [0, 16] }), data8),
    /cut short/,
  ],
  [
    'first tensor not at zero',
    rawSafetensors(one({ ...good, data_offsets: [8, 16] }), new Uint8Array(16)),
    /hole from 0/,
  ],
  [
    'hole',
    rawSafetensors({ a: good, b: { ...good, data_offsets: [12, 20] } }, new Uint8Array(20)),
    /"b" at 12 leaves a hole from 8/,
  ],
  [
    'overlap',
    rawSafetensors({ a: good, b: { ...good, data_offsets: [4, 12] } }, new Uint8Array(12)),
    /"b" at 4 overlaps/,
  ],
  ['same bytes twice', rawSafetensors({ a: good, b: good }, data8), /"b" at 0 overlaps/],
  ['trailing bytes', rawSafetensors(one(good), new Uint8Array(9)), /1 bytes after its last tensor/],
  ['data without tensors', rawSafetensors({}, data8), /8 bytes after/],
  ['cut data', rawSafetensors(one(good), new Uint8Array(7)), /need 8 bytes of data but it has 7/],
  ['metadata with numbers', rawSafetensors({ __metadata__: { a: 1 } }), /__metadata__/],
  ['metadata that is a list', rawSafetensors({ __metadata__: ['a'] }), /__metadata__/],
  [
    'a pickle',
    Buffer.from('80027d7100580100000061710158010000006271027328752e', 'hex'),
    /header of \d+ bytes/,
  ],
  ['a zip archive', Buffer.from('504b0304140000000800000000000000', 'hex'), /header of \d+ bytes/],
  [
    'a Git LFS pointer',
    Buffer.from('version https://git-lfs.github.com/spec/v1\n'),
    /pointer of Git LFS.*git lfs pull/,
  ],
];

describe('damaged files', () => {
  it.each(DAMAGED)('%s', async (_name, bytes, message) => {
    const path = freshPath();
    await writeFile(path, bytes);
    await expectError(readEverything(path), FormatError, message);
  });

  it('refuses folders, missing files, paths through files and loops of links', async () => {
    const path = freshPath();
    mkdirSync(path);
    await expectError(SafetensorsFile.open(path), FileError, /it is a folder/);
    await expectError(SafetensorsFile.open(join(path, 'none')), FileError, /does not exist.*ENOENT/);
    writeFileSync(join(path, 'file'), '');
    await expectError(SafetensorsFile.open(join(path, 'file', 'x')), FileError, /ENOTDIR/);
    symlinkSync(join(path, 'loop'), join(path, 'loop'));
    await expectError(SafetensorsFile.open(join(path, 'loop')), FileError, /ELOOP/);
  });
});

/** A small file with every kind of content. */
async function smallFile(): Promise<Buffer> {
  const path = freshPath();
  const half: SafetensorsTensor = { name: 'h', dtype: 'F16', shape: [3], data: new Uint16Array([1, 2, 3]) };
  await writeSafetensors(path, [tensor('w', f32(1, 2, 3, 4), [2, 2]), half], { format: 'pt' });
  return readFile(path);
}

describe('robustness', () => {
  it('gives a typed error for a file cut at any byte', async () => {
    const whole = await smallFile();
    const path = freshPath();
    for (let length = 0; length < whole.length; length++) {
      await writeFile(path, whole.subarray(0, length));
      await expectError(readEverything(path), FormatError, /./);
    }
  });

  it('survives 3,000 mutations with typed errors or success', async () => {
    const whole = await smallFile();
    const random = seededRandom(20);
    const path = freshPath();
    let refused = 0;
    for (let round = 0; round < 3000; round++) {
      const bytes = Buffer.from(whole);
      for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      await writeFile(path, bytes);
      try {
        await readEverything(path);
      } catch (error) {
        if (!(error instanceof LikewiseError)) throw new Error(`mutation ${round} escaped`, { cause: error });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(1500);
  });
});

describe('writer', () => {
  const bad: [string, SafetensorsTensor[], RegExp][] = [
    ['data too short', [tensor('a', f32(1), [2])], /needs 8 bytes but its data has 4/],
    ['negative shape', [tensor('a', f32(1), [-1])], /shape \[-1\]/],
    ['names twice', [tensor('a', f32(1)), tensor('a', f32(1))], /given twice/],
    ['reserved name', [tensor('__metadata__', f32(1))], /reserved/],
    ['unknown dtype', [{ ...tensor('a', f32(1)), dtype: 'C64' as 'F32' }], /'C64'/],
  ];
  it.each(bad)('refuses %s and leaves nothing behind', async (_name, tensors, message) => {
    const path = freshPath();
    await expectError(writeSafetensors(path, tensors), ArgumentError, message);
    await expectError(SafetensorsFile.open(path), FileError, /ENOENT/);
    expect(leftovers(folder)).toEqual([]);
  });

  it('refuses a target inside a file or a missing folder', async () => {
    const path = freshPath();
    await writeSafetensors(path, []);
    await expectError(writeSafetensors(join(path, 'x'), []), FileError, /ENOTDIR/);
    await expectError(
      writeSafetensors(join(folder, 'none', 'x'), []),
      FileError,
      /does not exist; create it.*ENOENT/,
    );
  });
});
