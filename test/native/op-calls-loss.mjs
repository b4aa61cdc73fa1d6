// Arguments for the losses, as op-calls.mjs makes them.
import { idsBelow, ints, list, number, optional, real, single } from './op-call-tensors.mjs';

function rangesOf(random, rows, columns) {
  const ranges = random.below(3);
  const values = list(rows * ranges, () => {
    const [a, b] = [random.below(columns + 1), random.below(columns + 1)];
    if (random.chance(0.02)) return [a, random.pick([-1, columns + 1, 2 ** 31 - 1, -(2 ** 31)])];
    return [Math.min(a, b), Math.max(a, b)];
  }).flat();
  return { kind: 'int', shape: [rows, 2 * ranges], values };
}

/** Columns, or -1 for some rows. */
function columnsOf(random, rows, columns) {
  const { values } = idsBelow(random, rows, Math.max(1, columns));
  return ints(values.map((value) => (columns === 0 || random.chance(0.2) ? -1 : value)));
}

function vocabularyCall(random, kind) {
  const positions = random.chance(0.1) ? 500 + random.below(100) : random.below(70);
  const [words, width] = [1 + random.below(300), 1 + random.below(40)];
  const inputs = [
    kind(positions, width),
    kind(words, width),
    optional(random, kind(words)),
    idsBelow(random, positions, words),
    optional(random, kind(positions)),
  ];
  const wanted = [kind(positions), kind(positions, width), kind(words, width), kind(words)];
  const outputs = [kind(positions), ...wanted.map((tensor) => optional(random, tensor))];
  return [inputs, outputs, [number(random, random.below(2))]];
}

export const lossBuilders = {
  vocabulary_loss: (random) => vocabularyCall(random, real),
  vocabulary_loss_bfloat16: (random) => vocabularyCall(random, single),
  cosine_softmax_loss(random) {
    const [rows, columns, width] = [random.below(130), random.below(300), 1 + random.below(20)];
    const withIds = random.chance(0.4);
    const grouped = random.chance(0.3);
    const ids = (count) => (withIds ? ints(list(count, () => random.below(6))) : null);
    return [
      [
        real(rows, width),
        real(columns, width),
        columnsOf(random, rows, columns),
        optional(random, rangesOf(random, rows, columns)),
        ids(rows),
        ids(columns),
        optional(random, columnsOf(random, rows, columns)),
        grouped ? idsBelow(random, rows, Math.max(1, rows)) : null,
        random.chance(0.3) ? real(1) : null,
      ],
      [
        real(1),
        optional(random, real(rows, width)),
        optional(random, real(columns, width)),
        random.chance(0.2) ? real(1) : null,
      ],
      [number(random, 20), number(random, 1), grouped ? 0 : random.below(2), number(random, 1e-12)],
    ];
  },
};
