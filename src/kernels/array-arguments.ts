// The kinds of array that the public kernels take.
import { DTypeError } from '../errors.ts';

export function checkInts(op: string, name: string, data: Int32Array): Int32Array {
  if (data instanceof Int32Array) return data;
  throw new DTypeError(`[${op}] expected ${name} to be an Int32Array`);
}

export function checkFloats(op: string, name: string, data: Float32Array): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new DTypeError(`[${op}] expected ${name} to be a Float32Array`);
}
