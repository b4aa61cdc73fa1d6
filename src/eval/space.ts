// How vectors fill their space.
//   mean cosine      of all pairs of different vectors: 0 when directions are spread evenly, near 1 in a narrow cone
//   spectrum         eigenvalues of the covariance, as shares of their sum
//   rank             components along which there is any variance, beyond rounding
//   effective rank   exp of the spectrum's entropy (Roy and Vetterli 2007): the dimension if all shares are equal
//   alignment        mean of |x - y|^2 over pairs that mean the same, on the unit sphere; small is good
//   uniformity       log of the mean of exp(-2 |x - y|^2) over all pairs; small is good (Wang and Isola 2020)

import { checkMatrix, type VectorMatrix } from '../embed/vectors/vector-source.ts';
import { CovarianceAccumulator } from '../embed/whitening/covariance-accumulator.ts';
import { covarianceMatrix } from '../embed/whitening/covariance-state.ts';
import { eigenOf } from '../embed/whitening/whitening-fit.ts';
import { DataError } from '../errors.ts';
import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import { Engine, type EngineOptions } from '../native/engine.ts';
import { linear, packWeight } from '../ops/linear/linear.ts';
import { l2Normalize } from '../ops/rows/rows.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { alignment, type Vectors } from './alignment.ts';
import { spearman } from './correlation.ts';
import { pairSimilarity } from './pair-similarity.ts';

export interface SpaceOptions extends EngineOptions {
  /** Rows of two texts each, with how alike people found them. */
  pairs?: readonly { first: number; second: number; score: number }[] | undefined;
  /** What the correlation of `pairs` is of; cosine by default. Everything else looks at directions alone. */
  similarity?: SimilarityFunction | undefined;
  /** Pairs of a higher score mean the same; 4 by default, of STS's 0 to 5, as in SimCSE's paper. */
  positive?: number | undefined;
}

export interface SpaceMeasures {
  vectors: number;
  dimension: number;
  meanCosine: number;
  cosineDeviation: number;
  /** Shares of the cosines of all pairs in equal steps from -1 to 1. */
  histogram: number[];
  /** Shares of the variance along each principal component, descending. */
  spectrum: number[];
  /** Components whose share is above 1e-12 of the largest: directions beyond them hold rounding only. */
  rank: number;
  effectiveRank: number;
  /** Components that hold nine tenths of the variance. */
  componentsFor90: number;
  uniformity: number;
  alignment?: number;
  positives?: number;
  spearman?: number;
  /** What `spearman` compares vectors by. */
  similarity?: SimilarityFunction;
  /** Vectors whose pairs were all compared; fewer than `vectors` where those are many. */
  compared: number;
  /** Whether there are too few vectors to span the dimension: they limit spectrum and effective rank. */
  fewVectors: boolean;
}

/** The measures, and every vector's first two principal components for a plot. */
export interface Space {
  measures: SpaceMeasures;
  projection: Float32Array; // [vectors, 2]
}

export const HISTOGRAM_STEPS = 50;
const mostCompared = 4096;
const rowsAtOnce = 256;
const leastShare = 1e-12; // of the largest: what covariances in float64 carry

/** @throws DataError for fewer than two vectors, or one that is not finite */
export async function measureSpace(vectors: VectorMatrix, options: SpaceOptions = {}): Promise<Space> {
  const [rows, dimension] = checkMatrix('space', vectors).shape;
  if (rows < 2) throw new DataError(`expected at least two vectors to look at but received ${rows}`);
  const engine = Engine.shared({ backend: options.backend, threads: options.threads });
  using sums = new CovarianceAccumulator(engine, dimension, 'float64');
  await sums.add(vectors.data);
  const state = await sums.finish();
  const eigen = await eigenOf(engine, covarianceMatrix(state), dimension);
  const total = eigen.values.reduce((sum, value) => sum + Math.max(0, value), 0);
  const spectrum = Array.from(eigen.values, (value) => (total > 0 ? Math.max(0, value) / total : 0));
  const entropy = spectrum.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
  const cosines = await compareAll(engine, vectors);
  return {
    measures: {
      vectors: rows,
      dimension,
      fewVectors: rows <= dimension, // about their mean they span one dimension less than there are
      ...cosines,
      spectrum,
      rank: spectrum.filter((share) => share > leastShare * (spectrum[0] as number)).length,
      effectiveRank: Math.exp(entropy),
      componentsFor90: componentsFor(spectrum, 0.9),
      ...measurePairs(vectors, options),
    },
    projection: project(vectors, state.mean, eigen.vectors),
  };
}

