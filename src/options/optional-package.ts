// Packages that some work needs and most does not: optional peers, loaded when they are asked for. They are imported by
// a name that the compiler does not follow, so that nothing here depends on their being installed.

import { ArgumentError } from '../errors.ts';

/**
 * Imports packages that may not be installed.
 *
 * @param names Packages or files of theirs, as import() takes them.
 * @param purpose What needs them, as the subject of a sentence: "Chinese words by jieba".
 * @param otherwise What can be done without them.
 * @throws {ArgumentError} One cannot be loaded; the message says what to install
 */
export async function importOptional(
  names: readonly string[],
  purpose: string,
  otherwise: string,
): Promise<unknown[]> {
  try {
    return await Promise.all(names.map((name) => import(name)));
  } catch (cause) {
    const packages = [...new Set(names.map(packageOf))];
    throw new ArgumentError(
      `${purpose} needs ${packages.join(' and ')}, which cannot be loaded; install with npm install ` +
        `${packages.join(' ')}, or ${otherwise}`,
      { cause },
    );
  }
}

/** `@scope/name/file.js` belongs to `@scope/name`. */
function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
