// The kinds of argument that the public kernels take.
import { ArgumentError, DTypeError } from '../errors.ts';
import { checkOptions } from '../options/check-options.ts';

/**
 * The object that a kernel's arguments stand in.
 * @throws ArgumentError when it is none, or holds one that the kernel does not have
 */
export function checkArguments<T extends object>(op: string, options: T, known: readonly string[]): T {
  if (typeof options !== 'object' || options === null || ArrayBuffer.isView(options)) {
    throw new ArgumentError(
      `[${op}] expected its arguments in one object, { ${known.join(', ')} }, but received ${kindOf(options)}`,
    );
  }
  checkOptions(op, options, [...known, 'threads', 'backend']);
  return options;
}

/** An array of floats of one of some kinds. */
export function checkKind<T extends Float32Array | Float64Array>(
  op: string,
  name: string,
  data: T,
  kinds: readonly ('Float32Array' | 'Float64Array')[],
): T {
  if (kinds.some((kind) => kind === kindOf(data))) return data;
  throw new DTypeError(
    `[${op}] expected ${name} to be a ${kinds.join(' or a ')} but received ${kindOf(data)}`,
  );
}

export function checkInts(op: string, name: string, data: Int32Array): Int32Array {
  if (data instanceof Int32Array) return data;
  throw new DTypeError(`[${op}] expected ${name} to be an Int32Array but received ${kindOf(data)}`);
}

export function checkFloats(op: string, name: string, data: Float32Array): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new DTypeError(`[${op}] expected ${name} to be a Float32Array but received ${kindOf(data)}`);
}

export function checkFlag(op: string, name: string, value: boolean | undefined): void {
  if (value === undefined || typeof value === 'boolean') return;
  throw new ArgumentError(`[${op}] expected ${name} to be true or false but received ${kindOf(value)}`);
}

/** `undefined`, `a string`, `Float64Array`. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : `a ${typeof value}`;
}
