// op-calls.mjs for what trains linear layers: their gradients, the activations', squared norms, AdamW and LAMB.
import { ints, list, number, optional, real } from './op-call-tensors.mjs';

/** One step of an optimizer that has so many settings to a group. */
function stepCall(random, settings) {
  const elements = random.below(200);
  const groups = 1 + random.below(4);
  const ends = list(groups, (g) => (g === groups - 1 ? elements : random.below(elements + 1)));
  ends.sort((a, b) => a - b);
  if (random.chance(0.15)) ends[random.below(groups)] = random.pick([-1, elements + 1, 2 ** 31 - 1, 3]);
  return [
    [real(elements), real(1), ints(ends), real(groups, settings)],
    [real(elements), real(elements), real(elements)],
    [0.01, 0.9, 0.999, 1e-8, 0.1, 0.001, 1].map((usual) => number(random, usual)),
  ];
}

export const linearGradientBuilders = {
  linear_weight_gradient(random) {
    const tokens = random.chance(0.1) ? 500 + random.below(100) : random.below(40);
    const [inputs, outputs] = [random.below(40), random.below(40)];
    return [
      [real(tokens, inputs), real(tokens, outputs)],
      [real(outputs, inputs), optional(random, real(outputs))],
      [number(random, random.below(2))],
    ];
  },
  activation_gradient(random) {
    const [rows, width] = [random.below(20), random.below(70)];
    return [[real(rows, width), real(rows, width)], [real(rows, width)], [number(random, random.below(6))]];
  },
  squared_norm(random) {
    const values = random.chance(0.5) ? real(random.below(300)) : real(random.below(20), random.below(40));
    return [[values], [real(1)], []];
  },
  adamw: (random) => stepCall(random, 2),
  lamb: (random) => stepCall(random, 3),
};
