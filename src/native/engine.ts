// An engine: one stream of commands on one backend, with an urgent lane beside the ordinary one. Every tensor belongs to
// one. Ops only enqueue; the only waits are for values (`tensor.data()`) and for room (`engine.ready()`).
import { ArgumentError, BackendError, DisposedError } from '../errors.ts';
import { checkOptions } from '../options/check-options.ts';
import { type AddonDescription, type EngineStats, guarded, type NativeAddon, publicError } from './addon.ts';
import { backendChoices, chooseBackend, chooseThreads, loadAddon } from './load.ts';

/** Which kernels an engine uses, and on how many threads. */
export interface EngineOptions {
  /** `amx`, `avx512_bf16`, `avx512_vnni`, `avx512`, `avx2` or `reference`; by default the fastest that this CPU can run. */
  backend?: string | undefined;
  /** Threads that may work on one command; by default as many as the process may use. */
  threads?: number | undefined;
}

/** For Likewise's own tests: lets `backend` be `mock`, which imitates a device and computes slowly on the host. */
export interface TestEngineOptions extends EngineOptions {
  allowMock?: boolean;
}

const engineOptionNames = ['backend', 'threads'];

const sharedEngines = new Map<string, Engine>();

/** A stream of commands on the native engine, with the memory that they use. Encoders share one; a loop of your own may have its own. */
export class Engine implements Disposable {
  readonly addon: NativeAddon;
  readonly description: AddonDescription;
  readonly id: number;
  readonly backend: string;
  readonly threads: number;
  /** Rows of a packed weight's panel: what `pack_weight` is given. */
  readonly panelWidth: number;
  /** Whether the backend multiplies in bfloat16 with instructions made for it; otherwise float32 emulates them. */
  readonly nativeBFloat16: boolean;
  readonly #ops: Map<string, number>;
  #disposed = false;
  #urgent = false;

  /** @throws AddonError, BackendError, ArgumentError */
  constructor(options: TestEngineOptions = {}) {
    checkOptions(
      'Engine',
      options,
      options?.allowMock === undefined ? engineOptionNames : [...engineOptionNames, 'allowMock'],
    );
    const { addon, description } = loadAddon();
    const { threads: asked } = options;
    if (asked !== undefined && !(Number.isInteger(asked) && asked >= 1 && asked <= 1024)) {
      throw new ArgumentError(`expected threads to be an integer from 1 to 1024 but received ${asked}`);
    }
    const threads = chooseThreads(asked);
    this.addon = addon;
    this.description = description;
    const backend = chooseBackend(description, options.backend);
    if (backend === 'mock' && options.allowMock !== true) {
      throw new BackendError(
        `expected one of the backends ${backendChoices(description)} but received mock, which only Likewise's own tests use`,
      );
    }
    this.id = guarded(() => addon.createEngine(backend, threads));
    const stats = addon.stats(this.id);
    this.backend = stats.backend;
    this.threads = stats.threads;
    this.panelWidth = stats.panelWidth;
    this.nativeBFloat16 = description.backends.some(
      ({ name, bfloat16 }) => name === this.backend && bfloat16,
    );
    this.#ops = new Map(description.ops.map((op, index) => [op.name, index]));
  }

  /** One engine per backend and thread count in this JavaScript thread, made on first use. */
  static shared(options: EngineOptions = {}): Engine {
    checkOptions('Engine', options, engineOptionNames);
    const key = `${options.backend ?? ''}/${options.threads ?? ''}`;
    let engine = sharedEngines.get(key);
    if (engine === undefined || engine.disposed) {
      engine = new Engine(options);
      sharedEngines.set(key, engine);
    }
    return engine;
  }

  /** Whether it was disposed. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** The number of an op of `native/ops.def`. */
  opId(name: string): number {
    const id = this.#ops.get(name);
    if (id === undefined) throw new ArgumentError(`expected an op of this build but received "${name}"`);
    return id;
  }

  /** Whether tensors allocated now are {@link urgently} wanted. */
  get urgent(): boolean {
    return this.#urgent;
  }

  /**
   * Runs `body`, which queues little work that somebody waits for. The tensors it allocates, and the ops that write them,
   * go before the engine's other work: they wait for the command in progress, and otherwise only for what writes their
   * inputs. The numbers are the same. Use it only for small work, because it delays all other work.
   * @throws ArgumentError when `body` returns a promise: what it would do later is not urgent
   */
  urgently<T>(body: () => T): T {
    const before = this.#urgent;
    this.#urgent = true;
    try {
      const result = body();
      if (result instanceof Promise) {
        result.catch(() => {}); // this error says why
        throw new ArgumentError(
          'expected a synchronous body but it returned a promise: queue ops inside urgently(), await after it',
        );
      }
      return result;
    } finally {
      this.#urgent = before;
    }
  }

  /** Resolves once at most `backlog` commands are waiting. Await it between batches. */
  async ready(backlog = 256): Promise<void> {
    this.#checkAlive();
    try {
      await this.addon.ready(this.id, backlog);
    } catch (error) {
      throw publicError(error);
    }
  }

  /** Gives free buffers back to the system once the commands queued so far have run. */
  trim(): void {
    this.#checkAlive();
    guarded(() => this.addon.trim(this.id));
  }

  /** Live tensors, pool hits and misses, bytes held, commands executed and waiting. */
  stats(): EngineStats {
    this.#checkAlive();
    return guarded(() => this.addon.stats(this.id));
  }

  /**
   * Operations per second, two per multiply-add, of a loop that touches only registers, on all of the engine's threads:
   * of multiply-adds in float32, or of the instruction that products in bfloat16 or int8 are made of. 0 for bfloat16 where
   * that is emulated.
   */
  async measurePeak(precision: 'float32' | 'bfloat16' | 'int8' = 'float32'): Promise<number> {
    this.#checkAlive();
    try {
      const index = ['float32', 'int8', 'bfloat16'].indexOf(precision);
      const [peak] = new Float64Array(await this.addon.measurePeak(this.id, index));
      return peak as number;
    } catch (error) {
      throw publicError(error);
    }
  }

  /** Ends the stream: the command in progress finishes, waiting ones are dropped, pending promises reject. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.addon.destroyEngine(this.id);
  }

  /** The same as {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  #checkAlive(): void {
    if (this.#disposed) throw new DisposedError('expected a live engine but it was disposed');
  }
}