function componentsFor(spectrum: readonly number[], share: number): number {
  let sum = 0;
  const index = spectrum.findIndex((value) => {
    sum += value;
    return sum >= share;
  });
  return index < 0 ? spectrum.length : index + 1;
}

/** Cosines of all pairs of up to 4,096 vectors, evenly chosen. */
async function compareAll(engine: Engine, vectors: VectorMatrix) {
  const [rows, dimension] = vectors.shape;
  const compared = Math.min(rows, mostCompared);
  const chosen = new Float32Array(compared * dimension);
  for (let index = 0; index < compared; index++) {
    const row = Math.floor((index * rows) / compared);
    chosen.set(vectors.data.subarray(row * dimension, (row + 1) * dimension), index * dimension);
  }
  using unit = scope(() => l2Normalize(Tensor.from(engine, chosen, [compared, dimension])));
  using packed = packWeight(unit);
  const histogram = new Array<number>(HISTOGRAM_STEPS).fill(0);
  let [sum, squares, spread] = [0, 0, 0];
  for (let start = 0; start < compared; start += rowsAtOnce) {
    const end = Math.min(compared, start + rowsAtOnce);
    using block = scope(() => linear(unit.rows(start, end), packed));
    const values = await block.float32Data(); // [end - start, compared]
    for (let row = start; row < end; row++) {
      for (let column = row + 1; column < compared; column++) {
        const value = values[(row - start) * compared + column] as number;
        sum += value;
        squares += value * value;
        spread += Math.exp(4 * value - 4); // -2 |x - y|^2 = 4 cos - 4
        const step = Math.floor(((value + 1) / 2) * HISTOGRAM_STEPS);
        const bin = Math.min(HISTOGRAM_STEPS - 1, Math.max(0, step));
        histogram[bin] = (histogram[bin] as number) + 1;
      }
    }
  }
  const pairs = (compared * (compared - 1)) / 2;
  const meanCosine = sum / pairs;
  return {
    compared,
    meanCosine,
    cosineDeviation: Math.sqrt(Math.max(0, squares / pairs - meanCosine ** 2)),
    histogram: histogram.map((count) => count / pairs),
    uniformity: Math.log(spread / pairs),
  };
}

function measurePairs(
  { data, shape }: VectorMatrix,
  { pairs, positive = 4, similarity = 'cosine' }: SpaceOptions,
) {
  if (pairs === undefined || pairs.length < 2) return {};
  const row = (index: number) => data.subarray(index * shape[1], (index + 1) * shape[1]);
  const compare = pairSimilarity(similarity);
  const similarities = pairs.map(({ first, second }) => compare(row(first), row(second)));
  const alike = pairs.filter(({ score }) => score > positive);
  const side = (of: 'first' | 'second'): Vectors => ({
    shape: [alike.length, shape[1]],
    row: (index) => row(alike[index]?.[of] as number),
  });
  return {
    similarity,
    spearman: spearman(
      similarities,
      pairs.map(({ score }) => score),
    ),
    positives: alike.length,
    ...(alike.length > 0 && { alignment: alignment(side('first'), side('second')) }),
  };
}

/** (x - mean) on the first two principal components; 0 for a second one that does not exist. */
function project({ data, shape }: VectorMatrix, mean: Float64Array, components: Float64Array): Float32Array {
  const [rows, dimension] = shape;
  const result = new Float32Array(rows * 2);
  for (let row = 0; row < rows; row++) {
    for (let axis = 0; axis < Math.min(2, dimension); axis++) {
      let sum = 0;
      for (let i = 0; i < dimension; i++) {
        const distance = (data[row * dimension + i] as number) - (mean[i] as number);
        sum += distance * (components[axis * dimension + i] as number);
      }
      result[row * 2 + axis] = sum;
    }
  }
  return result;
}
