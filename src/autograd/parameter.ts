// Trainable parameters. All of a store's values lie in one flat tensor and all gradients in another, so that clipping and
// the optimizer are one op each; a parameter is a pair of views. Parameters that are used together (query, key and value)
// lie end to end, and one wider parameter covers them. Gradients are never cleared by a pass over memory: the first
// backward of a step overwrites, later ones add, and only what no backward reached is filled with zeros when it is read.
import { ArgumentError } from '../errors.ts';
import type { Engine } from '../native/engine.ts';
import { fill } from '../tensor/memory.ts';
import { keep } from '../tensor/scope.ts';
import { elementCount } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** One parameter, or several of one shape that lie end to end: query, key and value. */
export interface ParameterSpec {
  names: readonly string[];
  /** Of each. */
  shape: readonly number[];
}

/** What a parameter needs of the store that it lies in. */
export interface ParameterMemory {
  readonly engine: Engine;
  readonly dtype: 'float32' | 'float64';
  /** [size], every parameter's values. */
  readonly values: Tensor;
  /** [size], as the last backward left it. */
  readonly rawGradients: Tensor;
  /** Rises with every change of the values. */
  readonly version: number;
  /** To be called after every write to the values. */
  changed(): void;
}

/** Zero: holds zeros. Stale: holds an earlier step's numbers. Written: belongs to this step. */
type GradientState = 'zero' | 'stale' | 'written';

const owners = new WeakMap<Tensor, Parameter>();

/** The parameter whose values a tensor holds, if it was had from {@link Parameter.view}. */
export function parameterOf(tensor: Tensor): Parameter | undefined {
  return owners.get(tensor);
}

/** A trainable parameter: views of its value and its gradient in the flat memory of its store. */
export class Parameter {
  readonly name: string;
  readonly store: ParameterMemory;
  /** Index of the first element in the store's flat tensors. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly size: number;
  readonly #parts: readonly Parameter[];
  #value: Tensor | undefined;
  #gradient: Tensor | undefined;
  #state: GradientState = 'zero';

  constructor(
    name: string,
    store: ParameterMemory,
    offset: number,
    shape: readonly number[],
    parts: readonly Parameter[] = [],
  ) {
    this.name = name;
    this.store = store;
    this.offset = offset;
    this.shape = shape;
    this.size = elementCount(shape);
    this.#parts = parts;
  }

  /** The values, a view that the store owns. */
  get value(): Tensor {
    this.#value ??= keep(this.view());
    return this.#value;
  }

  /** This step's gradient, zeros where no backward reached it; a view that the store owns. */
  get gradient(): Tensor {
    this.settleGradient();
    this.#gradient ??= keep(this.#viewOf(this.store.rawGradients));
    return this.#gradient;
  }

  /** A new view of the values, which the caller owns; ops know it for this parameter. */
  view(): Tensor {
    const tensor = this.#viewOf(this.store.values);
    owners.set(tensor, this);
    return tensor;
  }

  /** The parameters that this one is made of: itself, or those of a stack. */
  get parts(): readonly Parameter[] {
    return this.#parts.length === 0 ? [this] : this.#parts;
  }

  /** Whether a backward of this step has written the gradient (of every part, for a stack). */
  get begun(): boolean {
    return this.parts.every((part) => part.#state === 'written');
  }

  /** Notes that the gradient is about to be written; the caller queues that op. See `beginGradients`. */
  markWritten(): Tensor {
    for (const part of this.parts) part.#state = 'written';
    this.#gradient ??= keep(this.#viewOf(this.store.rawGradients));
    return this.#gradient;
  }

  /** What is in the gradient now belongs to an earlier step. */
  expireGradient(): void {
    if (this.#state === 'written') this.#state = 'stale';
  }

  /** Fills the gradient with zeros where no backward reached it in this step. */
  settleGradient(): void {
    for (const part of this.#parts) part.settleGradient();
    if (this.#state !== 'stale') return;
    this.#state = 'zero';
    this.#gradient ??= keep(this.#viewOf(this.store.rawGradients));
    fill(this.#gradient, 0);
  }

  #viewOf(flat: Tensor): Tensor {
    const part = flat.rows(this.offset, this.offset + this.size);
    const view = part.reshape(this.shape);
    part.dispose();
    return view;
  }

  /** Copies `data` into the values. @throws ShapeError when the length is another */
  load(data: Float32Array): void {
    this.value.write(this.store.dtype === 'float32' ? data : Float64Array.from(data));
    this.store.changed();
  }

  /** The values, once every command queued before has run. */
  async read(): Promise<Float32Array | Float64Array> {
    return (await this.value.data()) as Float32Array | Float64Array;
  }

  /** Frees the views; the memory is of the store. */
  dispose(): void {
    this.#value?.dispose();
    this.#gradient?.dispose();
  }
}

/**
 * Where one op writes the gradients of several parameters, and whether it adds (1) to what is there or overwrites (0).
 * Those that no backward of this step has reached are zeroed first where others are added to.
 */
export function beginGradients(parameters: readonly Parameter[]): { gradients: Tensor[]; accumulate: 0 | 1 } {
  const parts = parameters.flatMap((parameter) => parameter.parts);
  const accumulate = parts.some((part) => part.begun) ? 1 : 0;
  if (accumulate === 1) for (const part of parts) part.settleGradient();
  return { gradients: parameters.map((parameter) => parameter.markWritten()), accumulate };
}

/** @throws ArgumentError when a name occurs twice */
export function checkNames(specs: readonly ParameterSpec[]): void {
  const seen = new Set<string>();
  for (const name of specs.flatMap(({ names }) => names)) {
    if (seen.has(name)) throw new ArgumentError(`expected every parameter once but ${name} came twice`);
    seen.add(name);
  }
}
