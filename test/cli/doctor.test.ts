// `likewise doctor` and `likewise build`: what they report, with a usable engine and without one.

import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-file.ts';
import { runCli } from './run-cli.ts';

const root = join(import.meta.dirname, '..', '..');

test('--json: one object with the CPU, threads, Node, addon and speed', async () => {
  const { code, stdout, stderr } = await runCli(['doctor', '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { node, engine, cuda } = JSON.parse(stdout);
  expect(node).toMatchObject({ version: process.version, abi: process.versions.modules });
  expect(engine.threads).toBeGreaterThanOrEqual(1);
  expect(engine.threadsReason).not.toBe('');
  expect(Object.keys(engine.gemm)).toEqual(['float32', 'bfloat16', 'int8']);
  const { bfloat16, ...always } = engine.gemm;
  const chosen = engine.backends.find(({ name }: { name: string }) => name === engine.backend);
  expect(bfloat16 !== null).toBe(chosen.bfloat16);
  for (const report of [...Object.values(always), ...(bfloat16 === null ? [] : [bfloat16])]) {
    expect(report.gigaops).toBeGreaterThan(0);
    expect(report.peakGigaops).toBeGreaterThan(0);
  }
  expect(engine.backends.map((backend: { name: string }) => backend.name)).toContain(engine.backend);
  expect(cuda).toMatch(/^absent/);
});

test('the report names everything, a line each', async () => {
  const { code, stdout } = await runCli(['doctor']);
  expect(code).toBe(0);
  const names = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[0]);
  expect(names).toEqual([
    'likewise',
    'cpu',
    'node',
    'addon',
    'instructions',
    'threads',
    'float32',
    'bfloat16',
    'int8',
    'tokenizers',
    'cuda',
  ]);
  expect(stdout).toMatch(/\nfloat32 +\d+ GFLOP\/s of \d+ measured peak \(\d+ %\)/);
  expect(stdout).toMatch(
    /\nbfloat16 +(\d+ GFLOP\/s of \d+ measured peak|this CPU has no instructions for it)/,
  );
  expect(stdout).toMatch(/\nint8 +\d+ GOP\/s of \d+ measured peak \(\d+ %\)/);
});

test('a backend and thread count set by the environment are shown', async () => {
  const env = { LIKEWISE_BACKEND: 'reference', LIKEWISE_THREADS: '1' };
  const { stdout } = await runCli(['doctor'], { env });
  expect(stdout).toMatch(/\ninstructions +reference;/);
  expect(stdout).toMatch(/\nthreads +1: /);
  expect(stdout).toMatch(/\nfloat32 +not measured.*\nbfloat16 +not measured.*\nint8 +not measured/);
});

/** This package as a package manager leaves it that skipped the install script: no build folder. */
function packageWithoutAddon(): string {
  const folder = temporaryFolder();
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  mkdirSync(join(folder, 'scripts'));
  for (const name of ['build-addon.mjs', 'build-progress.mjs', 'built-addon.mjs']) {
    copyFileSync(join(root, 'scripts', name), join(folder, 'scripts', name));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

function run(folder: string, args: string[], env: Record<string, string> = {}) {
  const options = { encoding: 'utf8', env: { ...process.env, ...env } } as const;
  return spawnSync(process.execPath, [join(folder, 'dist', 'cli', 'main.js'), ...args], options);
}

test('without the addon: doctor says what is wrong, using it names the remedy', () => {
  const folder = packageWithoutAddon();
  const doctor = run(folder, ['doctor']);
  expect(doctor.status).toBe(1);
  expect(doctor.stdout).toMatch(/\nproblem +the native addon is not built: .*npx likewise build/);
  const json = run(folder, ['doctor', '--json']);
  expect(json.status).toBe(1);
  expect(JSON.parse(json.stdout).engine.problem).toContain('npx likewise build');
  const model = join(root, 'test', 'golden', 'bert-two-layers');
  const use = run(folder, ['similarity', '--model', model, 'a', 'b']);
  expect(use.status).toBe(1);
  expect(use.stderr).toMatch(
    /^likewise: the native addon is not built: .*npx likewise build.* \[LIKEWISE_ADDON\]\n$/,
  );
});

test('build: a missing compiler, make or Python is named with the way to install it', () => {
  const folder = packageWithoutAddon();
  const compiler = run(folder, ['build'], { CXX: 'no-such-compiler' });
  expect(compiler.status).toBe(1);
  expect(compiler.stdout).toBe('');
  expect(compiler.stderr).toMatch(
    /^likewise: .*no C\+\+ compiler: "no-such-compiler".*apt-get install g\+\+.* \[LIKEWISE_ADDON\]\n$/,
  );
  const old = run(folder, ['build'], { CXX: 'g++ -fsyntax-only -nostdinc++ -nostdinc' });
  expect(old.stderr).toMatch(/does not know C\+\+20/);
  const make = run(folder, ['build'], { MAKE: 'no-such-make' });
  expect(make.stderr).toMatch(/no "make" was found.*apt-get install make/);
});

test('build: compiles, or shows the whole log when that fails', { timeout: 120_000 }, () => {
  const folder = packageWithoutAddon();
  const failed = run(folder, ['build']); // there is no binding.gyp here
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/binding\.gyp not found/);
  expect(failed.stderr).toMatch(/\nlikewise: the native addon could not be built: .* \[LIKEWISE_ADDON\]\n$/);
});
