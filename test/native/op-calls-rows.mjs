// op-calls.mjs for the ops that work row by row when training.
import { idsBelow, list, number, offsetsTo, optional, real } from './op-call-tensors.mjs';

const word = (random) => number(random, random.below(2 ** 32));

/** Keys of rows and [dropout, seed, site] that go together; no keys only where dropout is 0. */
export function dropoutOf(random, rows) {
  const keyed = random.chance(0.6);
  const values = list(2 * rows, () => random.pick([0, 1, random.below(999), -1, 2 ** 31 - 1]));
  const keys = keyed ? { kind: 'int', shape: [rows, 2], values } : null;
  return [keys, [number(random, keyed ? 0.1 : 0), word(random), word(random)]];
}

/** A case's gradients of gamma and beta. */
const affine = (random, width) => [optional(random, real(width)), optional(random, real(width))];

export const rowGradientBuilders = {
  layer_norm_gradient(random) {
    const [rows, width] = [random.below(140), random.below(70)];
    const [keys, numbers] = dropoutOf(random, rows);
    const residual = optional(random, real(rows, width));
    return [
      [real(rows, width), real(rows, width), residual, real(width), keys],
      [real(rows, width), residual && optional(random, real(rows, width)), ...affine(random, width)],
      [number(random, 1e-12), ...numbers, number(random, random.below(2))],
    ];
  },
  dropout(random) {
    const [rows, width] = [random.below(20), random.below(300)];
    const [keys, numbers] = dropoutOf(random, rows);
    return [[real(rows, width), keys], [real(rows, width)], numbers];
  },
  embedding_gradient(random) {
    const [tokens, width] = [random.below(140), random.below(40)];
    const [words, positions, types] = [1 + random.below(9), 1 + random.below(9), 1 + random.below(3)];
    const [positioned, typed] = [random.chance(0.5), random.chance(0.5)];
    return [
      [
        real(tokens, width),
        idsBelow(random, tokens, words),
        real(words, width),
        positioned ? idsBelow(random, tokens, positions) : null,
        positioned ? real(positions, width) : null,
        typed ? idsBelow(random, tokens, types) : null,
        typed || random.chance(0.3) ? real(types, width) : null,
        real(width),
      ],
      [real(tokens, width), ...affine(random, width)],
      [number(random, 1e-5), number(random, random.below(2))],
    ];
  },
  gather_rows(random) {
    const [tokens, width, entries] = [random.below(140), random.below(40), 1 + random.below(99)];
    return [[real(entries, width), idsBelow(random, tokens, entries)], [real(tokens, width)], []];
  },
  scatter_rows(random) {
    const [tokens, width, entries] = [random.below(140), random.below(300), 1 + random.below(99)];
    return [
      [real(tokens, width), idsBelow(random, tokens, entries)],
      [real(entries, width)],
      [number(random, random.below(2))],
    ];
  },
  pool_gradient(random) {
    const [tokens, width, sequences] = [random.below(30), random.below(40), 1 + random.below(5)];
    const skip = {
      kind: 'int',
      shape: [sequences],
      values: list(sequences, () => random.pick([0, 0, 1, 2, 100, 2 ** 31 - 1, -1])),
    };
    return [
      [
        real(sequences, width),
        optional(random, real(tokens, width)),
        offsetsTo(random, sequences, tokens),
        optional(random, skip),
      ],
      [real(tokens, width)],
      [number(random, random.below(7))],
    ];
  },
  l2_normalize_gradient(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    return [[real(rows, width), real(rows, width)], [real(rows, width)], [number(random, 1e-12)]];
  },
};
