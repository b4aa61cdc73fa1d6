// Whether the addon that is there may stay: it loads, it is of this package's version, and it was built from the sources
// as they are now. Their hash is written beside it when it has been linked, and goes before anything is built.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));
export const buildFolder = join(packageFolder, 'build');
export const addonFile = join(buildFolder, 'Release', 'likewise.node');
const hashFile = join(buildFolder, 'Release', 'likewise.sources');

const versionOf = (file) => JSON.parse(readFileSync(file, 'utf8')).version;

/** Whether this is a checkout of the repository, which has the tests that a package has not. */
export const isCheckout = () => existsSync(join(packageFolder, 'native', 'test'));

/** SHA-256 over every name and content that the addon is compiled from. */
function hashOfSources() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(packageFolder, 'native'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(cpp|h|def)$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !relative(join(packageFolder, 'native'), file).startsWith('test'));
  for (const file of [join(packageFolder, 'binding.gyp'), ...sources.sort()]) {
    hash.update(`${relative(packageFolder, file)}\0`).update(readFileSync(file));
  }
  const headers = createRequire(import.meta.url).resolve('node-addon-api/package.json');
  return hash.update(versionOf(headers)).digest('hex');
}

/** Loads the addon in a process of its own, for a damaged library can end the process that maps it. */
function loads() {
  const script = 'process.stdout.write(require(process.argv[1]).describe().version)';
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=commonjs', '-e', script, addonFile], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 && stdout === versionOf(join(packageFolder, 'package.json'));
}

/** Whether there is nothing to build. */
export function isCurrent() {
  if (!existsSync(addonFile) || !existsSync(hashFile)) return false;
  return readFileSync(hashFile, 'utf8').trim() === hashOfSources() && loads();
}

/** Notes what the addon was built from, when it has been linked. */
export function noteSources() {
  writeFileSync(hashFile, `${hashOfSources()}\n`);
}
