// op-calls.mjs for the ops in bfloat16.
import { halves, number, optional, single } from './op-call-tensors.mjs';

const panels = (outputs, inputs, width) =>
  halves(Math.ceil(outputs / width), Math.ceil(inputs / 32) * 32, width);

export const bfloat16Builders = {
  pack_weight_bfloat16(random, { width }) {
    const [rows, depth, transposed] = [random.below(70), random.below(40), random.below(2)];
    const weight = transposed === 1 ? single(depth, rows) : single(rows, depth);
    return [[weight], [panels(rows, depth, width)], [number(random, transposed)]];
  },
  linear_bfloat16(random, { width }) {
    const [rows, inputs, outputs] = [random.below(40), random.below(70), random.below(70)];
    return [
      [
        single(rows, inputs),
        panels(outputs, inputs, width),
        optional(random, single(outputs)),
        optional(random, single(rows, outputs)),
      ],
      [single(rows, outputs), optional(random, single(rows, outputs))],
      [number(random, random.below(6))],
    ];
  },
  linear_weight_gradient_bfloat16(random) {
    const tokens = random.chance(0.1) ? 500 + random.below(100) : random.below(40);
    const [inputs, outputs] = [random.below(40), random.below(40)];
    return [
      [single(tokens, inputs), single(tokens, outputs)],
      [single(outputs, inputs), optional(random, single(outputs))],
      [number(random, random.below(2))],
    ];
  },
};
