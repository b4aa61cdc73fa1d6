// Reads a module's parameters by their Hugging Face names from wherever the weights are, checking every shape.
import type { Parameter } from '../autograd/parameter.ts';
import type { ParameterStore } from '../autograd/parameter-store.ts';
import { ModelError } from '../errors.ts';
import type { Engine } from '../native/engine.ts';
import { type PackedWeight, packArray, packParameter } from '../ops/linear.ts';
import { keep } from '../tensor/scope.ts';
import { elementCount, formatShape } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';

/** Named weights: a safetensors file, several, or a map in a test. */
export interface ParameterSource {
  readonly names: readonly string[];
  info(name: string): { readonly shape: readonly number[] };
  readFloat32(name: string): Promise<Float32Array>;
}

export interface ReaderOptions {
  /** What comes before every name in the source: `bert.`. */
  root?: string;
  /** Below the root: `encoder.layer.0.`. */
  prefix?: string;
  /** Where trained parameters live; they are read into it, and have its dtype. */
  trainable?: ParameterStore;
}

export class ParameterReader {
  readonly engine: Engine;
  /** The module's place in the model: `encoder.layer.0`. */
  readonly path: string;
  readonly #source: ParameterSource;
  readonly #names: ReadonlySet<string>;
  readonly #root: string;
  readonly #prefix: string;
  readonly #store: ParameterStore | undefined;
  readonly #made: Disposable[];

  constructor(engine: Engine, source: ParameterSource, options: ReaderOptions = {}, made: Disposable[] = []) {
    const { root = '', prefix = '' } = options;
    this.engine = engine;
    this.path = prefix.replace(/\.$/, '');
    this.#source = source;
    this.#names = new Set(source.names);
    this.#root = root;
    this.#prefix = prefix;
    this.#store = options.trainable;
    this.#made = made;
  }

  /** A reader of the parameters below `name`. */
  child(name: string): ParameterReader {
    const options = {
      root: this.#root,
      prefix: `${this.#prefix}${name}.`,
      ...(this.#store === undefined ? {} : { trainable: this.#store }),
    };
    return new ParameterReader(this.engine, this.#source, options, this.#made);
  }

  /** Frees all that was read: for a module that cannot be completed. */
  releaseAll(): void {
    for (const part of this.#made.splice(0)) part[Symbol.dispose]();
  }

  has(name: string): boolean {
    return this.#resolve(name) !== undefined;
  }

  /** The elements of a parameter. @throws ModelError when it is missing or has another shape */
  async array(name: string, shape: readonly number[]): Promise<Float32Array> {
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
    await this.engine.ready(64); // the last weights are packed before more are read
    return this.#source.readFloat32(stored);
  }

  /** A parameter as a tensor that the caller owns. */
  async tensor(name: string, shape: readonly number[]): Promise<Tensor> {
    const trained = await this.#train([name], shape);
    if (trained !== undefined) return this.#owned(keep(trained.view()));
    return this.#owned(keep(Tensor.from(this.engine, await this.array(name, shape), shape)));
  }

  /** One or more weights [outputs, inputs] stacked and packed; the caller owns the result. */
  async packed(names: readonly string[], outputs: number, inputs: number): Promise<PackedWeight> {
    const trained = await this.#train(names, [outputs, inputs]);
    if (trained !== undefined) return this.#owned(packParameter(trained));
    const stacked = await this.#stacked(names, [outputs, inputs]);
    return this.#owned(packArray(this.engine, stacked, names.length * outputs, inputs));
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

  async #stacked(names: readonly string[], shape: readonly number[]): Promise<Float32Array> {
    const size = elementCount(shape);
    const stacked = new Float32Array(names.length * size);
    for (const [index, name] of names.entries()) stacked.set(await this.array(name, shape), index * size);
    return stacked;
  }

  #owned<T extends Disposable>(part: T): T {
    this.#made.push(part);
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
