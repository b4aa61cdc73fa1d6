// A tensor: an integer handle on native memory, with its shape and element type. Memory is owned, not collected: a
// scope or `dispose()` frees it; what was forgotten is freed when the garbage collector finds it, and counted.
import { DisposedError, DTypeError, ShapeError } from '../errors.ts';
import { type DType, guarded, type Handle, publicError } from '../native/addon.ts';
import type { Engine } from '../native/engine.ts';
import { currentScope } from './scope.ts';
import { elementCount, formatShape } from './shape.ts';

export type { DType } from '../native/addon.ts';

/** The array that holds a tensor's elements in JavaScript: of bfloat16 their bits, as JavaScript has no such number. */
export type TensorData = Float32Array | Float64Array | Int32Array | Int8Array | Uint16Array;

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  int8: Int8Array,
  bfloat16: Uint16Array,
} as const;

let forgotten = 0;
const registry = new FinalizationRegistry<{ engine: Engine; handle: Handle }>(({ engine, handle }) => {
  if (!engine.disposed && engine.addon.release(handle)) forgotten++;
});

/** How many tensors were freed by the garbage collector because nobody disposed of them. */
export function forgottenTensors(): number {
  return forgotten;
}

/** An array on the engine, with its shape and element type. Its memory is freed by the scope that it was made in, or by `dispose()`. */
export class Tensor implements Disposable {
  readonly engine: Engine;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Matrices: elements from one row's start to the next row's. */
  readonly rowStride: number;
  /** The tensor that this one is a view of, if it is one. */
  readonly base: Tensor | undefined;
  readonly #handle: Handle;
  #disposed = false;

  private constructor(
    engine: Engine,
    dtype: DType,
    shape: readonly number[],
    rowStride: number,
    handle: Handle,
    base?: Tensor,
  ) {
    this.engine = engine;
    this.dtype = dtype;
    this.shape = shape;
    this.rowStride = rowStride;
    this.#handle = handle;
    this.base = base;
    registry.register(this, { engine, handle }, this);
    currentScope()?.add(this);
  }

  /** A tensor whose elements are yet to be written. @throws OutOfMemoryError, ShapeError */
  static allocate(engine: Engine, dtype: DType, shape: readonly number[]): Tensor {
    const handle = guarded(() => engine.addon.allocate(engine.id, dtype, shape, engine.urgent));
    return new Tensor(engine, dtype, [...shape], shape.at(-1) ?? 1, handle);
  }

  /**
   * A tensor with the elements of an array, copied now.
   * @param shape the array's length as one dimension by default
   * @throws ShapeError when the shape's product is not the array's length; DTypeError for another kind of array
   */
  static from(engine: Engine, data: TensorData, shape: readonly number[] = [data.length]): Tensor {
    const dtype = dtypeOf(data);
    if (elementCount(shape) !== data.length) {
      throw new ShapeError(
        `expected ${elementCount(shape)} elements for shape ${formatShape(shape)} but received ${data.length}`,
      );
    }
    const tensor = Tensor.allocate(engine, dtype, shape);
    try {
      tensor.write(data);
    } catch (error) {
      tensor.dispose();
      throw error;
    }
    return tensor;
  }

  /** Replaces the elements by an array's, copied now. @throws ShapeError, DTypeError, QueueFullError */
  write(data: TensorData): void {
    guarded(() => this.engine.addon.upload(this.handle, data));
  }

  /** The addon's number for this tensor. @throws DisposedError */
  get handle(): Handle {
    if (this.#disposed || this.engine.disposed) {
      throw new DisposedError(
        `expected a live tensor but the one of shape ${formatShape(this.shape)} was disposed`,
      );
    }
    return this.#handle;
  }

  /** Whether it was disposed. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Rows `start` to `end` of a matrix or vector, over the same memory. */
  rows(start: number, end: number): Tensor {
    checkRange('rows', start, end, this.shape[0] ?? 0);
    const [, ...rest] = this.shape;
    const width = this.shape.length === 2 ? this.rowStride : elementCount(rest);
    return this.#view(start * width, [end - start, ...rest], this.rowStride);
  }

  /** Columns `start` to `end` of a matrix, over the same memory. */
  columns(start: number, end: number): Tensor {
    if (this.shape.length !== 2)
      throw new ShapeError(`[columns] expected a matrix but received shape ${formatShape(this.shape)}`);
    checkRange('columns', start, end, this.shape[1] as number);
    return this.#view(start, [this.shape[0] as number, end - start], this.rowStride);
  }

  /** The same elements in another shape, over the same memory. @throws ShapeError for a matrix whose rows lie apart */
  reshape(shape: readonly number[]): Tensor {
    const apart =
      this.shape.length === 2 && this.rowStride !== this.shape[1] && (this.shape[0] as number) > 1;
    if (apart || elementCount(shape) !== elementCount(this.shape)) {
      const received = `${formatShape(this.shape)}${apart ? ', whose rows lie apart' : ''}`;
      throw new ShapeError(
        `[reshape] expected a tensor for shape ${formatShape(shape)} but received ${received}`,
      );
    }
    return this.#view(0, [...shape], shape.at(-1) ?? 1);
  }

  /** A second tensor over the same memory, which keeps it alive when this one is disposed. */
  alias(): Tensor {
    return this.#view(0, this.shape, this.rowStride);
  }

  #view(offset: number, shape: readonly number[], rowStride: number): Tensor {
    const handle = guarded(() => this.engine.addon.view(this.handle, offset, shape, rowStride));
    return new Tensor(this.engine, this.dtype, shape, rowStride, handle, this);
  }

  /**
   * The elements, dense and in row order, once every command queued before has run.
   * @throws ExecutionError when a command that made this tensor failed: the message names its op
   */
  async data(): Promise<TensorData> {
    try {
      const buffer = await this.engine.addon.download(this.handle);
      return new arrays[this.dtype](buffer);
    } catch (error) {
      throw publicError(error);
    }
  }

  /** {@link data} of a float32 tensor. @throws DTypeError */
  async float32Data(): Promise<Float32Array> {
    if (this.dtype !== 'float32')
      throw new DTypeError(`expected a float32 tensor but received ${this.dtype}`);
    return (await this.data()) as Float32Array;
  }

  /** Gives the memory back, in stream order. Disposing twice is allowed. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    registry.unregister(this);
    currentScope()?.remove(this);
    if (!this.engine.disposed) this.engine.addon.release(this.#handle);
  }

  /** As {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Float64Array) return 'float64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Int8Array) return 'int8';
  if (data instanceof Uint16Array) return 'bfloat16';
  const received = Object.prototype.toString.call(data).slice(8, -1);
  throw new DTypeError(
    `expected a Float32Array, Float64Array, Int32Array, Int8Array or Uint16Array but received ${received}`,
  );
}

function checkRange(name: string, start: number, end: number, size: number): void {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end <= size) return;
  throw new ShapeError(`[${name}] expected 0 <= start <= end <= ${size} but received ${start} and ${end}`);
}
