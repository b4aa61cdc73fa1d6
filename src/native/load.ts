// Finds and loads the native addon on first use, never at import, and says what is wrong and what mends it when it
// cannot be had: not built (npm skipped the install script), built for something else, or of another version.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { AddonError, BackendError } from '../errors.ts';
import type { AddonDescription, NativeAddon } from './addon.ts';
import { libraryDefect } from './library-file.ts';

const packageRoot = new URL('../../', import.meta.url);

/** Where the build puts the addon. */
export const addonPath = fileURLToPath(new URL('build/Release/likewise.node', packageRoot));

/** This package's version. */
export function packageVersion(): string {
  const text = readFileSync(new URL('package.json', packageRoot), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

// npm 12 runs no install script that the project has not approved, and approving alone does not run it.
const remedy =
  'run "npx likewise build" (it needs a C++20 compiler, make and Python 3), or let npm run the install script: ' +
  '"npm install-scripts approve likewise" (npm 12), then "npm rebuild likewise"';

let loaded: { addon: NativeAddon; description: AddonDescription } | undefined;

/**
 * The addon and what it offers.
 * @throws AddonError when it is missing, cannot be loaded or has another version than this package.
 */
export function loadAddon(path: string = addonPath): { addon: NativeAddon; description: AddonDescription } {
  if (loaded !== undefined && path === addonPath) return loaded;
  if (!existsSync(path)) {
    throw new AddonError(`the native addon is not built: no file at ${path}; ${remedy}`);
  }
  let addon: NativeAddon;
  try {
    const defect = libraryDefect(path);
    if (defect !== undefined) throw new Error(defect);
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (error) {
    const detail = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new AddonError(
      `the native addon at ${path} cannot be loaded by Node ${process.version} on ${process.platform} ${process.arch} ` +
        `(${detail}); ${remedy}`,
      { cause: error },
    );
  }
  const description = describeOf(addon, path);
  const result = { addon, description };
  if (path === addonPath) loaded = result;
  return result;
}

function describeOf(addon: NativeAddon, path: string): AddonDescription {
  const description = typeof addon.describe === 'function' ? addon.describe() : undefined;
  const expected = packageVersion();
  if (description?.version !== expected) {
    throw new AddonError(
      `expected the native addon of version ${expected} at ${path} but found ${description?.version ?? 'none'}; ${remedy}`,
    );
  }
  return description;
}

/**
 * The backend to use: the one asked for, else that of the environment variable LIKEWISE_BACKEND, else the fastest. The
 * plain reference kernels are never chosen silently, because they are hundreds of times slower.
 * @throws BackendError for a name that there is not, or when the CPU has no instruction set that Likewise has kernels for.
 */
export function chooseBackend(description: AddonDescription, requested: string | undefined): string {
  const name = requested ?? process.env.LIKEWISE_BACKEND ?? '';
  if (name !== '' && description.backends.some((backend) => backend.name === name)) return name;
  if (name !== '') {
    const source = requested === undefined ? ' in LIKEWISE_BACKEND' : '';
    throw new BackendError(
      `expected one of the backends ${backendChoices(description)} but received ${name}${source}`,
    );
  }
  if (description.fastestBackend !== 'reference') return description.fastestBackend;
  const reasons = description.backends
    .filter((backend) => !backend.available)
    .map((backend) => backend.reason);
  throw new BackendError(
    `Likewise has no fast kernels for the instruction sets of this machine${reasons.length > 0 ? ` (${reasons.join('; ')})` : ''}; ` +
      "set LIKEWISE_BACKEND=reference, or pass { backend: 'reference' }, to run the plain kernels, which are much slower",
  );
}

/** Every backend's name, and those of the ones that can run here. */
export function backendChoices({ backends }: AddonDescription): string {
  const offered = backends.filter(({ name }) => name !== 'mock'); // which is for our own tests
  const names = offered.map(({ name }) => name).join(', ');
  const available = offered.filter((backend) => backend.available).map(({ name }) => name);
  return `${names}, of which this machine runs ${available.join(', ')},`;
}

/** The number of threads: as asked, else LIKEWISE_THREADS, else 0 for all the process may use. */
export function chooseThreads(requested: number | undefined): number {
  if (requested !== undefined) return requested;
  const variable = process.env.LIKEWISE_THREADS;
  if (variable === undefined || variable === '') return 0;
  const threads = Number(variable);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new BackendError(
    `expected LIKEWISE_THREADS to be an integer from 1 to 1024 but received "${variable}"`,
  );
}
