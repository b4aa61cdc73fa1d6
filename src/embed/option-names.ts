// Options that are misspelled or no object: refused, where TypeScript has not been there to do it.
import { ArgumentError } from '../errors.ts';

/** @param known every option there is. @throws ArgumentError */
export function checkOptionNames(name: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new ArgumentError(
      `[${name}] expected options in an object but received ${options === null ? 'null' : typeof options}`,
    );
  }
  const other = Object.keys(options).find((key) => !known.includes(key));
  if (other === undefined) return;
  throw new ArgumentError(`[${name}] expected options of ${known.join(', ')} but received "${other}"`);
}
