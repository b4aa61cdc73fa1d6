// The kinds of array that the public kernels take.
import { ArgumentError, DTypeError } from '../errors.ts';

/** The object that a kernel is given, which its arguments stand in. */
export function checkArguments<T extends object>(op: string, options: T, example: string): T {
  if (typeof options === 'object' && options !== null && !ArrayBuffer.isView(options)) return options;
  const received = ArrayBuffer.isView(options) ? 'an array' : options === null ? 'null' : typeof options;
  throw new ArgumentError(
    `[${op}] expected its arguments in one object, ${example}, but received ${received}`,
  );
}

/** An array of floats of one of some kinds. */
export function checkKind<T extends Float32Array | Float64Array>(
  op: string,
  name: string,
  data: T,
  kinds: readonly ('Float32Array' | 'Float64Array')[],
): T {
  const received = Object.prototype.toString.call(data).slice(8, -1);
  if (kinds.some((kind) => kind === received)) return data;
  throw new DTypeError(`[${op}] expected ${name} to be a ${kinds.join(' or a ')} but received ${received}`);
}

export function checkInts(op: string, name: string, data: Int32Array): Int32Array {
  if (data instanceof Int32Array) return data;
  throw new DTypeError(`[${op}] expected ${name} to be an Int32Array`);
}

export function checkFloats(op: string, name: string, data: Float32Array): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new DTypeError(`[${op}] expected ${name} to be a Float32Array`);
}
