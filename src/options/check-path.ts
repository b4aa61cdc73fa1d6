// A path that was left out, or is no string, is told by the function's name: Node's own message speaks of its functions.
import { ArgumentError } from '../errors.ts';

/** @throws ArgumentError when `path`, which should name `what`, is not a string, or is an empty one */
export function checkPath(of: string, what: string, path: unknown): asserts path is string {
  if (typeof path === 'string' && path !== '') return;
  const received = path === '' ? 'an empty string' : path === null ? 'null' : typeof path;
  throw new ArgumentError(`[${of}] expected the path of ${what} as a string but received ${received}`);
}
