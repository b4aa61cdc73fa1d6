// Values for binding-fuzz.mjs: a seeded generator, and every kind of argument that a function of the addon should refuse.

/** Thrown by hostile getters; the addon must let it through. */
export class HostileError extends Error {}

/** Seeded numbers: mulberry32. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }

  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  below(count) {
    return Math.floor(this.uniform() * count);
  }

  chance(probability) {
    return this.uniform() < probability;
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}

// Sizes from 2^37 on: half a terabyte or more, which is refused everywhere; what lies between is only slow to refuse.
export const wildNumbers = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  -1,
  -(2 ** 31),
  -(2 ** 53),
  0.5,
  1.5,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  2 ** 37,
  2 ** 40,
  2 ** 40 + 1,
  2 ** 52,
  2 ** 53 - 1,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  1e300,
];

const typedArrays = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];

/** A typed array of any kind over any kind of memory. `interfere` is called by its getters, where it has some. */
export function anyTypedArray(random, interfere) {
  const Type = random.chance(0.6)
    ? random.pick([Float32Array, Float64Array, Int32Array])
    : random.pick(typedArrays);
  const length = random.below(40);
  const bytes = length * Type.BYTES_PER_ELEMENT;
  switch (random.below(9)) {
    case 0:
      return new Type(new SharedArrayBuffer(bytes));
    case 1:
      return new Type(new ArrayBuffer(bytes, { maxByteLength: 2 * bytes + 8 }));
    case 2: {
      const array = new Type(length);
      structuredClone(array.buffer, { transfer: [array.buffer] }); // detached
      return array;
    }
    case 3: {
      const shrunk = new ArrayBuffer(bytes + 64, { maxByteLength: bytes + 64 });
      const array = new Type(shrunk, 0, length);
      shrunk.resize(0);
      return array;
    }
    case 4: // a buffer property that lies
      return Object.defineProperty(new Type(length), 'buffer', { value: new ArrayBuffer(8) });
    case 5: {
      const array = new Type(length);
      const get = () => {
        interfere();
        if (array.buffer.byteLength > 0) structuredClone(array.buffer, { transfer: [array.buffer] });
        return false;
      };
      Object.defineProperty(array.buffer, 'resizable', { get });
      return array;
    }
    case 6:
      return new Type(new ArrayBuffer(bytes + 64), random.below(9) * 8 > 64 ? 0 : 8, length);
    case 7:
      return new (class extends Type {})(length);
    default:
      return new Type(length);
  }
}

/** An array with a getter that interferes, throws, grows or shrinks the array while it is read. */
export function trap(random, values, interfere) {
  const array = [...values, 1];
  const index = random.below(array.length);
  const value = array[index];
  const mischief = random.below(4);
  const get = () => {
    if (mischief === 0) throw new HostileError('from a getter');
    if (mischief === 1) for (let i = 0; i < 1000; i++) array.push(1);
    else if (mischief === 2) array.length = 0;
    else interfere();
    return value;
  };
  return Object.defineProperty(array, index, { get, configurable: true });
}

/** Anything at all. */
export function junk(random, interfere) {
  const kinds = [
    () => undefined,
    () => null,
    () => random.chance(0.5),
    () => random.pick(wildNumbers),
    () => random.below(64),
    () => random.below(2 ** 31) * random.below(2 ** 22),
    () => BigInt(random.below(1000)),
    () => Symbol('s'),
    () => random.pick(['', 'float32', 'reference', 'avx1024', 'x'.repeat(5000), 'a\0b', '\ud800', '12']),
    () => ({}),
    () => ({ length: 3, 0: 1, 1: 2, 2: 3 }),
    () => ({ valueOf: () => 1, toString: () => 'reference' }),
    () => new Proxy([1, 2], {}),
    () => () => 1,
    () => new Date(0),
    () => new Map(),
    () => Promise.resolve(1),
    () => new ArrayBuffer(16),
    () => new SharedArrayBuffer(16),
    () => new DataView(new ArrayBuffer(16)),
    () => [],
    () => new Array(1e6),
    () => Array.from({ length: random.below(12) }, () => random.pick([...wildNumbers, 1, 2, 3])),
    () => new Array(2), // of holes
    () => ['1', {}, null],
    () => trap(random, [1, 2], interfere),
    () => anyTypedArray(random, interfere),
  ];
  return random.pick(kinds)();
}
