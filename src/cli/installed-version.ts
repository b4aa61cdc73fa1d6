// Versions of this package and of those it depends on, from their package.json.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version of an installed package, or what kept it from being found. */
export function installedVersion(name: string): string {
  try {
    const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch (error) {
    return `not found (${error instanceof Error ? error.message.split('\n')[0] : error})`;
  }
}
