// The matrices of a whitening. With eigenvectors v_i (rows) and eigenvalues s_i of the covariance, y = (x - mean) W^T:
//   whitening    row i of W = v_i / sqrt(s_i + epsilon)                       BERT-whitening (Su et al. 2021)
//   pca          row i of W = v_i
//   zca          W = sum_i v_i^T v_i / sqrt(s_i + epsilon)                    whitened, and nearest to what it was
//   remove-top   W = I - sum_i v_i^T v_i over the first few                   all but the top (Mu, Viswanath 2018)

/** The transformations; docs/whitening.md has their formulas. */
export const WHITENING_VARIANTS = ['whitening', 'zca', 'pca', 'remove-top'] as const;

/** One of {@link WHITENING_VARIANTS}. */
export type WhiteningVariant = (typeof WHITENING_VARIANTS)[number];

export interface Spectrum {
  variant: WhiteningVariant;
  dimension: number;
  /** Added to every eigenvalue. */
  epsilon: number;
  eigenvalues: Float64Array; // of all components, descending
  vectors: Float64Array; // [components, dimension], in rows
}

/** W, float64 [outputs, dimension]. */
export function forwardMatrix(spectrum: Spectrum): Float64Array {
  const { variant } = spectrum;
  if (variant === 'zca') return projector(spectrum, (deviation) => 1 / deviation);
  if (variant === 'remove-top') {
    const { dimension } = spectrum;
    const matrix = projector(spectrum, () => -1);
    for (let i = 0; i < dimension; i++) matrix[i * dimension + i] = 1 + (matrix[i * dimension + i] as number);
    return matrix;
  }
  return scaledRows(spectrum, (deviation) => (variant === 'pca' ? 1 : 1 / deviation));
}

/** The weight of the way back, x = y V^T + mean, float64 [dimension, outputs]; undefined where there is none. */
export function inverseMatrix(spectrum: Spectrum): Float64Array | undefined {
  const { variant, dimension } = spectrum;
  if (variant === 'remove-top') return undefined;
  if (variant === 'zca') return projector(spectrum, (deviation) => deviation);
  const rows = scaledRows(spectrum, (deviation) => (variant === 'pca' ? 1 : deviation));
  const components = rows.length / dimension;
  return Float64Array.from(
    rows,
    (_, index) => rows[(index % components) * dimension + Math.floor(index / components)] as number,
  );
}

function deviations({ eigenvalues, epsilon, vectors, dimension }: Spectrum): number[] {
  const components = vectors.length / dimension;
  return Array.from({ length: components }, (_, i) => Math.sqrt((eigenvalues[i] as number) + epsilon));
}

function scaledRows(spectrum: Spectrum, scale: (deviation: number) => number): Float64Array {
  const factors = deviations(spectrum).map(scale);
  return spectrum.vectors.map(
    (value, index) => value * (factors[Math.floor(index / spectrum.dimension)] as number),
  );
}

/** The sum of scale_i v_i^T v_i, [dimension, dimension]. */
function projector(spectrum: Spectrum, scale: (deviation: number) => number): Float64Array {
  const { vectors, dimension } = spectrum;
  const matrix = new Float64Array(dimension * dimension);
  for (const [component, deviation] of deviations(spectrum).entries()) {
    const vector = vectors.subarray(component * dimension, (component + 1) * dimension);
    const factor = scale(deviation);
    for (let i = 0; i < dimension; i++) {
      const scaled = factor * (vector[i] as number);
      for (let j = 0; j < dimension; j++) {
        matrix[i * dimension + j] = (matrix[i * dimension + j] as number) + scaled * (vector[j] as number);
      }
    }
  }
  return matrix;
}
