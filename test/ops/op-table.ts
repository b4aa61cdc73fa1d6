// Every op with sample sizes: 0, 1, odd, and past every block boundary of the kernels. A case makes its tensors on a
// given engine in a given real dtype, so that one table serves all backends, both dtypes and every kind of check.
import type { Engine } from '../../src/native/engine.ts';
import { addCovariance } from '../../src/ops/eigen/covariance.ts';
import { whiten } from '../../src/ops/eigen/whiten.ts';
import { type Activation, linear, packWeight } from '../../src/ops/linear/linear.ts';
import { embedding } from '../../src/ops/rows/embedding.ts';
import { layerNorm } from '../../src/ops/rows/layer-norm.ts';
import { type PoolMode, pool } from '../../src/ops/rows/pool.ts';
import { l2Normalize, weightedSum } from '../../src/ops/rows/rows.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { attentionCases } from './attention-cases.ts';
import { bfloat16Cases } from './bfloat16-cases.ts';
import { int8Cases } from './int8-cases.ts';
import { linearGradientCases } from './linear-gradient-cases.ts';
import { lossCases } from './loss-cases.ts';
import { plainCases } from './plain-cases.ts';
import { Random } from './random.ts';
import { rowGradientCases } from './row-gradient-cases.ts';

export type Real = 'float32' | 'float64';

export interface OpCase {
  name: string;
  /** Allowed |difference| from the float64 reference, relative to 1 + |value|. */
  tolerance: number;
  run(make: Maker): Tensor[];
}

/** Makes a case's tensors; the numbers depend on the case alone, not on engine or dtype. */
export class Maker {
  readonly engine: Engine;
  readonly real: Real;
  readonly random: Random;

  constructor(engine: Engine, real: Real, seed = 1) {
    this.engine = engine;
    this.real = real;
    this.random = new Random(seed);
  }

  /** The same in float32, for ops that know nothing else. */
  inFloat32(): Maker {
    return new Maker(this.engine, 'float32');
  }

  normals(...shape: number[]): Tensor {
    const values = this.random.normals(shape.reduce((a, b) => a * b, 1));
    return Tensor.from(this.engine, this.real === 'float32' ? values : Float64Array.from(values), shape);
  }

  ints(values: Int32Array | number[]): Tensor {
    return Tensor.from(this.engine, Int32Array.from(values));
  }

  /** Columns 1 … of a wider matrix: rows that lie apart and start misaligned. */
  strided(rows: number, columns: number): Tensor {
    return this.normals(rows, columns + 3).columns(1, columns + 1);
  }

  offsets(lengths: readonly number[]): Tensor {
    let total = 0;
    return this.ints([0, ...lengths.map((length) => (total += length))]);
  }
}

const epsilon32 = 2 ** -24;
const sum = (lengths: readonly number[]) => lengths.reduce((a, b) => a + b, 0);

function linearCases(): OpCase[] {
  const sizes: [rows: number, inputs: number, outputs: number][] = [
    [0, 5, 7],
    [1, 1, 1],
    [1, 384, 384],
    [2, 3, 17],
    [5, 33, 31],
    [7, 64, 33],
    [13, 1537, 49],
    [97, 129, 95],
    [200, 40, 130],
  ];
  const activations: Activation[] = ['identity', 'gelu_erf', 'gelu_tanh', 'tanh', 'relu'];
  return sizes.flatMap(([rows, inputs, outputs], index) => {
    const activation = activations[index % activations.length] as Activation;
    const [withBias, withResidual] = [index % 2 === 0, index % 3 === 0];
    return {
      name: `linear ${rows} x ${inputs} -> ${outputs} ${activation}${withBias ? ' bias' : ''}${withResidual ? ' residual' : ''}`,
      tolerance: 8 * epsilon32 * Math.sqrt(inputs) * 4,
      run: (make: Maker) => {
        const input = make.strided(rows, inputs);
        const weight = packWeight(make.normals(outputs, inputs));
        const bias = withBias ? make.normals(outputs) : undefined;
        const residual = withResidual ? make.normals(rows, outputs) : undefined;
        return [linear(input, weight, { bias, residual, activation })];
      },
    };
  });
}

