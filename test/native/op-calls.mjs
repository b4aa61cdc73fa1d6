// Arguments for every op of native/ops.def, fitting or nearly so, for binding-fuzz.mjs. A call is a list of tensors to
// be made, { kind, shape, values? } as op-call-tensors.mjs has them, null where an optional one is absent, and the parameters.

import { idsBelow, ints, list, number, offsetsTo, optional, real } from './op-call-tensors.mjs';
import { attentionBuilders } from './op-calls-attention.mjs';
import { bfloat16Builders } from './op-calls-bfloat16.mjs';
import { int8Builders } from './op-calls-int8.mjs';
import { linearGradientBuilders } from './op-calls-linear.mjs';
import { lossBuilders } from './op-calls-loss.mjs';
import { dropoutOf, rowGradientBuilders } from './op-calls-rows.mjs';

const double = (...shape) => ({ kind: 'double', shape }); // whatever the real ones are

const builders = {
  ...attentionBuilders,
  ...bfloat16Builders,
  ...int8Builders,
  ...rowGradientBuilders,
  ...linearGradientBuilders,
  ...lossBuilders,
  pack_weight(random, { width }) {
    const [rows, depth, transposed] = [random.below(70), random.below(20), random.below(2)];
    const weight = transposed === 1 ? real(depth, rows) : real(rows, depth);
    return [[weight], [real(Math.ceil(rows / width), depth, width)], [number(random, transposed)]];
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
      [real(rows, outputs), optional(random, real(rows, outputs))],
      [number(random, random.below(6))],
    ];
  },
  layer_norm(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    const [keys, numbers] = dropoutOf(random, rows);
    const inputs = [real(rows, width), optional(random, real(rows, width)), real(width), real(width), keys];
    return [inputs, [real(rows, width)], [number(random, 1e-12), ...numbers]];
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
  covariance(random) {
    const [rows, width] = [random.below(40), random.below(40)];
    return [
      [real(rows, width), real(width)],
      [double(width), double(width, width)],
      [number(random, random.below(100))],
    ];
  },
  symmetric_eigen(random) {
    const size = random.below(50);
    return [[real(size, size)], [real(size), real(size, size), real((5 * size + 128) * (size + 8))], []];
  },
  whiten(random, { width }) {
    const [rows, inputs, outputs] = [random.below(20), random.below(40), random.below(70)];
    return [
      [real(rows, inputs), real(inputs), real(Math.ceil(outputs / width), inputs, width)],
      [real(rows, outputs)],
      [number(random, random.below(2)), number(random, 1e-12)],
    ];
  },
  weighted_sum(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    return [
      [real(rows, width), real(rows, width)],
      [real(rows, width)],
      [number(random, 0.5), number(random, -2)],
    ];
  },
  fill(random) {
    return [[], [real(random.below(40))], [number(random, 0.5)]];
  },
  copy(random) {
    const [rows, width] = [random.below(20), random.below(40)];
    return [[real(rows, width)], [real(rows, width)], [number(random, random.below(2))]];
  },
  unary(random) {
    const [rows, width] = [random.below(20), random.below(40)];
    return [[real(rows, width)], [real(rows, width)], [number(random, random.below(13))]];
  },
  binary(random) {
    const [rows, width] = [random.below(20), random.below(40)];
    const repeated = () => real(random.chance(0.3) ? 1 : rows, random.chance(0.3) ? 1 : width);
    return [[repeated(), repeated()], [real(rows, width)], [number(random, random.below(9))]];
  },
  reduce(random) {
    const [rows, width] = [random.below(20), random.below(40)];
    const output = real(random.chance(0.5) ? 1 : rows, random.chance(0.5) ? 1 : width);
    return [[real(rows, width)], [output], [number(random, random.below(3))]];
  },
  matmul(random) {
    const [rows, inner, columns] = [random.below(9), random.below(9), random.below(9)];
    const [left, right] = [random.below(2), random.below(2)];
    return [
      [left ? real(inner, rows) : real(rows, inner), right ? real(columns, inner) : real(inner, columns)],
      [real(rows, columns)],
      [number(random, left), number(random, right)],
    ];
  },
  transpose(random) {
    const [rows, columns] = [random.below(20), random.below(20)];
    return [[real(rows, columns)], [real(columns, rows)], []];
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
