// op-table.ts for what trains linear layers: their gradients, the activations', squared norms and AdamW.
import { type Activation, activationGradient } from '../../src/ops/linear/activation.ts';
import { linear, packWeight } from '../../src/ops/linear/linear.ts';
import { linearWeightGradient } from '../../src/ops/linear/linear-gradient.ts';
import { adamW, squaredNorm } from '../../src/ops/optimizer/adamw.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { Maker, OpCase } from './op-table.ts';

function layerCase(tokens: number, inputs: number, outputs: number): OpCase {
  return {
    name: `linear_weight_gradient ${tokens} x ${inputs} -> ${outputs}`,
    tolerance: 2e-6 * Math.sqrt(tokens + outputs + 1),
    run: (make) => {
      const [input, coming] = [make.strided(tokens, inputs), make.strided(tokens, outputs)];
      const empty = () => Tensor.allocate(make.engine, make.real, [outputs, inputs]);
      const [weight, bias, alone] = [make.normals(outputs, inputs), make.normals(outputs), empty()];
      linearWeightGradient(input, coming, { weight, bias, accumulate: true });
      linearWeightGradient(input, coming, { weight: alone });
      return [
        weight,
        bias,
        alone,
        linear(coming, packWeight(make.normals(outputs, inputs), { transposed: true })),
      ];
    },
  };
}

function activationCase(activation: Activation, rows: number, width: number): OpCase {
  return {
    name: `activation_gradient ${activation} ${rows} x ${width}`,
    tolerance: 2e-6,
    run: (make) => {
      const [input, weight] = [make.strided(rows, 3), packWeight(make.normals(width, 3))];
      const preActivation = Tensor.allocate(make.engine, make.real, [rows, width]);
      const output = linear(input, weight, { activation, preActivation });
      return [preActivation, activationGradient(output, preActivation, activation)];
    },
  };
}

function optimizerCase(elements: number): OpCase {
  const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return {
    name: `squared_norm and adamw of ${elements}`,
    tolerance: 1e-6 * (1 + Math.sqrt(elements)),
    run: (make) => {
      const gradient = make.normals(elements);
      const zeros = () => Tensor.from(make.engine, reals(make, new Array<number>(elements).fill(0)));
      const targets = { value: make.normals(elements), firstMoment: zeros(), secondMoment: zeros() };
      const norm = squaredNorm(gradient);
      const groups = {
        ends: make.ints([Math.floor(elements / 3), elements]),
        settings: Tensor.from(make.engine, reals(make, [1, 0.1, 0.5, 0]), [2, 2]),
      };
      for (const step of [1, 2, 3]) {
        const corrections = { firstCorrection: 1 - 0.9 ** step, secondCorrection: 1 - 0.999 ** step };
        adamW(targets, gradient, norm, groups, { ...settings, ...corrections, maxNorm: 1 });
      }
      const matrix = squaredNorm(make.strided(7, elements));
      return [norm, matrix, targets.value, targets.firstMoment, targets.secondMoment];
    },
  };
}

const reals = (make: Maker, numbers: number[]) =>
  make.real === 'float32' ? Float32Array.from(numbers) : Float64Array.from(numbers);

export const linearGradientCases: OpCase[] = [
  layerCase(0, 5, 7),
  layerCase(1, 1, 1),
  layerCase(7, 33, 31),
  layerCase(65, 130, 100),
  layerCase(1025, 35, 9),
  ...(['identity', 'gelu_erf', 'gelu_tanh', 'tanh', 'relu'] as const).flatMap((activation) => [
    activationCase(activation, 0, 4),
    activationCase(activation, 33, 19),
  ]),
  ...[0, 1, 37, 1_201].map(optimizerCase),
];
