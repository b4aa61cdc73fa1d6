// op-calls.mjs for the ops in int8.
import { bytes, idsBelow, number, optional, single } from './op-call-tensors.mjs';

const depthStep = 64; // as deep as panels are filled with zeros
const padded = (count) => Math.ceil(count / depthStep) * depthStep;

export const int8Builders = {
  quantize_weight(random) {
    const [outputs, inputs] = [random.below(70), random.below(40)];
    return [[single(outputs, inputs)], [bytes(outputs, inputs), single(outputs)], []];
  },
  pack_weight_int8(random, { width }) {
    const [outputs, inputs] = [random.below(70), random.below(40)];
    return [[bytes(outputs, inputs)], [bytes(Math.ceil(outputs / width), padded(inputs), width)], []];
  },
  linear_int8(random, { width }) {
    const [rows, inputs, outputs] = [random.below(40), random.below(40), random.below(70)];
    return [
      [
        single(rows, inputs),
        bytes(Math.ceil(outputs / width), padded(inputs), width),
        single(outputs),
        optional(random, single(outputs)),
        optional(random, single(rows, outputs)),
      ],
      [single(rows, outputs)],
      [number(random, random.below(6))],
    ];
  },
  gather_rows_int8(random) {
    const [tokens, entries, width] = [random.below(40), 1 + random.below(20), random.below(40)];
    return [
      [bytes(entries, width), single(entries), idsBelow(random, tokens, entries)],
      [single(tokens, width)],
      [],
    ];
  },
};
