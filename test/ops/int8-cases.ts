// op-table.ts for the ops in int8. They know float32 alone, whatever the table's real dtype is, and every backend has the
// reference's bits: only an activation is rounded elsewhere.
import type { Activation } from '../../src/ops/linear/activation.ts';
import { linearInt8, packQuantized } from '../../src/ops/linear/linear-int8.ts';
import { quantizeWeight } from '../../src/ops/linear/quantize-weight.ts';
import { gatherRowsInt8 } from '../../src/ops/rows/table-rows.ts';
import type { Maker, OpCase } from './op-table.ts';

const exact = 0;

const layers: [rows: number, inputs: number, outputs: number, activation: Activation][] = [
  [0, 5, 7, 'identity'],
  [1, 1, 1, 'identity'],
  [1, 384, 384, 'identity'],
  [2, 3, 17, 'relu'],
  [5, 33, 31, 'identity'],
  [7, 64, 33, 'gelu_erf'],
  [12, 514, 40, 'identity'],
  [13, 1537, 49, 'tanh'],
  [97, 129, 95, 'identity'],
  [200, 40, 130, 'gelu_tanh'],
];

export const int8Cases: OpCase[] = [
  ...layers.map(([rows, inputs, outputs, activation], index) => ({
    name: `linear_int8 ${rows} x ${inputs} -> ${outputs} ${activation}`,
    tolerance: activation === 'identity' ? exact : 4e-6,
    run: (make: Maker) => {
      const floats = make.inFloat32();
      const input = floats.strided(rows, inputs);
      using weight = packQuantized(quantizeWeight(floats.strided(outputs, inputs)));
      const bias = index % 2 === 0 ? floats.normals(outputs) : undefined;
      const residual = index % 3 === 0 ? floats.normals(rows, outputs) : undefined;
      return [linearInt8(input, weight, { bias, residual, activation })];
    },
  })),
  ...(
    [
      [0, 3],
      [1, 1],
      [37, 19],
      [100, 384],
    ] as const
  ).map(([rows, columns]) => ({
    name: `quantize_weight and gather_rows_int8 ${rows} x ${columns}`,
    tolerance: exact,
    run: (make: Maker) => {
      const floats = make.inFloat32();
      const table = quantizeWeight(floats.strided(rows, columns));
      const ids = floats.ints(floats.random.integers(rows === 0 ? 0 : 50, rows));
      return [table.values, table.scales, gatherRowsInt8(table, ids)];
    },
  })),
];
