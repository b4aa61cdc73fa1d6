// The kinds of argument that the public kernels take.
import { ArgumentError, DTypeError } from '../errors.ts';
import { checkOptions } from '../train/check-options.ts';

/** @throws ArgumentError when there are no options, or one that the kernel does not have */
export function checkKeys(op: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(`[${op}] expected an object of options but received ${kindOf(options)}`);
  }
  checkOptions(op, options, [...known, 'threads', 'backend']);
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
