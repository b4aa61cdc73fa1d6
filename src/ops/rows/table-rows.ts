// Rows between a table and a batch: gathered from it by id, or added into it, which is the gradient of gathering.
import { record, recording } from '../../autograd/tape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { QuantizedMatrix } from '../linear/quantize-weight.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

/**
 * `output[t] = table[ids[t]]`.
 * @param table real [entries, width]
 * @param ids int32 [tokens]
 * @returns real [tokens, width]
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when an id is outside the table
 */
export function gatherRows(table: Tensor, ids: Tensor): Tensor {
  const [, width] = matrixShape('gatherRows', 'table', table);
  const output = Tensor.allocate(table.engine, table.dtype, [ids.shape[0] ?? 0, width]);
  runOp('gather_rows', [table, ids], [output]);
  if (recording('gatherRows', [table])) {
    record('gatherRows', [output], [ids], (step, [rowIds]) => {
      step.into([table], ([target], accumulate) => {
        if (target !== undefined)
          scatterRows(step.outputGradient, rowIds as Tensor, target, accumulate === 1);
      });
    });
  }
  return output;
}

/**
 * `output[t] = scales[ids[t]] * table[ids[t]]`, of a table in int8.
 * @param table [entries, width]
 * @param ids int32 [tokens]
 * @returns float32 [tokens, width]
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when an id is outside the table
 */
export function gatherRowsInt8({ values, scales }: QuantizedMatrix, ids: Tensor): Tensor {
  const [, width] = matrixShape('gatherRowsInt8', 'table', values);
  const output = Tensor.allocate(values.engine, 'float32', [ids.shape[0] ?? 0, width]);
  runOp('gather_rows_int8', [values, scales, ids], [output]);
  return output;
}

/**
 * `table[ids[t]] += rows[t]`, each row of the table in the order of t.
 * @param rows real [tokens, width]
 * @param ids int32 [tokens]
 * @param table real [entries, width], written to
 * @param accumulate adds to what the table holds (only the rows named by `ids` are touched); else it is zero before
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when an id is outside the table
 */
export function scatterRows(rows: Tensor, ids: Tensor, table: Tensor, accumulate: boolean): void {
  const [tokens, width] = matrixShape('scatterRows', 'rows', rows);
  const [entries] = matrixShape('scatterRows', 'table', table);
  checkShape('scatterRows', 'ids', ids, [tokens]);
  checkShape('scatterRows', 'table', table, [entries, width]);
  runOp('scatter_rows', [rows, ids], [table], [accumulate ? 1 : 0]);
}
