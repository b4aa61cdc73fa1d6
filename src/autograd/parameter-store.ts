// Two flat tensors, values and gradients, that hold every parameter of what is trained together.
import { ArgumentError } from '../errors.ts';
import type { Engine } from '../native/engine.ts';
import { fill } from '../tensor/memory.ts';
import { keep } from '../tensor/scope.ts';
import { elementCount } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkNames, Parameter, type ParameterMemory, type ParameterSpec } from './parameter.ts';

/** Elements: every spec starts at a multiple, a cache line of float32. */
const alignment = 16;

/** Trainable parameters in flat memory: one tensor of all values, one of all gradients. */
export class ParameterStore implements ParameterMemory, Disposable {
  readonly engine: Engine;
  readonly dtype: 'float32' | 'float64';
  /** [size], every parameter's values; zero between parameters. */
  readonly values: Tensor;
  readonly parameters: readonly Parameter[];
  /** Elements of the flat tensors, with the few between parameters. */
  readonly size: number;
  /** [size], as the last backward left it; {@link gradients} is what to read. */
  readonly rawGradients: Tensor;
  readonly #byName: ReadonlyMap<string, Parameter>;
  readonly #stacks = new Map<string, Parameter>();
  #version = 0;

  /** Values and gradients start as zeros. @throws ArgumentError, OutOfMemoryError */
  constructor(engine: Engine, specs: readonly ParameterSpec[], dtype: 'float32' | 'float64' = 'float32') {
    checkNames(specs);
    this.engine = engine;
    this.dtype = dtype;
    const parameters: Parameter[] = [];
    let size = 0;
    for (const { names, shape } of specs) {
      for (const [index, name] of names.entries()) {
        parameters.push(new Parameter(name, this, size + index * elementCount(shape), shape));
      }
      size += Math.ceil((names.length * elementCount(shape)) / alignment) * alignment;
    }
    this.parameters = parameters;
    this.size = size;
    this.#byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
    this.values = keep(Tensor.allocate(engine, dtype, [size]));
    this.rawGradients = keep(Tensor.allocate(engine, dtype, [size]));
    fill(this.values, 0);
    fill(this.rawGradients, 0);
  }

  /** [size], this step's gradients; zero where no backward reached. */
  get gradients(): Tensor {
    for (const parameter of this.parameters) parameter.settleGradient();
    return this.rawGradients;
  }

  /** Begins a step: the next backward overwrites each gradient, those after it add. */
  clearGradients(): void {
    for (const parameter of this.parameters) parameter.expireGradient();
  }

  /** Rises with every change of the values; whoever keeps a copy of them (packed weights) looks at it. */
  get version(): number {
    return this.#version;
  }

  /** To be called after every write to {@link values}. */
  changed(): void {
    this.#version++;
  }

  /**
   * Replaces all values and forgets the gradients: a store that a failed op has poisoned is sound again.
   * @param values [size]
   * @throws ShapeError, DTypeError
   */
  restore(values: Float32Array | Float64Array): void {
    this.values.write(values);
    fill(this.rawGradients, 0);
    this.clearGradients();
    this.changed();
  }

  /** @throws ArgumentError when there is no parameter of that name */
  parameter(name: string): Parameter {
    const found = this.#byName.get(name);
    if (found === undefined)
      throw new ArgumentError(`expected a parameter of this store but received ${name}`);
    return found;
  }

  /**
   * Parameters that lie end to end as one, stacked along their first dimension.
   * @throws ArgumentError when they do not
   */
  stack(names: readonly string[]): Parameter {
    const parts = names.map((name) => this.parameter(name));
    const [first] = parts;
    const name = names.join('+');
    if (first === undefined || parts.length === 1) return this.parameter(name);
    const known = this.#stacks.get(name);
    if (known !== undefined) return known;
    for (const [index, part] of parts.entries()) {
      if (part.offset === first.offset + index * first.size && part.size === first.size) continue;
      throw new ArgumentError(`expected ${names.join(', ')} to lie end to end in this store but they do not`);
    }
    const [rows = 1, ...rest] = first.shape;
    const stack = new Parameter(name, this, first.offset, [rows * parts.length, ...rest], parts);
    this.#stacks.set(name, stack);
    return stack;
  }

  /** Every parameter with its values, once every command queued before has run. */
  async read(): Promise<{ name: string; shape: readonly number[]; data: Float32Array | Float64Array }[]> {
    const values = (await this.values.data()) as Float32Array | Float64Array;
    return this.parameters.map(({ name, shape, offset, size }) => ({
      name,
      shape,
      data: values.subarray(offset, offset + size),
    }));
  }

  /** Frees values and gradients. */
  dispose(): void {
    for (const parameter of [...this.parameters, ...this.#stacks.values()]) parameter.dispose();
    this.values.dispose();
    this.rawGradients.dispose();
  }

  /** As {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
