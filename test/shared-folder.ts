// Real weights and data lie in ../shared beside the checkout, never in the repository. A test that needs them is
// skipped, loudly, where they are absent.

import { existsSync } from 'node:fs';
import { join } from 'node:path';

const shared = join(import.meta.dirname, '..', '..', 'shared');

/** The path of something in ../shared, or undefined with a warning when it is not there. */
export function sharedPath(...parts: string[]): string | undefined {
  const path = join(shared, ...parts);
  if (existsSync(path)) return path;
  console.warn(`skipped: ../shared/${parts.join('/')} is missing`);
  return undefined;
}
