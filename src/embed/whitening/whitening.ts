// Whitening: a linear map after which vectors have mean zero and covariance one, which turns the anisotropic vectors of
// a raw encoder into useful ones and lets most components go (Su et al. 2021, "Whitening Sentence Representations for
// Better Semantics and Faster Retrieval"). Fitted in one pass over any number of vectors in constant memory.
import { ArgumentError } from '../../errors.ts';
import { Engine, type EngineOptions } from '../../native/engine.ts';
import { whiten } from '../../ops/eigen/whiten.ts';
import { linear } from '../../ops/linear/linear.ts';
import { checkOptions } from '../../options/check-options.ts';
import { checkPath } from '../../options/check-path.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { throwIfAborted } from '../encoder/encode-options.ts';
import type { Embeddings } from '../vectors/embeddings.ts';
import { mapRows } from '../vectors/map-rows.ts';
import {
  matricesOf,
  realMatricesOf,
  type VectorMatrix,
  type VectorSource,
} from '../vectors/vector-source.ts';
import { CovarianceAccumulator } from './covariance-accumulator.ts';
import { type CovariancePrecision, type CovarianceState, checkCovariance } from './covariance-state.ts';
import type { WhiteningData } from './whitening-data.ts';
import { loadWhitening, saveWhitening } from './whitening-file.ts';
import { checkDimension, fitSpectrum, planWhitening, type WhiteningOptions } from './whitening-fit.ts';
import { forwardMatrix, inverseMatrix, type WhiteningVariant } from './whitening-matrix.ts';

const whiteningOptionNames = ['variant', 'components', 'remove', 'epsilon', 'rcond', 'backend', 'threads'];

/** Settings of {@link Whitening.fit}. */
export interface FitOptions extends WhiteningOptions, EngineOptions {
  /**
   * Of the vectors and of the products that make the covariance: `float32` by default, which rounds float64 vectors to
   * float32; `float64` for half the speed and directions of very small variance, down to 1e-12 of the largest.
   */
  precision?: CovariancePrecision | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the vectors seen so far. */
  onProgress?: ((progress: { vectors: number }) => void) | undefined;
}

/** A linear transformation that makes the components of vectors uncorrelated. It is fitted, saved, loaded and applied. */
export class Whitening {
  readonly data: WhiteningData;

  constructor(data: WhiteningData) {
    this.data = data;
  }

  /**
   * Fits on vectors: Embeddings, arrays of vectors, or a stream of either, in O(dimension²) memory.
   * @throws DataError for no vectors, or one that is not finite, naming its index; ShapeError for vectors of different
   *   dimensions; ArgumentError for options, among them more components than the rank; AbortedError
   */
  static async fit(vectors: VectorSource, options: FitOptions = {}): Promise<Whitening> {
    checkOptions('fit', options, [...whiteningOptionNames, 'precision', 'signal', 'onProgress']);
    const plan = planWhitening(options); // before the work
    const engine = Engine.shared({ backend: options.backend, threads: options.threads });
    let sums: CovarianceAccumulator | undefined;
    try {
      const exact = options.precision === 'float64';
      for await (const { data, shape } of exact
        ? realMatricesOf(vectors, Float64Array)
        : matricesOf(vectors)) {
        throwIfAborted(options.signal, 'fitting');
        if (sums === undefined) checkDimension(plan, shape[1]);
        sums ??= new CovarianceAccumulator(engine, shape[1], options.precision);
        await sums.add(data);
        options.onProgress?.({ vectors: sums.count });
      }
      const state = await (sums as CovarianceAccumulator).finish();
      const { precision: _, signal: __, onProgress: ___, ...rest } = options;
      return await Whitening.fromCovariance(state, rest);
    } finally {
      sums?.dispose();
    }
  }

  /**
   * {@link fit} from a covariance that was summed, merged or loaded.
   * @throws as `fit`; ArgumentError, ShapeError for what is no covariance
   */
  static async fromCovariance(
    state: CovarianceState,
    options: WhiteningOptions & EngineOptions = {},
  ): Promise<Whitening> {
    checkOptions('fromCovariance', options, whiteningOptionNames);
    checkCovariance('whitening', state);
    const plan = planWhitening(options, state.precision);
    const engine = Engine.shared({ backend: options.backend, threads: options.threads });
    const fitted = await fitSpectrum(engine, state, plan);
    const { variant, epsilon, rcond } = plan;
    const { mean, count } = state;
    return new Whitening({ ...fitted, variant, epsilon, rcond, mean, count, dimension: mean.length });
  }

