// The native addon's functions as TypeScript sees them, and its kinds of error as the public error classes.
import {
  AddonError,
  ArgumentError,
  BackendError,
  DisposedError,
  DTypeError,
  ExecutionError,
  LikewiseError,
  OutOfMemoryError,
  QueueFullError,
  ShapeError,
} from '../errors.ts';

/** Element types a tensor can have. */
export type DType = 'float32' | 'float64' | 'int32' | 'int8' | 'bfloat16';

/** A tensor in the addon: engine, generation and slot in one exact integer; 0 is "no tensor". */
export type Handle = number;

export interface TensorDescription {
  name: string;
  optional: boolean;
  /** An output whose old numbers are read as well. */
  updated: boolean;
}

export interface OpDescription {
  name: string;
  inputs: TensorDescription[];
  outputs: TensorDescription[];
  parameters: string[];
}

export interface BackendDescription {
  name: string;
  available: boolean;
  /** Why it is not. */
  reason: string;
  /** Whether it is available and multiplies in bfloat16 with instructions made for it; otherwise float32 emulates them. */
  bfloat16: boolean;
}

export interface AddonDescription {
  version: string;
  ops: OpDescription[];
  activations: string[];
  poolings: string[];
  unaryFunctions: string[];
  binaryFunctions: string[];
  reductions: string[];
  backends: BackendDescription[];
  fastestBackend: string;
  cores: number;
  coresReason: string;
  cpu: string;
}

export interface EngineStats {
  backend: string;
  threads: number;
  panelWidth: number;
  liveTensors: number;
  poolHits: number;
  poolMisses: number;
  bytesInUse: number;
  bytesHeld: number;
  commandsExecuted: number;
  /** Of those, the ones in the urgent lane: {@link Engine.urgently}. */
  urgentCommandsExecuted: number;
  commandsWaiting: number;
  stagedBytes: number;
  /** Commands, storages, staging and table growth newly allocated so far: flat in a steady state. */
  allocations: number;
  /** Bytes outside its heap that V8 knows of in this JavaScript thread, the tensors' to within 1 MiB among them. */
  externalMemory: number;
}

/** The narrow door: `native/addon/addon.cpp` says what each function does. */
export interface NativeAddon {
  createEngine(backend: string, threads: number): number;
  destroyEngine(engine: number): void;
  allocate(engine: number, dtype: DType, shape: readonly number[], urgent?: boolean): Handle;
  view(handle: Handle, offset: number, shape: readonly number[], rowStride: number): Handle;
  release(handle: Handle): boolean;
  upload(handle: Handle, array: Float32Array | Float64Array | Int32Array | Int8Array | Uint16Array): void;
  download(handle: Handle): Promise<ArrayBuffer>;
  run(op: number, inputs: readonly Handle[], outputs: readonly Handle[], parameters: readonly number[]): void;
  ready(engine: number, backlog: number): Promise<void>;
  trim(engine: number): void;
  stats(engine: number): EngineStats;
  measurePeak(engine: number, precision: number): Promise<ArrayBuffer>;
  capTokenizerThreads(count: number): boolean;
  describe(): AddonDescription;
  failAllocation(engine: number, countdown: number): void;
}

const errorClasses: Record<string, new (message: string, options?: ErrorOptions) => LikewiseError> = {
  argument: ArgumentError,
  shape: ShapeError,
  dtype: DTypeError,
  disposed: DisposedError,
  backend: BackendError,
  memory: OutOfMemoryError,
  queue: QueueFullError,
  execution: ExecutionError,
};

/** The public error for whatever the addon threw; anything unknown is an {@link AddonError}. */
export function publicError(error: unknown): LikewiseError {
  if (error instanceof LikewiseError) return error;
  const { kind, message } = error as { kind?: string; message?: string };
  const ErrorClass = (kind !== undefined && errorClasses[kind]) || AddonError;
  return new ErrorClass(message ?? String(error));
}

/** Runs a call into the addon; what it throws comes out as a public error. */
export function guarded<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw publicError(error);
  }
}
