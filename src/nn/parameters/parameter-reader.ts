// Reads a module's parameters by their Hugging Face names from wherever the weights are, checking every shape. In int8 each
// weight is quantised as it is read, unless it is stored so, and no float copy of it stays; in bfloat16 the panels of layers'
// weights are, tables stay float32.
import type { Parameter } from '../../autograd/parameter.ts';
import type { ParameterStore } from '../../autograd/parameter-store.ts';
import { ModelError } from '../../errors.ts';
import type { Engine } from '../../native/engine.ts';
import { type LinearWeight, packArray, packParameter } from '../../ops/linear/linear.ts';
import { packQuantized } from '../../ops/linear/linear-int8.ts';
import { emptyQuantized, type QuantizedMatrix, quantizeRows } from '../../ops/linear/quantize-weight.ts';
import { checkOptions } from '../../options/check-options.ts';
import { keep, scope } from '../../tensor/scope.ts';
import { elementCount, formatShape } from '../../tensor/shape.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { type Precision, roundsToBFloat16 } from '../layers/precision.ts';

/** Named weights: a safetensors file, several, or a map in a test. */
export interface ParameterSource {
  readonly names: readonly string[];
  /** The shape of a parameter. */
  info(name: string): { readonly shape: readonly number[] };
  /** Its values. @param options.into an array of the parameter's size that may be filled and returned instead of a new one */
  readFloat32(name: string, options?: { into?: Float32Array | undefined }): Promise<Float32Array>;
  /** The weights that are stored in int8, where there are such. */
  readonly quantized?: QuantizedSource | undefined;
}

export interface QuantizedSource {
  /** Whether the source has this parameter. */
  has(name: string): boolean;
  /** @param into an array of the weight's size that is filled */
  read(name: string, into: Int8Array): Promise<QuantizedRows>;
}

/** Row r of a weight is `scales[r] * values[r]`. */
export interface QuantizedRows {
  values: Int8Array; // [rows, columns]
  scales: Float32Array; // [rows]
}

export interface ReaderOptions {
  /** What comes before every name in the source: `bert.`. */
  root?: string;
  /** Below the root: `encoder.layer.0.`. */
  prefix?: string;
  /** Where trained parameters live; they are read into it, and have its dtype. */
  trainable?: ParameterStore;
  /** Of the weights that {@link ParameterReader.packed} and {@link ParameterReader.table} read; float32 by default. */
  precision?: Precision;
}

/** By a reader and its children. */
interface Shared {
  made: Disposable[];
  /** Weights on their way to int8 pass through here, so that the garbage collector is not late with a copy of the model. */
  passage: ArrayBuffer;
}

/** Reads a module's parameters by their names, checking every shape. */
export class ParameterReader {
  readonly engine: Engine;
  /** The module's place in the model: `encoder.layer.0`. */
  readonly path: string;
  readonly #source: ParameterSource;
  readonly #names: ReadonlySet<string>;
  readonly #root: string;
  readonly #prefix: string;
  readonly #store: ParameterStore | undefined;
  readonly #precision: Precision;
  readonly #shared: Shared;

  constructor(
    engine: Engine,
    source: ParameterSource,
    options: ReaderOptions = {},
    shared: Shared = { made: [], passage: new ArrayBuffer(0) },
  ) {
    checkOptions('ParameterReader', options, ['root', 'prefix', 'trainable', 'precision']);
    const { root = '', prefix = '' } = options;
    this.engine = engine;
    this.path = prefix.replace(/\.$/, '');
    this.#source = source;
    this.#names = new Set(source.names);
    this.#root = root;
    this.#prefix = prefix;
    this.#store = options.trainable;
    this.#precision = options.precision ?? 'float32';
    this.#shared = shared;
  }

