// Checks the C++ files: their format with clang-format, their code with clang-tidy. With `--write` it formats them.
// The tools come from .ci/venv, which .ci/run makes from .ci/requirements.txt, or else from the PATH.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const files = readdirSync(join(root, 'native'), { recursive: true })
  .map((name) => join('native', name))
  .filter((name) => /\.(cpp|h)$/.test(name) && !name.includes('/build/'))
  .sort();

/** Flags that every file but some kernels can be read with; kernels are read as their AVX2 build. */
const compilerFlags = [
  '-std=c++20',
  `-I${dirname(createRequire(import.meta.url).resolve('node-addon-api/package.json'))}`,
  `-I${join(dirname(dirname(process.execPath)), 'include', 'node')}`,
  '-DNAPI_VERSION=9',
  '-DNODE_ADDON_API_CPP_EXCEPTIONS',
  '-DLIKEWISE_VERSION="0.0.0"',
  '-DLIKEWISE_ISA=avx2',
  '-mavx2',
  '-mfma',
];

/** What the kernels need that have no AVX2 build, or have tiles in another; they are read as that of AMX. */
const tileFlags = [
  '-ULIKEWISE_ISA',
  '-DLIKEWISE_ISA=amx',
  ...['avx512f', 'avx512bw', 'avx512vl', 'avx512dq', 'avx512vnni', 'avx512bf16'].map((name) => `-m${name}`),
  ...['amx-tile', 'amx-bf16', 'amx-int8'].map((name) => `-m${name}`),
];
const needsTiles = (file) =>
  /(_pairs|_tiles|peak_bfloat16|(attention|attention_gradient|vocabulary_loss)_bfloat16)\.cpp$/.test(file);

function tool(name) {
  const installed = join(root, '.ci', 'venv', 'bin', name);
  return existsSync(installed) ? installed : name;
}

/** Runs a tool and prints what it says if it fails. */
function succeeds(name, args) {
  return new Promise((resolve) => {
    const child = spawn(tool(name), args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => {
      console.error(
        `${name} cannot be run (${error.message}); install it with pip install -r .ci/requirements.txt`,
      );
      resolve(false);
    });
    child.on('close', (status) => {
      if (status !== 0) console.error(Buffer.concat(output).toString('utf8'));
      resolve(status === 0);
    });
  });
}

/** clang-tidy on every source file that is shipped, a few at a time; headers are checked with those that include them. */
async function tidy() {
  const waiting = files.filter((file) => file.endsWith('.cpp') && !file.startsWith(join('native', 'test')));
  let passed = true;
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const flags = needsTiles(file) ? [...compilerFlags, ...tileFlags] : compilerFlags;
      if (!(await succeeds('clang-tidy', ['--quiet', file, '--', ...flags]))) passed = false;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return passed;
}

if (process.argv.includes('--write')) {
  process.exitCode = (await succeeds('clang-format', ['-i', ...files])) ? 0 : 1;
} else {
  const formatted = await succeeds('clang-format', ['--dry-run', '--Werror', ...files]);
  const tidied = await tidy();
  process.exitCode = formatted && tidied ? 0 : 1;
  if (process.exitCode === 0) console.log(`${files.length} C++ files are formatted and pass clang-tidy`);
}
