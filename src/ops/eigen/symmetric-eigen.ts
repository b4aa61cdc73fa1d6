// Eigenvalues and eigenvectors of a symmetric matrix in float64: blocked Householder reflections to tridiagonal form,
// divide and conquer (Cuppen 1981; Gu and Eisenstat 1994), and back.
import { ShapeError } from '../../errors.ts';
import { scope } from '../../tensor/scope.ts';
import { formatShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { matrixShape, runOp } from '../run-op.ts';

export interface Eigen {
  values: Tensor; // [size], descending
  vectors: Tensor; // [size, size], one in each row
}

/**
 * `matrix = sum of values[i] * outer(vectors[i], vectors[i])`; the component of largest magnitude of each vector is
 * positive.
 * @param matrix float64 [size, size], of which only the upper triangle is read
 * @throws ShapeError; BackendError for another dtype; ExecutionError on the next wait when the matrix is not finite
 */
export function symmetricEigen(matrix: Tensor): Eigen {
  const [rows, size] = matrixShape('symmetricEigen', 'matrix', matrix);
  if (rows !== size) {
    throw new ShapeError(
      `[symmetricEigen] expected a square matrix but received shape ${formatShape(matrix.shape)}`,
    );
  }
  return scope(() => {
    const { engine, dtype } = matrix;
    const values = Tensor.allocate(engine, dtype, [size]);
    const vectors = Tensor.allocate(engine, dtype, [size, size]);
    const workspace = Tensor.allocate(engine, dtype, [(5 * size + 128) * (size + 8)]);
    runOp('symmetric_eigen', [matrix], [values, vectors, workspace]);
    return { values, vectors };
  });
}
