// What the arguments of calls are made of in op-calls.mjs: tensors to be made, { kind, shape, values? } with the kinds of
// dtypeOf in binding-fuzz.mjs, and numbers, as they should be or, now and then, not.

export const real = (...shape) => ({ kind: 'real', shape });
export const single = (...shape) => ({ kind: 'single', shape }); // float32, whatever the real ones are
export const halves = (...shape) => ({ kind: 'half', shape }); // bfloat16
export const bytes = (...shape) => ({ kind: 'byte', shape });
export const ints = (values) => ({ kind: 'int', shape: [values.length], values });
export const list = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** int32 that are as they should be, or with one chance in `odds` anything. */
export function idsBelow(random, count, bound) {
  const wild = random.chance(0.15);
  const extremes = [-1, bound, 2 ** 31 - 1, -(2 ** 31)];
  return ints(list(count, () => (wild && random.chance(0.2) ? random.pick(extremes) : random.below(bound))));
}

export function offsetsTo(random, sequences, tokens) {
  const cuts = list(Math.max(0, sequences - 1), () => random.below(tokens + 1)).sort((a, b) => a - b);
  const values = [0, ...cuts, ...(sequences > 0 ? [tokens] : [])];
  if (random.chance(0.15)) {
    values[random.below(values.length)] = random.pick([-1, tokens + 1, 2 ** 31 - 1, -(2 ** 31), 3]);
  }
  return ints(values);
}

export const ranks = (random, count) =>
  ints(list(count, (index) => random.pick([index, 0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random.below(8)])));

export const optional = (random, tensor) => (random.chance(0.5) ? tensor : null);
export const number = (random, usual) =>
  random.chance(0.9)
    ? usual
    : random.pick([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308, -1e308, 0.5, 1e9]);
