// op-table.ts for the ops that work row by row when training: dropout, gradients, rows between a table and a batch.
import { dropout } from '../../src/ops/rows/dropout.ts';
import { embeddingGradient } from '../../src/ops/rows/embedding.ts';
import { layerNorm, layerNormGradient } from '../../src/ops/rows/layer-norm.ts';
import { type PoolMode, poolGradient } from '../../src/ops/rows/pool.ts';
import { l2NormalizeGradient } from '../../src/ops/rows/rows.ts';
import { gatherRows, scatterRows } from '../../src/ops/rows/table-rows.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { Maker, OpCase } from './op-table.ts';

/** Sequence and position of each row: sequences of 7 rows. */
function rowKeys(make: Maker, rows: number): Tensor {
  const keys = Int32Array.from({ length: 2 * rows }, (_, index) =>
    index % 2 === 0 ? Math.floor(index / 14) : (index >> 1) % 7,
  );
  return Tensor.from(make.engine, keys, [rows, 2]);
}

function normCases(rows: number, width: number): OpCase[] {
  const drop = (make: Maker) => ({ dropout: 0.1, seed: 7, site: 2 ** 32 - 1, rowKeys: rowKeys(make, rows) });
  return [
    {
      name: `dropout ${rows} x ${width}`,
      tolerance: 1e-6,
      run: (make) => [dropout(make.strided(rows, width), drop(make))],
    },
    {
      name: `layer_norm ${rows} x ${width} with dropout`,
      tolerance: 5e-6,
      run: (make) => {
        const affine = { gamma: make.normals(width), beta: make.normals(width), epsilon: 0.1 };
        const [input, residual] = [make.strided(rows, width), make.normals(rows, width)];
        return [layerNorm(input, { ...affine, residual, ...drop(make) })];
      },
    },
    {
      name: `layer_norm_gradient ${rows} x ${width}`,
      tolerance: 1e-5 * Math.sqrt(1 + rows),
      run: (make) => {
        const [coming, input] = [make.normals(rows, width), make.strided(rows, width)];
        const residual = make.normals(rows, width);
        const [gamma, beta] = [make.normals(width), make.normals(width)]; // gradients, added to
        const options = { gamma: make.normals(width), epsilon: 0.1, residual };
        const plain = layerNormGradient(coming, input, options, { gamma, beta, accumulate: true });
        const dropped = layerNormGradient(coming, input, { ...options, ...drop(make) });
        return [
          plain.input,
          plain.residual as Tensor,
          dropped.input,
          dropped.residual as Tensor,
          gamma,
          beta,
        ];
      },
    },
  ];
}

function embeddingCases(tokens: number, width: number): OpCase[] {
  return [
    {
      name: `embedding_gradient ${tokens} x ${width}`,
      tolerance: 1e-5 * Math.sqrt(1 + tokens),
      run: (make) => {
        const tables = {
          word: make.normals(11, width),
          position: make.normals(9, width),
          type: make.normals(2, width),
          gamma: make.normals(width),
          epsilon: 0.1,
        };
        const ids = {
          tokenIds: make.ints(make.random.integers(tokens, 11)),
          positionIds: make.ints(make.random.integers(tokens, 9)),
        };
        const gamma = Tensor.allocate(make.engine, make.real, [width]);
        const gradient = embeddingGradient(make.strided(tokens, width), ids, tables, { gamma });
        const word = make.normals(11, width);
        scatterRows(gradient, ids.tokenIds, word, true);
        const position = Tensor.allocate(make.engine, make.real, [9, width]);
        scatterRows(gradient, ids.positionIds, position, false);
        return [gradient, gamma, word, position, gatherRows(tables.word, ids.tokenIds)];
      },
    },
    {
      name: `l2_normalize_gradient ${tokens} x ${width}`,
      tolerance: 1e-5,
      run: (make) => [l2NormalizeGradient(make.normals(tokens, width), make.strided(tokens, width), 0.5)],
    },
  ];
}

function poolCases(): OpCase[] {
  const modes: PoolMode[] = ['cls', 'mean', 'max', 'mean_sqrt_len', 'weighted_mean', 'last_token'];
  const lengths = [3, 0, 1, 40, 17];
  return modes.flatMap((mode) =>
    [1, 31, 384].map((width) => ({
      name: `pool_gradient ${mode} width ${width}`,
      tolerance: 2e-6,
      run: (make: Maker) => {
        const [coming, input] = [make.normals(lengths.length, width), make.strided(61, width)];
        const [offsets, skip] = [make.offsets(lengths), make.ints([1, 0, 2, 5, 0])];
        return [
          poolGradient(coming, input, { mode, offsets }),
          poolGradient(coming, input, { mode, offsets, skip }),
        ];
      },
    })),
  );
}

export const rowGradientCases: OpCase[] = [
  ...[0, 1, 3, 70].flatMap((rows) =>
    [1, 7, 384, 1027].flatMap((width) => [...normCases(rows, width), ...embeddingCases(rows, width)]),
  ),
  ...poolCases(),
];
