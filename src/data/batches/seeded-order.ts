// Orders that are the same in every run: a permutation belongs to its seed, so a sampler's place is two numbers and
// nothing of an order is ever stored. The generator is SplitMix32 over a mixed seed; whole numbers below a bound are
// drawn with rejection, so that no order is likelier than another.

/** Mixes whole numbers into a seed of 32 bits, so that neighbouring epochs and data sets get unrelated orders. */
export function mixNumbers(...numbers: readonly number[]): number {
  let mixed = 0x9e3779b9;
  for (const number of numbers) mixed = finish(Math.imul(mixed ^ (number >>> 0), 0x85ebca6b) + 0x6d2b79f5);
  return mixed;
}

/** A generator of 32 random bits at a time. */
export function randomBits(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return finish(state);
  };
}

/** `values` in an order that `seed` decides, in place (Fisher and Yates). */
export function shuffle<T extends Uint32Array | Uint16Array>(values: T, seed: number): T {
  const next = randomBits(seed);
  for (let last = values.length - 1; last > 0; last--) {
    const chosen = below(last + 1, next);
    const value = values[chosen] as number;
    values[chosen] = values[last] as number;
    values[last] = value;
  }
  return values;
}

function below(bound: number, next: () => number): number {
  const limit = 2 ** 32 - (2 ** 32 % bound); // above it some remainders would come once more than others
  for (;;) {
    const bits = next();
    if (bits < limit) return bits % bound;
  }
}

function finish(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
