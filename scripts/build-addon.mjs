// Builds the native addon, build/Release/likewise.node, with node-gyp. Run by npm's install script, by
// `npm run build:addon` and by `likewise build`. Plain JavaScript: in a checkout it runs before anything is compiled.
// It looks for the compiler first, because node-gyp's own message about a missing one is hard to read, and builds
// against the headers of the running Node where they are installed, so that nothing is downloaded. An addon that is sound
// and current stays as it is; `--force` builds it again. `--install` says that npm's install script is what runs.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { BuildProgress } from './build-progress.mjs';
import { addonFile, buildFolder, isCheckout, isCurrent, noteSources, packageFolder } from './built-addon.mjs';

/** Enough of C++20 to tell a compiler that has it from one that only has the flag. */
const cxx20Probe =
  '#include <bit>\n#include <span>\nint main() { return std::bit_width(std::span<int>{}.size()); }\n';

const installHints = {
  compiler: { debian: 'g++', fedora: 'gcc-c++', darwin: 'xcode-select --install' },
  make: { debian: 'make', fedora: 'make', darwin: 'xcode-select --install' },
  python: { debian: 'python3', fedora: 'python3', darwin: 'xcode-select --install' },
};

/** How to install one of the tools, for the systems we can name. */
function howToInstall(tool) {
  const hint = installHints[tool];
  return (
    `install it with "apt-get install ${hint.debian}" (Debian, Ubuntu), ` +
    `"dnf install ${hint.fedora}" (Fedora) or "${hint.darwin}" (macOS)`
  );
}

/** Whether a command can be run, and succeeds. */
function succeeds(command, args, input = '') {
  return spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

/** A sentence about the first tool that is missing, or undefined when the build can start. */
function missingTool() {
  if (process.platform === 'win32') return undefined; // node-gyp looks for Visual Studio itself
  const cxx = process.env.CXX ?? (process.platform === 'darwin' ? 'c++' : 'g++');
  const [compiler, ...flags] = cxx.trim().split(/\s+/);
  if (!succeeds(compiler, [...flags, '--version'])) {
    return `no C++ compiler: "${cxx}" could not be run; ${howToInstall('compiler')}, or set CXX to another compiler`;
  }
  if (!succeeds(compiler, [...flags, '-std=c++20', '-x', 'c++', '-fsyntax-only', '-'], cxx20Probe)) {
    return `the C++ compiler "${cxx}" does not know C++20; set CXX to g++ 11 or later, or clang++ 14 or later`;
  }
  if (!succeeds(process.env.MAKE ?? 'make', ['--version'])) {
    return `no "make" was found; ${howToInstall('make')}`;
  }
  const pythons = [process.env.npm_config_python, process.env.NODE_GYP_FORCE_PYTHON, process.env.PYTHON];
  const candidates = [...pythons.filter((python) => python !== undefined), 'python3', 'python'];
  if (
    !candidates.some((python) => succeeds(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 8))']))
  ) {
    return `no Python 3.8 or later was found, which node-gyp needs; ${howToInstall('python')}`;
  }
  return undefined;
}

/** The installation prefix of the running Node if its own headers are there, as its release archives have them. */
function headersPrefix() {
  const prefix = dirname(dirname(process.execPath));
  const folder = join(prefix, 'include', 'node');
  if (!existsSync(join(folder, 'node_api.h')) || !existsSync(join(folder, 'common.gypi'))) return undefined;
  const text = readFileSync(join(folder, 'node_version.h'), 'utf8');
  const version = ['MAJOR', 'MINOR', 'PATCH'].map((part) => text.match(`NODE_${part}_VERSION (\\d+)`)?.[1]);
  return version.join('.') === process.versions.node ? prefix : undefined;
}

/** node-gyp's arguments, and a sentence about where Node's headers come from. */
function gypArguments() {
  const args = ['configure', 'build', '-j', String(Math.max(2, availableParallelism()))];
  const prefix = headersPrefix();
  if (prefix !== undefined) {
    return {
      args: [...args, `--nodedir=${prefix}`],
      headers: `Node headers: ${join(prefix, 'include', 'node')}`,
    };
  }
  const { npm_config_nodedir: nodedir } = process.env; // npm's setting, which node-gyp reads itself
  if (nodedir) return { args, headers: `Node headers: ${nodedir}` };
  const expected = join(dirname(dirname(process.execPath)), 'include', 'node');
  return {
    args,
    headers: `Node headers for ${process.version} are not in ${expected}: node-gyp will fetch them`,
  };
}

/**
 * Removes what earlier builds left, all but the addon itself: it is replaced when a new one has been linked, so that a
 * build that fails or is killed leaves a working addon as it was (`node-gyp rebuild` would remove it first).
 */
function removeObjects() {
  for (const folder of [buildFolder, join(buildFolder, 'Release')]) {
    for (const name of existsSync(folder) ? readdirSync(folder) : []) {
      const path = join(folder, name);
      if (path !== addonFile && path !== dirname(addonFile)) rmSync(path, { recursive: true });
    }
  }
}

/** The environment of node-gyp: warnings stop the build in a checkout, which has the tests that a package has not. */
function gypEnvironment() {
  if (!isCheckout()) return process.env;
  const { GYP_DEFINES = '' } = process.env;
  return { ...process.env, GYP_DEFINES: `warnings_are_errors=1 ${GYP_DEFINES}` };
}

/** Runs node-gyp, showing how far it is, and gives its exit status and everything it printed. */
function runNodeGyp(args) {
  const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [gyp, ...args], {
      cwd: packageFolder,
      env: gypEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = [];
    const progress = new BuildProgress(buildFolder);
    child.stdout.on('data', (chunk) => {
      output.push(chunk);
      progress.read(chunk.toString('latin1'));
    });
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => resolve({ status: 1, log: error.message }));
    child.on('close', (status) => {
      progress.end();
      resolve({ status: status ?? 1, log: Buffer.concat(output).toString('utf8') });
    });
  });
}