  /** Reads what `save` wrote, or the whitening in a model folder that `likewise whiten` wrote. @throws FileError, FormatError */
  static async load(path: string): Promise<Whitening> {
    checkPath('load', 'a whitening', path);
    return new Whitening(await loadWhitening(path));
  }

  /**
   * Writes a folder that holds `whitening.safetensors`.
   * @throws FileError when the folder exists and is not empty (unless `overwrite`, which replaces a whitening's or a
   *   model's folder and no other), its parent is missing, or the file system refuses
   */
  async save(folder: string, options: { overwrite?: boolean | undefined } = {}): Promise<void> {
    checkOptions('save', options, ['overwrite']);
    return saveWhitening(this.data, folder, options);
  }

  /** Which of the transformations it is. */
  get variant(): WhiteningVariant {
    return this.data.variant;
  }

  /** Components of the vectors it takes. */
  get dimension(): number {
    return this.data.dimension;
  }

  /** Components kept, or for `remove-top` taken away. */
  get components(): number {
    return this.data.vectors.length / this.data.dimension;
  }

  /** Components of the vectors it gives. */
  get outputs(): number {
    return this.variant === 'zca' || this.variant === 'remove-top' ? this.dimension : this.components;
  }

  /**
   * The share of the variance along each component that is kept (for `remove-top`: taken away). The sum of all is 1 up to
   * rounding, and may be a little more; {@link explainedShare} is not.
   */
  get explainedVariance(): Float64Array {
    const { eigenvalues } = this.data;
    const total = eigenvalues.reduce((sum, value) => sum + value, 0);
    return eigenvalues.slice(0, this.components).map((value) => value / total);
  }

  /** The sum of {@link explainedVariance}, from 0 to 1, and 1 when all components are kept. */
  get explainedShare(): number {
    const { eigenvalues } = this.data;
    const sumOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
    return sumOf(eigenvalues.subarray(0, this.components)) / sumOf(eigenvalues); // in one order: never above 1
  }

  /** W of `y = (x - mean) W^T`, float64 [outputs, dimension]. */
  matrix(): Float64Array {
    return forwardMatrix(this.data);
  }

  /** The same fit with fewer components. @throws ArgumentError */
  truncate(components: number): Whitening {
    if (!Number.isInteger(components) || components < 1 || components > this.components) {
      throw new ArgumentError(
        `[whitening] expected components from 1 to ${this.components} but received ${components}`,
      );
    }
    return new Whitening({
      ...this.data,
      vectors: this.data.vectors.slice(0, components * this.dimension),
    });
  }

  /**
   * `(x - mean) W^T` of every vector.
   * @param options.normalize scale the results to unit length
   * @throws ShapeError when the vectors' dimension is not the whitening's; ArgumentError for anything but a matrix;
   *   DataError naming a vector that is not finite
   */
  async transform(
    vectors: VectorMatrix,
    options: { normalize?: boolean | undefined } & EngineOptions = {},
  ): Promise<Embeddings> {
    checkOptions('transform', options, ['normalize', 'backend', 'threads']);
    const { dimension, outputs } = this;
    const mean = Float32Array.from(this.data.mean);
    return mapRows(
      vectors,
      { ...options, inputs: dimension, outputs, weight: this.matrix(), mean },
      (rows, weight) =>
        whiten(rows, weight, { mean: Tensor.from(rows.engine, mean), normalize: options.normalize }),
    );
  }

  /**
   * The vectors that `transform` gives these for, or of those the one of least length about the mean, where components
   * were dropped.
   * @throws ArgumentError for `remove-top`, which cannot be undone, and for anything but a matrix; ShapeError; DataError
   *   naming a vector that is not finite
   */
  async inverse(vectors: VectorMatrix, options: EngineOptions = {}): Promise<Embeddings> {
    checkOptions('inverse', options, ['backend', 'threads']);
    const weight = inverseMatrix(this.data);
    if (weight === undefined)
      throw new ArgumentError('[whitening] remove-top has no inverse: it drops what it removes');
    const bias = Float32Array.from(this.data.mean);
    const { dimension, outputs } = this;
    return mapRows(vectors, { inputs: outputs, outputs: dimension, weight, ...options }, (rows, packed) =>
      linear(rows, packed, { bias: Tensor.from(rows.engine, bias) }),
    );
  }
}
