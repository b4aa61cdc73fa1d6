// All similarities between two sets of vectors, by the measure a model was made for; sentence-transformers' names. As
// there, distances are negated so that larger is always more similar.
import { ArgumentError, DataError, ShapeError } from '../../errors.ts';
import { SIMILARITY_FUNCTIONS, type SimilarityFunction } from '../../io/model-folder/similarity-function.ts';
import { indexOfNonFinite } from '../../io/safetensors/float-convert.ts';
import type { Engine } from '../../native/engine.ts';
import { linear, packWeight } from '../../ops/linear/linear.ts';
import { l2Normalize } from '../../ops/rows/rows.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Embeddings } from './embeddings.ts';
import { gatherVectors, type Vector, type VectorMatrix, type VectorSource } from './vector-source.ts';

/** Multiply-adds and numbers up to which similarities go before other work: a query against some thousand vectors. */
const urgentWork = 2 ** 23;

/** Vectors of one side: Embeddings or another matrix, an array of vectors, or one vector, as `encode(text)` gives it. */
export type SimilarityInput = VectorMatrix | Vector | readonly Vector[];

/**
 * @param first n vectors of one dimension
 * @param second m vectors of that dimension
 * @returns [n, m]
 * @throws ShapeError when the dimensions differ; ArgumentError for anything that is not a vector; DataError for an
 *   empty array, and for a component that is infinite or not a number
 */
export async function similarities(
  engine: Engine,
  first: SimilarityInput,
  second: SimilarityInput,
  measure: SimilarityFunction,
): Promise<Embeddings> {
  const [left, right] = [await matrixOf(first), await matrixOf(second)];
  if (!SIMILARITY_FUNCTIONS.includes(measure)) {
    throw new ArgumentError(
      `[similarity] expected a measure among ${SIMILARITY_FUNCTIONS.join(', ')} but received ${measure}`,
    );
  }
  const [rows, dimension] = left.shape;
  const [columns, other] = right.shape;
  if (dimension !== other) {
    throw new ShapeError(
      `[similarity] expected vectors of one dimension but received ${dimension} and ${other}`,
    );
  }
  checkFinite('first', left);
  checkFinite('second', right);
  if (measure === 'euclidean' || measure === 'manhattan') return negatedDistances(left, right, measure);
  const multiply = () =>
    scope(() => {
      const upload = (set: VectorMatrix) => Tensor.from(engine, set.data, set.shape);
      const [a, b] = [upload(left), upload(right)];
      return measure === 'dot'
        ? linear(a, packWeight(b))
        : linear(l2Normalize(a), packWeight(l2Normalize(b)));
    });
  const work = (rows * columns + rows + columns) * dimension;
  const product = work <= urgentWork ? engine.urgently(multiply) : multiply();
  try {
    return new Embeddings(await product.float32Data(), rows, columns);
  } finally {
    product.dispose();
  }
}

function checkFinite(side: string, { data, shape: [, dimension] }: VectorMatrix): void {
  const bad = indexOfNonFinite(data);
  if (bad < 0) return;
  const place = `component ${bad % dimension} of vector ${Math.floor(bad / dimension)}`;
  throw new DataError(`[similarity] expected finite vectors but ${place} of the ${side} set is ${data[bad]}`);
}

/** One vector is a matrix of one row. */
function matrixOf(set: SimilarityInput): Promise<VectorMatrix> | VectorMatrix {
  if (set instanceof Embeddings) return set;
  const isVector =
    set instanceof Float32Array ||
    set instanceof Float64Array ||
    (Array.isArray(set) && typeof set[0] === 'number');
  return gatherVectors(isVector ? [set as Vector] : (set as VectorSource));
}

/** Differences between two turns of the event loop: some milliseconds' worth. */
const differencesPerTurn = 4_000_000;

/**
 * On JavaScript's thread, in float64, because |a|^2 + |b|^2 - 2ab loses the digits of near neighbours; in pieces, so that
 * a server goes on answering.
 */
async function negatedDistances(
  left: VectorMatrix,
  right: VectorMatrix,
  measure: 'euclidean' | 'manhattan',
): Promise<Embeddings> {
  const [rows, dimension] = left.shape;
  const [columns] = right.shape;
  const result = new Float32Array(rows * columns);
  const perTurn = Math.max(1, Math.floor(differencesPerTurn / Math.max(1, dimension)));
  for (let start = 0; start < result.length; start += perTurn) {
    if (start > 0) await new Promise<void>((resolve) => setImmediate(resolve));
    for (let at = start; at < Math.min(result.length, start + perTurn); at++) {
      const a = Math.floor(at / columns) * dimension;
      const b = (at % columns) * dimension;
      let sum = 0;
      for (let k = 0; k < dimension; k++) {
        const difference = (left.data[a + k] as number) - (right.data[b + k] as number);
        sum += measure === 'euclidean' ? difference * difference : Math.abs(difference);
      }
      result[at] = measure === 'euclidean' ? -Math.sqrt(sum) : -sum;
    }
  }
  return new Embeddings(result, rows, columns);
}
