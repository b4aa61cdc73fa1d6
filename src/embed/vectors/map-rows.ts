// A linear map of any number of rows, block by block: what `transform` and `inverse` of a whitening run. Rows that are not
// finite, or whose results are too large for float32, are named.
import { DataError, ShapeError } from '../../errors.ts';
import { indexOfNonFinite } from '../../io/safetensors/float-convert.ts';
import { Engine, type EngineOptions } from '../../native/engine.ts';
import { type PackedWeight, packArray } from '../../ops/linear/linear.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Embeddings } from './embeddings.ts';
import { checkMatrix, type VectorMatrix } from './vector-source.ts';

const rowsAtOnce = 4096;

interface RowMap extends EngineOptions {
  inputs: number;
  outputs: number;
  weight: Float64Array; // [outputs, inputs]
  mean?: Float32Array; // taken off the inputs
  normalize?: boolean | undefined;
}

/**
 * Runs blocks of rows through `queue`, keeping one in flight while the next is queued.
 * @throws DataError naming a vector that is not finite
 */
export async function mapRows(
  vectors: VectorMatrix,
  map: RowMap,
  queue: (rows: Tensor, weight: PackedWeight) => Tensor,
): Promise<Embeddings> {
  const { inputs, outputs } = map;
  const [rows, dimension] = checkMatrix('whitening', vectors).shape;
  if (dimension !== inputs) {
    throw new ShapeError(`[whitening] expected vectors of dimension ${inputs} but received ${dimension}`);
  }
  const engine = Engine.shared({ backend: map.backend, threads: map.threads });
  const result = new Float32Array(rows * outputs);
  using weight = packArray(engine, Float32Array.from(map.weight), outputs, inputs);
  let flying: Promise<void> = Promise.resolve();
  for (let start = 0; start < rows; start += rowsAtOnce) {
    const end = Math.min(rows, start + rowsAtOnce);
    const block = scope(() => {
      const part = vectors.data.subarray(start * inputs, end * inputs);
      return queue(Tensor.from(engine, part, [end - start, inputs]), weight);
    });
    const reading = block.float32Data();
    reading.catch(() => {}); // awaited with `flying`
    block.dispose();
    await flying;
    flying = reading.then((values) => {
      checkRows(values, vectors.data.subarray(start * inputs, end * inputs), start, map);
      result.set(values, start * outputs);
    });
  }
  await flying;
  return new Embeddings(result, rows, outputs);
}

/**
 * What is not finite leaves no result of its row finite, but an overflow shows in some of them only; and in none when they
 * are divided by a length that is infinite, which gives zeros.
 * @param first the number that messages give the first row
 */
function checkRows(results: Float32Array, data: Float32Array, first: number, map: RowMap): void {
  const { inputs, outputs } = map;
  const bad = indexOfNonFinite(results);
  const row =
    bad >= 0 ? Math.floor(bad / outputs) : map.normalize === true ? vanishedRow(results, data, map) : -1;
  if (row < 0) return;
  const vector = data.subarray(row * inputs, (row + 1) * inputs);
  const column = indexOfNonFinite(vector);
  const fault =
    column < 0
      ? 'is too large for float32: scale the vectors'
      : `holds ${vector[column]} in component ${column}`;
  throw new DataError(`[whitening] expected finite vectors but vector ${first + row} ${fault}`);
}

/** The first row of zeros whose length, in float64, is one that float32 cannot square; -1 when there is none. */
function vanishedRow(
  results: Float32Array,
  data: Float32Array,
  { inputs, outputs, weight, mean }: RowMap,
): number {
  for (let row = 0; row * outputs < results.length; row++) {
    const at = row * outputs;
    if (results[at] !== 0 || results.subarray(at, at + outputs).some((value) => value !== 0)) continue;
    let squares = 0;
    for (let output = 0; output < outputs; output++) {
      let sum = 0;
      for (let i = 0; i < inputs; i++) {
        const value = (data[row * inputs + i] as number) - (mean?.[i] ?? 0);
        sum += value * (weight[output * inputs + i] as number);
      }
      squares += sum * sum;
    }
    if (Math.fround(squares) === Number.POSITIVE_INFINITY) return row;
  }
  return -1;
}
