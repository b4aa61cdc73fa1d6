// Builds the addon with AddressSanitizer, in a copy of the tree, and runs binding-fuzz.mjs over it with one seed after
// another. Linux and gcc. Node itself is not instrumented, so leaks are not looked for.
//   node test/native/sanitized-fuzz.mjs [--seconds 100] [--seed N] [--calls 20000] [--keep FOLDER]
// --seconds: how long to fuzz, the build not counted. --seed: the first seed, by default another one each time.
// --keep: builds there, or takes the addon that was built there before.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Math.floor(Date.now() / 1000)) },
    calls: { type: 'string', default: '20000' },
    keep: { type: 'string' },
  },
});

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'likewise-asan-'));
const addon = join(folder, 'build', 'Release', 'likewise.node');

/** Runs a command; the process ends when it fails, with everything it printed. */
function run(command, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return stdout.trim();
  console.error(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`);
  console.error(`failed: ${command} ${args.join(' ')}`);
  process.exit(1);
}

function buildAddon() {
  mkdirSync(folder, { recursive: true });
  const tests = join(root, 'native', 'test') + sep;
  for (const name of ['binding.gyp', 'package.json', 'native', 'scripts']) {
    const filter = (path) => !`${path}${sep}`.startsWith(tests);
    cpSync(join(root, name), join(folder, name), { recursive: true, filter });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const started = Date.now();
  run(process.execPath, [join(folder, 'scripts', 'build-addon.mjs')], {
    CXXFLAGS: '-O1 -g1 -fsanitize=address -fno-omit-frame-pointer',
    LDFLAGS: '-fsanitize=address',
  });
  console.log(`built with AddressSanitizer in ${Math.round((Date.now() - started) / 1000)} s`);
}

if (!existsSync(addon)) buildAddon();
if (options.keep === undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const library = run('gcc', ['-print-file-name=libasan.so']);
const script = join(root, 'test', 'native', 'binding-fuzz.mjs');
const end = Date.now() + 1000 * Number(options.seconds);
let seed = Number(options.seed);
do {
  const result = run(process.execPath, [script, options.calls, String(seed), addon], {
    LD_PRELOAD: library,
    ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1',
  });
  console.log(result);
  seed += 1;
} while (Date.now() < end);