function poolCases(): OpCase[] {
  const modes: PoolMode[] = ['cls', 'mean', 'max', 'mean_sqrt_len', 'weighted_mean', 'last_token'];
  const lengths = [3, 0, 1, 40, 17];
  return modes.flatMap((mode) =>
    [1, 31, 384].map((width) => ({
      name: `pool ${mode} width ${width}`,
      tolerance: 2e-6,
      run: (make: Maker) => {
        const input = make.strided(sum(lengths), width);
        const skip = make.ints([1, 0, 2, 5, 0]);
        return [
          pool(input, { mode, offsets: make.offsets(lengths) }),
          pool(input, { mode, offsets: make.offsets(lengths), skip }),
        ];
      },
    })),
  );
}

function rowCases(): OpCase[] {
  const sizes: [rows: number, width: number][] = [
    [0, 8],
    [1, 1],
    [3, 7],
    [70, 384],
    [5, 1027],
  ];
  return sizes.flatMap(([rows, width]) => [
    {
      name: `layer_norm ${rows} x ${width}`,
      tolerance: 5e-6,
      run: (make: Maker) => {
        const [input, residual] = [make.strided(rows, width), make.normals(rows, width)];
        const affine = { gamma: make.normals(width), beta: make.normals(width), epsilon: 1e-12 };
        return width === 1
          ? [layerNorm(input, { ...affine, epsilon: 1 })]
          : [layerNorm(input, affine), layerNorm(input, { ...affine, residual })];
      },
    },
    {
      name: `l2_normalize ${rows} x ${width}`,
      tolerance: 1e-6,
      run: (make: Maker) => [l2Normalize(make.strided(rows, width))],
    },
    {
      name: `weighted_sum ${rows} x ${width}`,
      tolerance: 1e-6,
      run: (make: Maker) => [weightedSum(make.strided(rows, width), make.normals(rows, width), 0.25, -1.5)],
    },
    {
      name: `embedding ${rows} x ${width}`,
      tolerance: 5e-6,
      run: (make: Maker) => {
        const tables = {
          word: make.normals(11, width),
          position: make.normals(9, width),
          type: make.normals(2, width),
          gamma: make.normals(width),
          beta: make.normals(width),
          epsilon: 1e-3,
        };
        const ids = {
          tokenIds: make.ints(make.random.integers(rows, 11)),
          positionIds: make.ints(make.random.integers(rows, 9)),
          typeIds: make.ints(make.random.integers(rows, 2)),
        };
        const { tokenIds, positionIds } = ids;
        return [
          embedding(ids, tables),
          embedding({ tokenIds, positionIds }, tables),
          embedding({ tokenIds }, { ...tables, position: undefined, type: undefined }),
        ];
      },
    },
  ]);
}

function whiteningCases(): OpCase[] {
  const sizes: [rows: number, width: number, outputs: number][] = [
    [1, 1, 1],
    [2, 7, 3],
    [33, 50, 40],
    [300, 97, 33],
    [600, 20, 20],
  ];
  return sizes.flatMap(([rows, width, outputs]) => [
    {
      name: `covariance ${rows} x ${width}`,
      tolerance: 24 * epsilon32 * Math.sqrt(rows), // 2 x rows products of two differences, about 4 each, all rounded
      run: (make: Maker) => {
        const [input, shift] = [make.strided(rows, width), make.normals(width)];
        const sums = {
          sum: Tensor.from(make.engine, new Float64Array(width).fill(1)),
          products: Tensor.from(make.engine, new Float64Array(width * width).fill(2), [width, width]),
        };
        addCovariance(input, shift, sums);
        addCovariance(input, shift, sums);
        return [sums.sum, sums.products];
      },
    },
    {
      name: `whiten ${rows} x ${width} -> ${outputs}`,
      tolerance: 32 * epsilon32 * Math.sqrt(width),
      run: (make: Maker) => {
        const weight = packWeight(make.normals(outputs, width));
        const [input, mean] = [make.strided(rows, width), make.normals(width)];
        return [whiten(input, weight, { mean }), whiten(input, weight, { mean, normalize: true })];
      },
    },
  ]);
}

export const opTable: OpCase[] = [
  ...whiteningCases(),
  ...linearCases(),
  ...bfloat16Cases,
  ...int8Cases,
  ...linearGradientCases,
  ...lossCases,
  ...attentionCases,
  ...poolCases(),
  ...rowCases(),
  ...rowGradientCases,
  ...plainCases,
];
