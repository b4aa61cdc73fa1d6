// op-table.ts for the ops in bfloat16. They know float32 alone, whatever the table's real dtype is. Every backend rounds the
// factors alike, so only the order of float32 sums tells two of them apart: over n products of normal numbers a chain's
// error is about sqrt(n) 2^-24 of the sum's own size sqrt(n), and `32 x` covers its tail over all elements of a case.
import type { Activation } from '../../src/ops/linear/activation.ts';
import { linear, packWeight } from '../../src/ops/linear/linear.ts';
import { linearWeightGradient } from '../../src/ops/linear/linear-gradient.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { Maker, OpCase } from './op-table.ts';

const epsilon32 = 2 ** -24;

const layers: [rows: number, inputs: number, outputs: number, activation: Activation][] = [
  [0, 5, 7, 'identity'],
  [1, 1, 1, 'identity'],
  [1, 384, 384, 'identity'],
  [2, 3, 17, 'relu'],
  [5, 33, 31, 'identity'],
  [7, 64, 33, 'gelu_erf'],
  [13, 1537, 49, 'tanh'],
  [97, 129, 95, 'identity'],
  [200, 40, 130, 'gelu_tanh'],
];

const gradients: [tokens: number, inputs: number, outputs: number][] = [
  [0, 5, 7],
  [1, 1, 1],
  [7, 33, 31],
  [65, 130, 100],
  [1025, 35, 9],
];

export const bfloat16Cases: OpCase[] = [
  ...layers.map(([rows, inputs, outputs, activation], index) => ({
    name: `linear_bfloat16 ${rows} x ${inputs} -> ${outputs} ${activation}`,
    tolerance: 32 * epsilon32 * Math.sqrt(inputs),
    run: (make: Maker) => {
      const floats = make.inFloat32();
      const input = floats.strided(rows, inputs);
      const weight = packWeight(floats.strided(outputs, inputs), { bfloat16: true });
      const bias = index % 2 === 0 ? floats.normals(outputs) : undefined;
      const residual = index % 3 === 0 ? floats.normals(rows, outputs) : undefined;
      const preActivation = Tensor.allocate(make.engine, 'float32', [rows, outputs]);
      return [linear(input, weight, { bias, residual, activation, preActivation }), preActivation];
    },
  })),
  ...gradients.map(([tokens, inputs, outputs]) => ({
    name: `linear_weight_gradient_bfloat16 ${tokens} x ${inputs} -> ${outputs}`,
    tolerance: 32 * epsilon32 * Math.sqrt(tokens + outputs + 1),
    run: (make: Maker) => {
      const floats = make.inFloat32();
      const [input, coming] = [floats.strided(tokens, inputs), floats.strided(tokens, outputs)];
      const empty = () => Tensor.allocate(make.engine, 'float32', [outputs, inputs]);
      const [weight, bias, alone] = [floats.normals(outputs, inputs), floats.normals(outputs), empty()];
      linearWeightGradient(input, coming, { weight, bias, accumulate: true, bfloat16: true });
      linearWeightGradient(input, coming, { weight: alone, bfloat16: true });
      const transposed = packWeight(floats.normals(outputs, inputs), { transposed: true, bfloat16: true });
      return [weight, bias, alone, linear(coming, transposed)];
    },
  })),
];