/** Builds the addon and gives the exit code. Progress goes to stderr, the one-line result to stdout. */
async function buildAddon() {
  if (isOnlyPacked()) {
    console.error(
      'likewise: the addon is built where this package is installed, not in the clone that npm packs',
    );
    return 0;
  }
  if (!process.argv.includes('--force') && isCurrent()) {
    console.log(`likewise: nothing to do: ${addonFile} is sound and current; --force builds it again`);
    return 0;
  }
  const missing = missingTool();
  if (missing !== undefined) {
    console.error(`likewise: the native addon cannot be built: ${missing} [LIKEWISE_ADDON]`);
    return 1;
  }
  const started = performance.now();
  const { args, headers } = gypArguments();
  console.error(
    `likewise: building the native addon, one to two and a half minutes on two cores (${headers})`,
  );
  removeObjects();
  const { status, log } = await runNodeGyp(args);
  if (status !== 0 || !existsSync(addonFile)) {
    console.error(log);
    const left = existsSync(addonFile) ? '; the one built before is still in its place' : '';
    console.error(
      `likewise: the native addon could not be built: node-gyp ended with ${status}${left} [LIKEWISE_ADDON]`,
    );
    return 1;
  }
  noteSources();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const mebibytes = (statSync(addonFile).size / 2 ** 20).toFixed(1);
  console.log(`likewise: built ${addonFile} (${mebibytes} MiB) in ${seconds} s`);
  return 0;
}

/** Whether npm runs this in its clone of a git address, which it packs and then installs as a package. */
function isOnlyPacked() {
  return isCheckout() && process.argv.includes('--install') && Boolean(process.env._PACOTE_NO_PREPARE_);
}

/** What to do when the reason for a failed install script has been mended: npm removes a package that it could not install. */
function howToGoOn() {
  if (isCheckout()) return 'once that is mended, run "npm run build:addon"';
  const { npm_config_user_agent: agent = '', npm_command: command = '' } = process.env;
  if (agent.startsWith('npm/') && ['install', 'ci', 'update'].includes(command)) {
    return (
      `npm removes the package again. Once that is mended, run the same "npm ${command}" once more; or add ` +
      '--ignore-scripts to it, which keeps the package, and run "npx likewise build" later'
    );
  }
  return 'once that is mended, run "npx likewise build"';
}

process.exitCode = await buildAddon();
if (process.exitCode !== 0 && process.argv.includes('--install')) console.error(`likewise: ${howToGoOn()}`);
