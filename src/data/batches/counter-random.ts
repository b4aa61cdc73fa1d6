// Random numbers by their place: Philox 4x32 with 7 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// 2011), as in the native ops. A stream is named by a key of two numbers and by three more, and holds 2^34 numbers; any of
// them can be drawn anywhere, in any order, and they are the same.

const firstMultiplier = 0xd2511f53;
const secondMultiplier = 0xcd9e8d57;
const firstIncrement = 0x9e3779b9;
const secondIncrement = 0xbb67ae85;
const rounds = 7;

/** Four numbers of 32 bits from a counter of four and a key of two, into `out`. */
export function philox(counter: Uint32Array, key0: number, key1: number, out: Uint32Array): void {
  let a = counter[0] as number;
  let b = counter[1] as number;
  let c = counter[2] as number;
  let d = counter[3] as number;
  let k = key0;
  let l = key1;
  for (let round = 0; round < rounds; round++) {
    const highA = multiplyHigh(firstMultiplier, a);
    const highC = multiplyHigh(secondMultiplier, c);
    const lowA = Math.imul(firstMultiplier, a);
    a = (highC ^ b ^ k) >>> 0;
    b = Math.imul(secondMultiplier, c) >>> 0;
    c = (highA ^ d ^ l) >>> 0;
    d = lowA >>> 0;
    k = (k + firstIncrement) >>> 0;
    l = (l + secondIncrement) >>> 0;
  }
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** The upper half of a product of 64 bits. */
function multiplyHigh(x: number, y: number): number {
  const lowX = x & 0xffff;
  const highX = x >>> 16;
  const lowY = y & 0xffff;
  const highY = y >>> 16;
  const middle = highX * lowY + ((lowX * lowY) >>> 16); // below 2^32
  const other = lowX * highY + (middle & 0xffff);
  return (highX * highY + (middle >>> 16) + (other >>> 16)) >>> 0;
}

export class CounterRandom {
  readonly #key: readonly [number, number];
  readonly #counter = new Uint32Array(4);
  readonly #numbers = new Uint32Array(4);
  #left = 0;

  /** Streams of a key, which are none of another's; the first one is (0, 0, 0). */
  constructor(key0: number, key1: number) {
    this.#key = [key0 >>> 0, key1 >>> 0];
  }

  /** Goes to the beginning of a stream. */
  start(first: number, second: number, third: number): this {
    this.#counter.set([first, second, third, 0]);
    this.#left = 0;
    return this;
  }

  /** A whole number below 2^32. */
  bits(): number {
    if (this.#left === 0) {
      philox(this.#counter, this.#key[0], this.#key[1], this.#numbers);
      this.#counter[3] = (this.#counter[3] as number) + 1;
      this.#left = 4;
    }
    return this.#numbers[4 - this.#left--] as number;
  }

  /** A number in [0, 1), of 32 bits. */
  uniform(): number {
    return this.bits() / 4294967296;
  }

  /** A whole number below a bound, each as likely as another. */
  below(bound: number): number {
    const limit = 4294967296 - (4294967296 % bound);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % bound;
    }
  }
}
