// From a covariance to a whitening: its spectrum, its numerical rank, and how many components can be kept.
import { ArgumentError, DataError } from '../../errors.ts';
import type { Engine } from '../../native/engine.ts';
import { symmetricEigen } from '../../ops/eigen/symmetric-eigen.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { type CovariancePrecision, type CovarianceState, covarianceMatrix } from './covariance-state.ts';
import { WHITENING_VARIANTS, type WhiteningVariant } from './whitening-matrix.ts';

/** Which transformation is made of a covariance, and how much of it is kept. */
export interface WhiteningOptions {
  /** `whitening` by default. */
  variant?: WhiteningVariant | undefined;
  /** Components to keep; as many as the rank by default. Not for `remove-top`. */
  components?: number | undefined;
  /** `remove-top`: components to take away; one in a hundred by default, as its paper. */
  remove?: number | undefined;
  /** Added to every eigenvalue; 0 by default. With it more components than the rank can be asked for. */
  epsilon?: number | undefined;
  /**
   * Eigenvalues up to this share of the largest count as zero; by default 1e-6, what products in float32 carry, and 1e-12
   * when they were summed in float64.
   */
  rcond?: number | undefined;
}

/** The options with what was not given, checked. */
export interface WhiteningPlan {
  variant: WhiteningVariant;
  components: number | undefined;
  remove: number | undefined;
  epsilon: number;
  rcond: number;
}

export interface FittedSpectrum {
  eigenvalues: Float64Array; // [dimension], descending
  vectors: Float64Array; // [components, dimension]
  rank: number;
}

/** @param precision of the products. @throws ArgumentError */
export function planWhitening(
  options: WhiteningOptions,
  precision: CovariancePrecision = 'float32',
): WhiteningPlan {
  const { components, remove, epsilon = 0, rcond = precision === 'float64' ? 1e-12 : 1e-6 } = options;
  const wanted = options.variant ?? 'whitening';
  const variant = WHITENING_VARIANTS.find((known) => known === wanted);
  if (variant === undefined) {
    throw new ArgumentError(
      `[whitening] expected a variant of ${WHITENING_VARIANTS.join(', ')} but received "${options.variant}"`,
    );
  }
  for (const [name, value] of Object.entries({ components, remove })) {
    if (value === undefined || (Number.isInteger(value) && value >= 1)) continue;
    throw new ArgumentError(`[whitening] expected ${name} to be a positive integer but received ${value}`);
  }
  for (const [name, value] of Object.entries({ epsilon, rcond })) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new ArgumentError(
      `[whitening] expected ${name} to be finite and not negative but received ${value}`,
    );
  }
  if (rcond >= 1) {
    throw new ArgumentError(
      `[whitening] expected rcond, a share of the largest eigenvalue, from 0 to less than 1 but received ${rcond}`,
    );
  }
  const foreign = variant === 'remove-top' ? 'components' : 'remove';
  if ({ components, remove }[foreign] !== undefined) {
    throw new ArgumentError(`[whitening] expected no ${foreign} with variant ${variant}, which has none`);
  }
  if (epsilon > 0 && (variant === 'pca' || variant === 'remove-top')) {
    throw new ArgumentError(
      `[whitening] expected no epsilon with variant ${variant}, which divides by no eigenvalue`,
    );
  }
  return { variant, components, remove, epsilon, rcond };
}

/** What can be known as soon as the vectors' dimension is. @throws ArgumentError */
export function checkDimension({ variant, components, remove }: WhiteningPlan, dimension: number): void {
  if (components !== undefined && components > dimension) {
    throw new ArgumentError(
      `[whitening] expected at most ${dimension} components, the dimension of the vectors, but received ${components}`,
    );
  }
  if (variant === 'remove-top' && remove !== undefined && remove >= dimension) {
    throw new ArgumentError(
      `[whitening] expected to remove fewer components than the dimension, ${dimension}, but received ${remove}`,
    );
  }
}

/** @throws DataError when the rows span too little; ArgumentError when more is asked for than there is */
export async function fitSpectrum(
  engine: Engine,
  state: CovarianceState,
  plan: WhiteningPlan,
): Promise<FittedSpectrum> {
  const dimension = state.mean.length;
  checkDimension(plan, dimension);
  if (state.count < 2) {
    throw new DataError(`[whitening] expected at least two vectors to fit on but received ${state.count}`);
  }
  const { values, vectors } = await eigenOf(engine, covarianceMatrix(state), dimension);
  const eigenvalues = values.map((value) => Math.max(0, value));
  const least = plan.rcond * (eigenvalues[0] as number);
  const above = eigenvalues.findIndex((value) => value <= least || value === 0);
  const rank = Math.min(above < 0 ? dimension : above, state.count - 1);
  if (rank === 0) {
    const narrow =
      state.precision === 'float64' ? '' : ": to float32, at least; precision 'float64' tells more apart";
    throw new DataError(`[whitening] expected vectors that differ but all are equal${narrow}`);
  }
  const components = countComponents(plan, rank, dimension, state.count);
  return { eigenvalues, vectors: vectors.slice(0, components * dimension), rank };
}

function countComponents(plan: WhiteningPlan, rank: number, dimension: number, count: number): number {
  const { variant, epsilon, rcond } = plan;
  if (variant === 'remove-top') {
    const remove = plan.remove ?? Math.max(1, Math.round(dimension / 100));
    if (remove < rank) return remove;
    throw new ArgumentError(
      `[whitening] expected to remove fewer components than the rank, ${rank}, but received ${remove}`,
    );
  }
  const most = epsilon > 0 ? dimension : rank;
  const components = plan.components ?? most;
  if (components <= most) return components;
  const advice = 'ask for fewer, fit on more vectors, or set epsilon';
  throw new ArgumentError(
    `[whitening] expected at most ${most} components, the ${epsilon > 0 ? 'dimension' : 'rank'} of the ${count} vectors ` +
      `(eigenvalues above ${rcond} of the largest), but received ${components}: ${advice}`,
  );
}

/** Eigenvalues, descending, and eigenvectors in rows. */
export async function eigenOf(
  engine: Engine,
  matrix: Float64Array,
  dimension: number,
): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const result = scope(() => symmetricEigen(Tensor.from(engine, matrix, [dimension, dimension])));
  const reading = [result.values.data(), result.vectors.data()] as const;
  result.values.dispose();
  result.vectors.dispose();
  const [values, vectors] = (await Promise.all(reading)) as [Float64Array, Float64Array];
  return { values, vectors };
}