  /** Whether products of what is read round their factors to bfloat16. */
  get bfloat16(): boolean {
    return roundsToBFloat16(this.#precision);
  }

  /** A reader of the parameters below `name`. */
  child(name: string): ParameterReader {
    const options = {
      root: this.#root,
      prefix: `${this.#prefix}${name}.`,
      precision: this.#precision,
      ...(this.#store === undefined ? {} : { trainable: this.#store }),
    };
    return new ParameterReader(this.engine, this.#source, options, this.#shared);
  }

  /** Frees all that was read: for a module that cannot be completed. */
  releaseAll(): void {
    for (const part of this.#shared.made.splice(0)) part[Symbol.dispose]();
  }

  /** Whether the source has this parameter of the module. */
  has(name: string): boolean {
    return this.#resolve(name) !== undefined;
  }

  /** The elements of a parameter, in `into` where the source can. @throws ModelError when it is missing or has another shape */
  async array(name: string, shape: readonly number[], into?: Float32Array): Promise<Float32Array> {
    const stored = this.#find(name, shape);
    await this.engine.ready(64); // the last weights are packed before more are read
    return this.#source.readFloat32(stored, { into });
  }

  /** What the source calls a parameter. @throws ModelError when it is missing or has another shape */
  #find(name: string, shape: readonly number[]): string {
    const stored = this.#resolve(name);
    const full = this.#root + this.#prefix + name;
    if (stored === undefined) {
      throw new ModelError(
        `expected the weights to hold ${full} of shape ${formatShape(shape)}, as config.json says, but it is missing`,
      );
    }
    const found = this.#source.info(stored).shape;
    if (found.length !== shape.length || shape.some((size, axis) => found[axis] !== size)) {
      throw new ModelError(
        `expected ${full} of shape ${formatShape(shape)}, as config.json says, but the weights hold ${formatShape(found)}`,
      );
    }
    return stored;
  }

  /** A parameter as a tensor that the caller owns. */
  async tensor(name: string, shape: readonly number[]): Promise<Tensor> {
    const trained = await this.#train([name], shape);
    if (trained !== undefined) return this.#owned(keep(trained.view()));
    return this.#owned(keep(Tensor.from(this.engine, await this.array(name, shape), shape)));
  }

  /** A table [entries, width] in the reader's precision; the caller owns the result. */
  async table(name: string, entries: number, width: number): Promise<Tensor | QuantizedMatrix> {
    if (this.#precision === 'int8') return this.quantized([name], entries, width);
    return this.tensor(name, [entries, width]);
  }

  /** One or more weights [outputs, inputs] stacked and packed in the reader's precision; the caller owns the result. */
  async packed(names: readonly string[], outputs: number, inputs: number): Promise<LinearWeight> {
    const options = { bfloat16: this.bfloat16 };
    const trained = await this.#train(names, [outputs, inputs]);
    if (trained !== undefined) return this.#owned(packParameter(trained, options));
    if (this.#precision === 'int8') {
      return this.#owned(packQuantized(await this.quantized(names, outputs, inputs)));
    }
    const stacked = await this.#stacked(names, [outputs, inputs]);
    return this.#owned(packArray(this.engine, stacked, names.length * outputs, inputs, options));
  }

  /** One or more weights [rows, columns] stacked, in int8: each as it is stored, or quantised now. The caller owns the result. */
  async quantized(names: readonly string[], rows: number, columns: number): Promise<QuantizedMatrix> {
    const matrix = emptyQuantized(this.engine, names.length * rows, columns);
    try {
      for (const [index, name] of names.entries())
        await this.#readQuantized(name, matrix, index * rows, [rows, columns]);
    } catch (error) {
      matrix.dispose();
      throw error;
    }
    return this.#owned(matrix);
  }

  /** Into rows of a matrix, from `first` on. */
  async #readQuantized(
    name: string,
    matrix: QuantizedMatrix,
    first: number,
    shape: readonly [rows: number, columns: number],
  ): Promise<void> {
    const { quantized } = this.#source;
    const [stored, size] = [this.#find(name, shape), elementCount(shape)];
    if (quantized?.has(stored) !== true) {
      const floats = new Float32Array(this.#passage(4 * size), 0, size);
      return quantizeRows(matrix, first, await this.array(name, shape, floats));
    }
    const { values, scales } = await quantized.read(stored, new Int8Array(this.#passage(size), 0, size));
    await this.engine.ready(64);
    scope(() => {
      matrix.values.rows(first, first + shape[0]).write(values);
      matrix.scales.rows(first, first + shape[0]).write(scales);
    });
  }

  /** One or more vectors [size] laid end to end; the caller owns the result. */
  async stackedVector(names: readonly string[], size: number): Promise<Tensor> {
    const trained = await this.#train(names, [size]);
    if (trained !== undefined) return this.#owned(keep(trained.view()));
    return this.#owned(keep(Tensor.from(this.engine, await this.#stacked(names, [size]))));
  }

  /** Reads parameters into the store, if there is one, where they lie end to end. */
  async #train(names: readonly string[], shape: readonly number[]): Promise<Parameter | undefined> {
    if (this.#store === undefined) return undefined;
    const stack = this.#store.stack(names.map((name) => this.#prefix + name));
    for (const [index, part] of stack.parts.entries())
      part.load(await this.array(names[index] as string, shape));
    return stack;
  }

  async #stacked(
    names: readonly string[],
    shape: readonly number[],
    stacked: Float32Array = new Float32Array(names.length * elementCount(shape)),
  ): Promise<Float32Array> {
    const size = elementCount(shape);
    for (const [index, name] of names.entries()) {
      const place = stacked.subarray(index * size, (index + 1) * size);
      const read = await this.array(name, shape, place);
      if (read !== place) place.set(read);
    }
    return stacked;
  }

  #passage(bytes: number): ArrayBuffer {
    if (this.#shared.passage.byteLength < bytes) this.#shared.passage = new ArrayBuffer(bytes);
    return this.#shared.passage;
  }

  #owned<T extends Disposable>(part: T): T {
    this.#shared.made.push(part);
    return part;
  }

  /** Checkpoints converted from TensorFlow call layer norm's parameters gamma and beta. */
  #resolve(name: string): string | undefined {
    const full = this.#root + this.#prefix + name;
    const older = full
      .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
      .replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
    return [full, older].find((candidate) => this.#names.has(candidate));
  }
}
