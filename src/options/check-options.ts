// Options of a function that it does not have are refused, as a configuration's unknown keys are: a slip in one's name would
// else count as not given, and the function go on with its default.

import { ArgumentError } from '../errors.ts';
import { nearestName } from './nearest-name.ts';

/** @throws ArgumentError for what is no object, or naming the first key that is not among `known`, and the nearest that is */
export function checkOptions(of: string, given: object, known: readonly string[]): void {
  if (typeof given !== 'object' || given === null) {
    throw new ArgumentError(
      `[${of}] expected options in an object but received ${given === null ? 'null' : typeof given}`,
    );
  }
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const near = nearestName(unknown, known);
  const remedy = near === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
  throw new ArgumentError(`[${of}] unknown option "${unknown}"; ${remedy}`);
}
