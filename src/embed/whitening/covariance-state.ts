// Count, mean and M2 = sum of (x - mean) (x - mean)^T of some rows, in float64: all that a covariance needs. Two such
// states merge into that of all rows (Chan, Golub and LeVeque 1979), so that parts may be summed anywhere:
//   M2 = M2a + M2b + (mean_b - mean_a) (mean_b - mean_a)^T n_a n_b / (n_a + n_b)
import { ArgumentError, DataError, FormatError, ShapeError } from '../../errors.ts';
import { SafetensorsFile } from '../../io/safetensors/safetensors.ts';
import { writeSafetensors } from '../../io/safetensors/safetensors-writer.ts';
import { checkPath } from '../../options/check-path.ts';

/** What products of rows are computed in; sums of many are float64 in both. */
export type CovariancePrecision = 'float32' | 'float64';

/** All that a covariance needs of the rows that were summed; two of them merge into that of all rows. */
export interface CovarianceState {
  /** Rows. */
  count: number;
  mean: Float64Array; // [dimension]
  m2: Float64Array; // [dimension, dimension], symmetric
  /** Of the products that were summed; float32 when it is not said. */
  precision?: CovariancePrecision | undefined;
}

const precisions: readonly unknown[] = ['float32', 'float64', undefined];

/**
 * A state whose parts fit; its numbers are not looked at.
 * @throws ArgumentError for anything else; ShapeError when mean and m2 do not fit
 */
export function checkCovariance(name: string, state: CovarianceState): CovarianceState {
  const { count, mean, m2, precision } = state ?? {};
  if (!(mean instanceof Float64Array && m2 instanceof Float64Array) || !precisions.includes(precision)) {
    throw new ArgumentError(
      `[${name}] expected a covariance as { count, mean: Float64Array, m2: Float64Array }, what finish or loadCovariance ` +
        'gives',
    );
  }
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ArgumentError(`[${name}] expected a count of rows but received ${count}`);
  }
  if (m2.length === mean.length ** 2) return state;
  throw new ShapeError(
    `[${name}] expected m2 of ${mean.length} x ${mean.length}, as the mean, but received ${m2.length} numbers`,
  );
}

/**
 * The state of the rows of both, of the lesser precision.
 * @throws ShapeError when their dimensions differ; ArgumentError for what is no state
 */
export function mergeCovariance(a: CovarianceState, b: CovarianceState): CovarianceState {
  checkCovariance('mergeCovariance', a);
  checkCovariance('mergeCovariance', b);
  const dimension = a.mean.length;
  if (b.mean.length !== dimension) {
    throw new ShapeError(
      `[mergeCovariance] expected states of one dimension but received ${dimension} and ${b.mean.length}`,
    );
  }
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const delta = b.mean.map((value, i) => value - (a.mean[i] as number));
  const mean = a.mean.map((value, i) => value + ((delta[i] as number) * b.count) / count);
  const factor = (a.count * b.count) / count;
  const m2 = a.m2.map((value, index) => {
    const product =
      (delta[Math.floor(index / dimension)] as number) * (delta[index % dimension] as number) * factor;
    return value + (b.m2[index] as number) + product;
  });
  const precision = a.precision === 'float64' && b.precision === 'float64' ? 'float64' : 'float32';
  return { count, mean, m2, precision };
}

/**
 * M2 / (count - 1), as numpy.cov.
 * @returns [dimension, dimension]
 * @throws ArgumentError for fewer than two rows
 */
export function covarianceMatrix(state: CovarianceState): Float64Array {
  checkCovariance('covariance', state);
  if (state.count < 2) {
    throw new ArgumentError(`[covariance] expected at least two rows but received ${state.count}`);
  }
  return divideProducts(state, new Float64Array(state.m2.length));
}

/** m2 / (count - 1) into an array, which may be m2 itself. */
export function divideProducts({ m2, count }: CovarianceState, into: Float64Array): Float64Array {
  const divisor = count - 1;
  for (let i = 0; i < m2.length; i++) into[i] = (m2[i] as number) / divisor;
  return into;
}

const format = 'likewise-covariance';

/**
 * Writes a state to a safetensors file, so that another process can merge it: mean and m2 in float64, the count in the
 * metadata. Appears when it is complete. @throws FileError; ArgumentError, ShapeError for what is no state;
 * DataError for numbers that are not finite
 */
export async function saveCovariance(state: CovarianceState, path: string): Promise<void> {
  checkCovariance('saveCovariance', state);
  checkPath('saveCovariance', 'the file to write', path);
  for (const name of ['mean', 'm2'] as const) {
    const bad = state[name].findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    throw new DataError(
      `[saveCovariance] expected finite numbers but ${name} holds ${state[name][bad]} at index ${bad}`,
    );
  }
  const dimension = state.mean.length;
  await writeSafetensors(
    path,
    [
      { name: 'mean', dtype: 'F64', shape: [dimension], data: state.mean },
      { name: 'm2', dtype: 'F64', shape: [dimension, dimension], data: state.m2 },
    ],
    { format, count: String(state.count), precision: state.precision ?? 'float32' },
  );
}

/**
 * Reads what {@link saveCovariance} wrote, for {@link mergeCovariance} or `Whitening.fromCovariance`.
 * @throws FileError; FormatError for another file, or numbers that are not finite
 */
export async function loadCovariance(path: string): Promise<CovarianceState> {
  checkPath('loadCovariance', 'a file of saveCovariance', path);
  const file = await SafetensorsFile.open(path);
  try {
    const count = Number(file.metadata.count);
    const precision = file.metadata.precision === 'float64' ? 'float64' : 'float32';
    if (file.metadata.format !== format || !Number.isSafeInteger(count) || count < 0) {
      throw new FormatError(
        `'${path}' is not a saved covariance: its metadata lack format ${format} and count`,
      );
    }
    const mean = await readFloat64(file, 'mean');
    const m2 = await readFloat64(file, 'm2');
    if (m2.length !== mean.length ** 2) {
      throw new FormatError(
        `'${path}' holds a mean of ${mean.length} and ${m2.length} products, which do not fit`,
      );
    }
    return { count, mean, m2, precision };
  } finally {
    await file.close();
  }
}

/** A float64 tensor of a file, all finite. @throws FormatError */
export async function readFloat64(file: SafetensorsFile, name: string): Promise<Float64Array> {
  if (!file.has(name) || file.info(name).dtype !== 'F64') {
    throw new FormatError(`'${file.path}' lacks the float64 tensor '${name}'; write it again`);
  }
  const bytes = await file.readRaw(name);
  const values = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return values;
  throw new FormatError(`'${file.path}' holds ${values[bad]} at index ${bad} of '${name}'; write it again`);
}
