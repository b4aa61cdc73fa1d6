// The covariance of any number of rows in the memory of one matrix. Rows are gathered into blocks of a fixed size before
// they go to the engine, so how they were handed over changes no bit of the result. The first rows give a pilot mean
// that is taken off all: a large common mean, as raw encoders have, would otherwise cost most of float32's digits.
import {
  ArgumentError,
  DataError,
  DisposedError,
  DTypeError,
  ExecutionError,
  ShapeError,
} from '../../errors.ts';
import { Engine } from '../../native/engine.ts';
import { addCovariance, type CovarianceSums } from '../../ops/eigen/covariance.ts';
import { fill } from '../../tensor/memory.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { CovariancePrecision, CovarianceState } from './covariance-state.ts';

const blockBytes = 2 ** 22; // as much as the engine keeps room for from one upload to the next
const pilotRows = 256;
const blocksInFlight = 2;

/** Sums rows into the state of their covariance, in blocks of a fixed size and in constant memory. */
export class CovarianceAccumulator implements Disposable {
  readonly dimension: number;
  /** Rows added so far. */
  count = 0;
  readonly #engine: Engine;
  readonly #sums: CovarianceSums;
  readonly #block: Float32Array | Float64Array;
  #filled = 0; // numbers in #block
  #queued = 0; // rows sent to the engine
  #shift: Tensor | undefined;
  readonly #flying: Promise<unknown>[] = [];
  #adding: Promise<void> = Promise.resolve(); // one `add` at a time
  #unfinished = 0; // calls of `add`
  #ended = false;

