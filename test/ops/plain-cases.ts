// Cases of the plain ops: every function, every way of repeating a row or column, and sizes of nothing and of one.
import * as elementwise from '../../src/ops/plain/elementwise.ts';
import { matmul, transpose } from '../../src/ops/plain/matmul.ts';
import { largest, mean, sum } from '../../src/ops/plain/reduce.ts';
import { concatenateColumns, concatenateRows, sliceColumns } from '../../src/ops/plain/slices.ts';
import { cosineSimilarity, logSoftmax, logSumExp, softmax } from '../../src/ops/plain/softmax.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Maker, OpCase } from './op-table.ts';

const { absolute, exp, log, negate, reciprocal, relu, sigmoid, sign, softplus, sqrt, square, tanh } =
  elementwise;
const { add, divide, equal, greater, maximum, minimum, multiply, subtract } = elementwise;

const sizes: [rows: number, columns: number][] = [
  [0, 3],
  [1, 1],
  [5, 7],
];

function plainCase(name: string, [rows, columns]: [number, number], run: (make: Maker) => Tensor[]): OpCase {
  return { name: `plain ${name} ${rows} x ${columns}`, tolerance: 4e-6, run };
}

export const plainCases: OpCase[] = sizes.flatMap((size) => {
  const [rows, columns] = size;
  return [
    plainCase('functions of one', size, (make) => {
      const x = make.strided(rows, columns);
      const above = add(absolute(x), 0.5);
      const anywhere = [absolute, exp, negate, relu, sigmoid, sign, softplus, square, tanh];
      return [...anywhere.map((run) => run(x)), ...[log, reciprocal, sqrt].map((run) => run(above))];
    }),
    plainCase('functions of two', size, (make) => {
      const [x, y] = [make.strided(rows, columns), make.strided(rows, columns)];
      const [row, column] = [make.normals(columns), make.normals(rows, 1)];
      const others = [y, row, column, 0.5];
      const runs = [add, subtract, multiply, maximum, minimum, equal, greater];
      const quotient = divide(x, add(square(y), 1));
      return [...runs.flatMap((run) => others.map((other) => run(x, other))), add(column, row), quotient];
    }),
    plainCase('sums and softmax', size, (make) => {
      const [x, y] = [make.strided(rows, columns), make.strided(rows, columns)];
      const reductions = [sum, largest].flatMap((run) => [run(x), run(x, 'rows'), run(x, 'columns')]);
      const rowwise = [logSoftmax, logSumExp, softmax].map((run) => run(x));
      return [...reductions, ...(rows > 0 ? [mean(x)] : []), ...rowwise, cosineSimilarity(x, y)];
    }),
    plainCase('products and parts', size, (make) => {
      const [x, y] = [make.strided(rows, columns), make.strided(rows, columns)];
      return [
        matmul(x, y, { transposeRight: true }),
        matmul(x, y, { transposeLeft: true }),
        transpose(x),
        concatenateRows([x, y]),
        concatenateColumns([x, y]),
        exp(sliceColumns(x, 1, columns)),
      ];
    }),
  ];
});
