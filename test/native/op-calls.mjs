// Arguments for every op of native/ops.def, fitting or nearly so, for binding-fuzz.mjs. A call is a list of tensors to
// be made, { kind: 'real' | 'int', shape, values? }, null where an optional one is absent, and the parameters.

const real = (...shape) => ({ kind: 'real', shape });
const ints = (values) => ({ kind: 'int', shape: [values.length], values });
const list = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** int32 that are as they should be, or with one chance in `odds` anything. */
function idsBelow(random, count, bound) {
  const wild = random.chance(0.15);
  const extremes = [-1, bound, 2 ** 31 - 1, -(2 ** 31)];
  return ints(list(count, () => (wild && random.chance(0.2) ? random.pick(extremes) : random.below(bound))));
}

function offsetsTo(random, sequences, tokens) {
  const cuts = list(Math.max(0, sequences - 1), () => random.below(tokens + 1)).sort((a, b) => a - b);
  const values = [0, ...cuts, ...(sequences > 0 ? [tokens] : [])];
  if (random.chance(0.15)) {
    values[random.below(values.length)] = random.pick([-1, tokens + 1, 2 ** 31 - 1, -(2 ** 31), 3]);
  }
  return ints(values);
}

const ranks = (random, count) =>
  ints(list(count, (index) => random.pick([index, 0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random.below(8)])));

const optional = (random, tensor) => (random.chance(0.5) ? tensor : null);
const number = (random, usual) =>
  random.chance(0.9)
    ? usual
    : random.pick([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e308, -1e308, 0.5, 1e9]);

const builders = {
  pack_weight(random, { width }) {
    const [outputs, inputs] = [random.below(70), random.below(20)];
    return [[real(outputs, inputs)], [real(Math.ceil(outputs / width), inputs, width)], []];
  },
  embedding(random) {
    const [tokens, width] = [random.below(20), random.below(40)];
    const [words, positions, types] = [1 + random.below(9), 1 + random.below(9), 1 + random.below(3)];
    const positioned = random.chance(0.5);
    const typed = random.chance(0.5);
    return [
      [
        idsBelow(random, tokens, words),
        real(words, width),
        positioned ? idsBelow(random, tokens, positions) : null,
        positioned ? real(positions, width) : null,
        typed ? idsBelow(random, tokens, types) : null,
        typed || random.chance(0.3) ? real(types, width) : null,
        real(width),
        real(width),
      ],
      [real(tokens, width)],
      [number(random, 1e-5)],
    ];
  },
  linear(random, { width }) {
    const [rows, inputs, outputs] = [random.below(20), random.below(40), random.below(70)];
    return [
      [
        real(rows, inputs),
        real(Math.ceil(outputs / width), inputs, width),
        optional(random, real(outputs)),
        optional(random, real(rows, outputs)),
      ],
      [real(rows, outputs)],
      [number(random, random.below(6))],
    ];
  },
  layer_norm(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    const inputs = [real(rows, width), optional(random, real(rows, width)), real(width), real(width)];
    return [inputs, [real(rows, width)], [number(random, 1e-12)]];
  },
  attention(random) {
    const [heads, dim, sequences] = [1 + random.below(3), 1 + random.below(40), random.below(5)];
    const [queries, keys] = sequences === 0 ? [0, 0] : [random.below(40), random.below(60)];
    const masked = random.chance(0.6);
    return [
      [
        real(queries, heads * dim),
        real(keys, heads * dim),
        real(keys, heads * dim),
        offsetsTo(random, sequences, queries),
        offsetsTo(random, sequences, keys),
        masked ? ranks(random, queries) : null,
        masked ? ranks(random, keys) : null,
      ],
      [real(queries, heads * dim), optional(random, real(queries, heads))],
      [number(random, heads), number(random, 0.3), masked ? random.below(2) : 0],
    ];
  },
  pool(random) {
    const [tokens, width, sequences] = [random.below(30), random.below(40), 1 + random.below(5)];
    const skip = ints(list(sequences, () => random.pick([0, 0, 1, 2, 100, 2 ** 31 - 1, -1])));
    return [
      [real(tokens, width), offsetsTo(random, sequences, tokens), optional(random, skip)],
      [real(sequences, width)],
      [number(random, random.below(7))],
    ];
  },
  l2_normalize(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    return [[real(rows, width)], [real(rows, width)], [number(random, 1e-12)]];
  },
  weighted_sum(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    return [
      [real(rows, width), real(rows, width)],
      [real(rows, width)],
      [number(random, 0.5), number(random, -2)],
    ];
  },
};

/** Spoils one thing: a size, a rank, a type, an absent or additional tensor, the number of parameters. */
function spoil(random, call) {
  const [inputs, outputs, parameters] = call;
  const tensors = random.chance(0.3) ? outputs : inputs;
  const index = random.below(tensors.length);
  const tensor = tensors[index];
  switch (random.below(6)) {
    case 0:
      tensors[index] = null;
      break;
    case 1:
      tensors.push(real(2, 2));
      break;
    case 2:
      parameters.push(1);
      break;
    case 3:
      if (tensor)
        tensors[index] = { ...tensor, kind: tensor.kind === 'int' ? 'real' : 'int', values: undefined };
      break;
    default:
      if (tensor && tensor.shape.length > 0) {
        const shape = [...tensor.shape];
        if (random.chance(0.3)) shape.pop();
        else shape[random.below(shape.length)] += random.pick([1, 2, 16]);
        tensors[index] = { ...tensor, shape, values: undefined };
      }
  }
  return call;
}

/** The arguments of one call of the op of that name; `width` is the engine's panel width. */
export function opCall(random, name, width) {
  const strange = random.chance(0.1) ? 1 + random.below(70) : width;
  const call = builders[name](random, { width: strange });
  return random.chance(0.25) ? spoil(random, call) : call;
}

/** The ops known here: a test holds them against the addon's. */
export const knownOps = Object.keys(builders);