  /**
   * @param precision float64 costs twice the time and finds eigenvalues down to 1e-12 of the largest instead of 1e-6
   * @throws ShapeError, ArgumentError
   */
  constructor(engine: Engine, dimension: number, precision: CovariancePrecision = 'float32') {
    if (!(engine instanceof Engine)) {
      throw new ArgumentError(`[covariance] expected an engine, as Engine.shared(), but received ${engine}`);
    }
    if (!Number.isInteger(dimension) || dimension < 1) {
      throw new ShapeError(
        `[covariance] expected vectors of at least one component but received ${dimension}`,
      );
    }
    this.#engine = engine;
    this.dimension = dimension;
    const Block = { float32: Float32Array, float64: Float64Array }[precision];
    if (Block === undefined) {
      throw new ArgumentError(`[covariance] expected precision float32 or float64 but received ${precision}`);
    }
    const rows = Math.floor(blockBytes / Block.BYTES_PER_ELEMENT / dimension / 512);
    this.#block = new Block(Math.max(1, rows) * 512 * dimension);
    this.#sums = scope(() => {
      const sum = keep(Tensor.allocate(engine, 'float64', [dimension]));
      const products = keep(Tensor.allocate(engine, 'float64', [dimension, dimension]));
      fill(sum, 0);
      fill(products, 0);
      return { sum, products };
    });
  }

  /**
   * Adds rows [n, dimension], after those of the calls before. They are read in pieces: leave them alone until the promise
   * resolves, which it does when there is room for more.
   * @throws ShapeError for a broken row; DataError naming a row that is not finite, at the latest by `finish`;
   *   DisposedError after `finish` or `dispose`
   */
  async add(rows: Float32Array | Float64Array): Promise<void> {
    const { dimension } = this;
    if (!(rows instanceof Float32Array || rows instanceof Float64Array)) {
      throw new DTypeError('[covariance] expected rows to be a Float32Array or a Float64Array');
    }
    if (rows.length % dimension !== 0) {
      throw new ShapeError(
        `[covariance] expected whole rows of ${dimension} components but received ${rows.length} numbers`,
      );
    }
    this.#checkOpen();
    const { length } = rows;
    const append = () => this.#append(rows, length);
    this.#adding = this.#unfinished === 0 ? append() : this.#adding.then(append);
    this.#unfinished += 1;
    await this.#adding;
    this.#unfinished -= 1; // never again after a failure, which all that follow share
  }

  async #append(rows: Float32Array | Float64Array, length: number): Promise<void> {
    for (let start = 0; start < length; ) {
      if (rows.length !== length)
        throw new ArgumentError('[covariance] expected rows to stay until the promise resolves');
      const part = rows.subarray(start, start + this.#block.length - this.#filled);
      start += part.length;
      this.count += part.length / this.dimension;
      if (part.length === this.#block.length && part.constructor === this.#block.constructor) {
        this.#send(part);
      } else {
        this.#block.set(part, this.#filled);
        this.#filled += part.length;
        if (this.#filled < this.#block.length) continue;
        this.#flush();
      }
      if (this.#flying.length > blocksInFlight) await this.#land();
    }
  }

  /**
   * Ends the sum, when all rows given have been added, and frees its memory.
   * @throws DataError when a row was not finite, or numbers so large that their products overflow; what an `add` was
   *   rejected with; DisposedError the second time
   */
  async finish(): Promise<CovarianceState> {
    this.#checkOpen();
    this.#ended = true;
    try {
      await this.#adding;
      if (this.#filled > 0) this.#flush();
      while (this.#flying.length > 0) await this.#land();
      return await this.#state();
    } finally {
      this.dispose();
    }
  }

  /** Frees the sums. */
  dispose(): void {
    this.#ended = true;
    this.#shift?.dispose();
    this.#sums.sum.dispose();
    this.#sums.products.dispose();
  }

  /** As {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkOpen(): void {
    if (this.#ended)
      throw new DisposedError('[covariance] expected a running sum but it has ended: make another');
  }

  #flush(): void {
    this.#send(this.#block.subarray(0, this.#filled));
    this.#filled = 0;
  }

  #send(data: Float32Array | Float64Array): void {
    const { dimension } = this;
    const rows = data.length / dimension;
    this.#shift ??= keep(Tensor.from(this.#engine, this.#pilotMean(data, Math.min(rows, pilotRows))));
    const shift = this.#shift;
    scope(() => {
      const block = Tensor.from(this.#engine, data, [rows, dimension]);
      addCovariance(block, shift, this.#sums, this.#queued);
    });
    const landed = this.#sums.sum.data(); // small, and rejects as soon as a block has failed
    landed.catch(() => {}); // awaited in #land
    this.#flying.push(landed);
    this.#queued += rows;
  }

  async #land(): Promise<void> {
    try {
      await this.#flying.shift();
    } catch (error) {
      if (error instanceof ExecutionError) throw new DataError(error.message, { cause: error });
      throw error;
    }
  }

  /** The mean of the first rows; 0 where one of them is not finite, which the engine then reports. */
  #pilotMean(data: Float32Array | Float64Array, rows: number): Float32Array | Float64Array {
    const { dimension } = this;
    const sums = new Float64Array(dimension);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < dimension; i++) {
        sums[i] = (sums[i] as number) + (data[row * dimension + i] as number);
      }
    }
    return data.slice(0, dimension).map((_, i) => {
      const sum = sums[i] as number;
      return Number.isFinite(sum) ? sum / rows : 0;
    });
  }

  #overflow(column: number): DataError {
    const single = this.#block instanceof Float32Array;
    const remedy = single ? "give float64 rows (precision 'float64') or scale them" : 'scale the rows';
    return new DataError(
      `[covariance] expected numbers whose products fit ${single ? 'float32' : 'float64'} but those of column ${column} ` +
        `overflow, which takes differences of ${single ? '1e18' : '1e153'} or more: ${remedy}`,
    );
  }

  async #state(): Promise<CovarianceState> {
    const { count, dimension } = this;
    if (count === 0) throw new DataError('[covariance] expected at least one row but there is none');
    const [shift, sum, products] = (await Promise.all([
      (this.#shift as Tensor).data(),
      this.#sums.sum.data(),
      this.#sums.products.data(),
    ])) as [Float32Array | Float64Array, Float64Array, Float64Array];
    const mean = sum.map((value, i) => (shift[i] as number) + value / count);
    centerProducts(products, sum, count);
    for (let i = 0; i < dimension; i++) {
      // of all products of a column none is larger than its square
      if (!Number.isFinite(products[i * dimension + i])) throw this.#overflow(i);
    }
    const precision = this.#block instanceof Float32Array ? 'float32' : 'float64';
    return { count, mean, m2: products, precision };
  }
}

const tile = 32; // of both triangles: the mirrored one is written down its columns

/** Takes sum sum^T / count off the upper triangle, and mirrors it. */
function centerProducts(products: Float64Array, sum: Float64Array, count: number): void {
  const dimension = sum.length;
  for (let top = 0; top < dimension; top += tile) {
    for (let left = top; left < dimension; left += tile) {
      for (let i = top; i < Math.min(dimension, top + tile); i++) {
        const scaled = (sum[i] as number) / count;
        for (let j = Math.max(i, left); j < Math.min(dimension, left + tile); j++) {
          const value = (products[i * dimension + j] as number) - scaled * (sum[j] as number);
          products[i * dimension + j] = value;
          products[j * dimension + i] = value;
        }
      }
    }
  }
}
