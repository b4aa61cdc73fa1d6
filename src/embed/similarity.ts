// All similarities between two sets of vectors, by the measure a model was made for; sentence-transformers' names. As
// there, distances are negated so that larger is always more similar.
import { ArgumentError, ShapeError } from '../errors.ts';
import type { Engine } from '../native/engine.ts';
import { linear, packWeight } from '../ops/linear.ts';
import { l2Normalize } from '../ops/rows.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Embeddings } from './embeddings.ts';
import { SIMILARITY_FUNCTIONS, type SimilarityFunction } from './similarity-function.ts';

/**
 * @param left [n, dimension]
 * @param right [m, dimension]
 * @returns [n, m]
 * @throws ShapeError when the dimensions differ
 */
export async function similarities(
  engine: Engine,
  left: Embeddings,
  right: Embeddings,
  measure: SimilarityFunction,
): Promise<Embeddings> {
  for (const set of [left, right]) {
    if (set instanceof Embeddings) continue;
    throw new ArgumentError(
      '[similarity] expected Embeddings, as encode([text]) gives for an array, on both sides',
    );
  }
  if (!SIMILARITY_FUNCTIONS.includes(measure)) {
    throw new ArgumentError(
      `[similarity] expected a measure of ${SIMILARITY_FUNCTIONS.join(', ')} but received ${measure}`,
    );
  }
  const [rows, dimension] = left.shape;
  const [columns, other] = right.shape;
  if (dimension !== other) {
    throw new ShapeError(
      `[similarity] expected vectors of one dimension but received ${dimension} and ${other}`,
    );
  }
  if (measure === 'euclidean' || measure === 'manhattan') return negatedDistances(left, right, measure);
  const product = scope(() => {
    const upload = (set: Embeddings) => Tensor.from(engine, set.data, set.shape);
    const [a, b] = [upload(left), upload(right)];
    return measure === 'dot' ? linear(a, packWeight(b)) : linear(l2Normalize(a), packWeight(l2Normalize(b)));
  });
  try {
    return new Embeddings(await product.float32Data(), rows, columns);
  } finally {
    product.dispose();
  }
}

/** Differences between two turns of the event loop: some milliseconds' worth. */
const differencesPerTurn = 4_000_000;

/**
 * On JavaScript's thread, in float64, because |a|^2 + |b|^2 - 2ab loses the digits of near neighbours; in pieces, so that
 * a server goes on answering.
 */
async function negatedDistances(
  left: Embeddings,
  right: Embeddings,
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
