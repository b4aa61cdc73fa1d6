// Every error Likewise throws on purpose: one class per kind, one stable code per class.
// A message says what was expected, what came and, where there is a remedy, what to do.

/** Stable codes, one per error class; `docs/errors.md` lists them with causes and remedies. */
export const ERROR_CODES = [
  'LIKEWISE_ARGUMENT',
  'LIKEWISE_SHAPE',
  'LIKEWISE_DTYPE',
  'LIKEWISE_DISPOSED',
  'LIKEWISE_SCOPE',
  'LIKEWISE_GRADIENT',
  'LIKEWISE_ADDON',
  'LIKEWISE_BACKEND',
  'LIKEWISE_EXECUTION',
  'LIKEWISE_MEMORY',
  'LIKEWISE_QUEUE_FULL',
  'LIKEWISE_FORMAT',
  'LIKEWISE_CONFIG',
  'LIKEWISE_MODEL',
  'LIKEWISE_TOKENIZER',
  'LIKEWISE_DATA',
  'LIKEWISE_FILE',
  'LIKEWISE_ABORTED',
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** The base of all errors thrown on purpose; `code` never changes meaning between versions. */
export abstract class LikewiseError extends Error {
  abstract readonly code: ErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** An option or argument has a value that cannot be used. */
export class ArgumentError extends LikewiseError {
  readonly code = 'LIKEWISE_ARGUMENT';
}

/** A tensor has another shape than the operation needs. */
export class ShapeError extends LikewiseError {
  readonly code = 'LIKEWISE_SHAPE';
}

/** A tensor or array has another element type than the operation needs. */
export class DTypeError extends LikewiseError {
  readonly code = 'LIKEWISE_DTYPE';
}

/** A tensor, encoder or engine was used after it was disposed, or on a thread that does not own it. */
export class DisposedError extends LikewiseError {
  readonly code = 'LIKEWISE_DISPOSED';
}

/** A scope was given a promise, or a tensor left a scope that freed it. */
export class ScopeError extends LikewiseError {
  readonly code = 'LIKEWISE_SCOPE';
}

/** A gradient was asked for that was not recorded: no tape, an untracked loss, a second backward. */
export class GradientError extends LikewiseError {
  readonly code = 'LIKEWISE_GRADIENT';
}

/** The native addon is missing, was built for another Node ABI, or cannot be loaded. */
export class AddonError extends LikewiseError {
  readonly code = 'LIKEWISE_ADDON';
}

/** The backend or instruction set asked for is not available on this machine. */
export class BackendError extends LikewiseError {
  readonly code = 'LIKEWISE_BACKEND';
}

/** An operation failed while it ran, on a token id outside the vocabulary say, or a model's vector is not finite. */
export class ExecutionError extends LikewiseError {
  readonly code = 'LIKEWISE_EXECUTION';
}

/** Native memory could not be allocated. */
export class OutOfMemoryError extends LikewiseError {
  readonly code = 'LIKEWISE_MEMORY';
}

/** More commands or bytes are in flight than the stream allows: `await engine.ready()` between batches. */
export class QueueFullError extends LikewiseError {
  readonly code = 'LIKEWISE_QUEUE_FULL';
}

/** A file is not what its format says: safetensors, npy, JSON. */
export class FormatError extends LikewiseError {
  readonly code = 'LIKEWISE_FORMAT';
}

/** A configuration has an unknown key, a missing key or a value of the wrong kind. */
export class ConfigError extends LikewiseError {
  readonly code = 'LIKEWISE_CONFIG';
}

/** A model folder is incomplete, contradicts itself or holds something that is not supported. */
export class ModelError extends LikewiseError {
  readonly code = 'LIKEWISE_MODEL';
}

/** A tokenizer file cannot be used. */
export class TokenizerError extends LikewiseError {
  readonly code = 'LIKEWISE_TOKENIZER';
}

/** A row of input data cannot be used; the message names file and line. */
export class DataError extends LikewiseError {
  readonly code = 'LIKEWISE_DATA';
}

/** The file system refused: missing, not permitted, full. `cause` holds the original error. */
export class FileError extends LikewiseError {
  readonly code = 'LIKEWISE_FILE';
}

/** The caller's `AbortSignal` fired; `cause` holds its reason. */
export class AbortedError extends LikewiseError {
  readonly code = 'LIKEWISE_ABORTED';
}
