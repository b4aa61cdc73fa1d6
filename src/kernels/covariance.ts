// Covariance and the decomposition of a symmetric matrix on plain arrays (`likewise/kernels`).
import { CovarianceAccumulator } from '../embed/whitening/covariance-accumulator.ts';
import { divideProducts } from '../embed/whitening/covariance-state.ts';
import { eigenOf } from '../embed/whitening/whitening-fit.ts';
import { ArgumentError, ShapeError } from '../errors.ts';
import { Engine, type EngineOptions } from '../native/engine.ts';
import { checkArguments, checkKind } from './array-arguments.ts';

/** Arguments of {@link covariance}. */
export interface CovarianceOptions extends EngineOptions {
  /** [rows, dim], row-major; products of a Float64Array are computed in float64, at half the speed. */
  rows: Float32Array | Float64Array;
  dim: number;
}

/** Mean and covariance of the rows. */
export interface CovarianceResult {
  mean: Float64Array; // [dim]
  /** [dim, dim], divided by count - 1 as numpy.cov does. */
  covariance: Float64Array;
  count: number;
}

/**
 * Mean and covariance of rows, in float64: products of a stretch of rows in the rows' own type about a pilot mean,
 * stretches summed in float64. The rows are read in pieces: leave them alone until the promise resolves.
 * @throws ShapeError, DTypeError; ArgumentError for fewer than two rows; rejects with DataError naming a row that is not
 *   finite
 */
export async function covariance(options: CovarianceOptions): Promise<CovarianceResult> {
  const { rows, dim, backend, threads } = checkArguments('covariance', options, ['rows', 'dim']);
  checkKind('covariance', 'rows', rows, ['Float32Array', 'Float64Array']);
  refuseBorrowed('covariance', 'rows', rows);
  checkDimension('covariance', dim);
  if (rows.length < 2 * dim) {
    throw new ArgumentError(
      `[covariance] expected at least two rows of ${dim} but received ${rows.length} numbers`,
    );
  }
  const precision = rows instanceof Float64Array ? 'float64' : 'float32';
  using sums = new CovarianceAccumulator(Engine.shared({ backend, threads }), dim, precision);
  await sums.add(rows);
  const state = await sums.finish();
  // in place: nobody else has the state, and fresh memory of that size costs more than the division
  return { mean: state.mean, covariance: divideProducts(state, state.m2), count: state.count };
}

/** Arguments of {@link symmetricSvd}. */
export interface SymmetricSvdOptions extends EngineOptions {
  /** [dim, dim], symmetric; the upper triangle is what is decomposed. */
  matrix: Float64Array;
  dim: number;
}

/** The decomposition. */
export interface SymmetricSvdResult {
  /** [dim] singular values, descending: the magnitudes of the eigenvalues. */
  values: Float64Array;
  /** [dim, dim], the vector of values[i] in column i, as numpy.linalg.svd's U; orthonormal. */
  vectors: Float64Array;
  /** [dim] with their signs: matrix = vectors diag(eigenvalues) vectors^T. The values, for a covariance. */
  eigenvalues: Float64Array;
}

/**
 * Singular value decomposition of a symmetric matrix in float64, by its eigenvalues.
 * @throws ShapeError, DTypeError; ArgumentError for a matrix whose triangles differ by more than 1e-5 of its largest
 *   element; rejects with ExecutionError when an element is not finite
 */
export async function symmetricSvd(options: SymmetricSvdOptions): Promise<SymmetricSvdResult> {
  const { matrix, dim, backend, threads } = checkArguments('symmetricSvd', options, ['matrix', 'dim']);
  checkKind('symmetricSvd', 'matrix', matrix, ['Float64Array']);
  refuseBorrowed('symmetricSvd', 'matrix', matrix);
  checkDimension('symmetricSvd', dim);
  if (matrix.length !== dim * dim) {
    throw new ShapeError(
      `[symmetricSvd] expected matrix of ${dim} x ${dim} elements but received ${matrix.length}`,
    );
  }
  checkSymmetry(matrix, dim);
  const found = await eigenOf(Engine.shared({ backend, threads }), matrix, dim);
  const order = Array.from(found.values.keys());
  order.sort((a, b) => Math.abs(found.values[b] as number) - Math.abs(found.values[a] as number) || a - b);
  const eigenvalues = Float64Array.from(order, (index) => found.values[index] as number);
  const vectors = new Float64Array(dim * dim);
  for (const [column, index] of order.entries()) {
    for (let row = 0; row < dim; row++) {
      vectors[row * dim + column] = found.vectors[index * dim + row] as number;
    }
  }
  return { values: eigenvalues.map(Math.abs), vectors, eigenvalues };
}

/**
 * The triangles of a product X^T X that was summed in float32 in two orders differ by some 1e-7 sqrt(rows) of its largest
 * element, 1e-5 for ten thousand rows; more than that is no rounding but another matrix, or one triangle alone.
 */
const mostAsymmetry = 1e-5;

function checkSymmetry(matrix: Float64Array, dim: number): void {
  let largest = 0;
  let worst = 0;
  let at = 0;
  for (let row = 0; row < dim; row++) {
    for (let column = row; column < dim; column++) {
      const above = matrix[row * dim + column] as number;
      const below = matrix[column * dim + row] as number;
      const size = Math.max(Math.abs(above), Math.abs(below));
      if (size > largest) largest = size;
      const difference = Math.abs(above - below);
      if (difference <= worst) continue;
      worst = difference;
      at = row * dim + column;
    }
  }
  if (!(worst > mostAsymmetry * largest)) return; // the engine names what is not finite
  const [row, column] = [Math.floor(at / dim), at % dim];
  throw new ArgumentError(
    `[symmetricSvd] expected a symmetric matrix but element ${row}, ${column} is ${matrix[at]} and element ${column}, ${row} ` +
      `is ${matrix[column * dim + row]}: fill both triangles, or average the matrix with its transpose`,
  );
}

function checkDimension(name: string, dim: number): void {
  if (Number.isInteger(dim) && dim >= 1) return;
  throw new ArgumentError(`[${name}] expected dim to be a positive integer but received ${dim}`);
}

/** The memory of a shared or resizable buffer may change or vanish under a reader. */
function refuseBorrowed(name: string, what: string, array: Float32Array | Float64Array): void {
  const buffer = array.buffer as ArrayBuffer & { resizable?: boolean };
  if (!(buffer instanceof ArrayBuffer) || buffer.resizable === true) {
    throw new ArgumentError(`[${name}] expected ${what} not to be a view of a shared or resizable buffer`);
  }
}
