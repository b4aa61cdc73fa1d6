// Test 26: the tarball that would be published, and an empty project that installs it without running install scripts, as
// npm 12 does by default, and builds the addon there. Installing needs the registry or npm's cache of it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyModel } from '../cli/run-cli.ts';
import { scratchFolder } from '../temporary-file.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = scratchFolder();
const npmOptions = ['--no-audit', '--no-fund', '--no-update-notifier', '--fetch-retries=0'];

function run(command: string, args: string[], cwd: string, timeout = 100_000, variables = {}) {
  const env = { ...process.env, ...variables };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout, env });
  return { status, stdout, stderr };
}

let tarball = '';
let files: string[] = [];

beforeAll(() => {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, ...npmOptions];
  const { status, stdout, stderr } = run('npm', args, root);
  if (status !== 0) throw new Error(`npm pack failed: ${stderr}`);
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  tarball = join(folder, packed?.filename ?? '');
  files = packed?.files.map(({ path }) => path) ?? [];
});

/** A page without its examples. */
const prose = (page: string) =>
  readFileSync(join(root, page), 'utf8')
    .replace(/^```.*?^```$/gms, '')
    .replace(/`[^`\n]*`/g, '');

/** What a link to a heading names: lower case, hyphens for spaces, no other signs. */
const headings = (page: string) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

const sourcesUnder = (start: string, pattern: RegExp) =>
  readdirSync(join(root, start), { recursive: true, encoding: 'utf8' }).filter((name) => pattern.test(name));

describe('npm pack', () => {
  it('holds what is needed to run and to build, and nothing else', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'LICENSE',
        'binding.gyp',
        'scripts/build-addon.mjs',
        'scripts/build-progress.mjs',
        'scripts/built-addon.mjs',
      ]),
    );
    const allowed =
      /^(package\.json|README\.md|LICENSE|binding\.gyp|scripts\/(build-addon|build-progress|built-addon)\.mjs|dist\/.*\.(js|d\.ts)|docs\/[\w-]+\.md|bench\/(README|peers\/README|results\/[\w-]+)\.(md|svg)|native\/.*\.(cpp|h|def))$/;
    expect(files.filter((file) => !allowed.test(file))).toEqual([]);
    expect(files.filter((file) => /(^|\/)(test|build|golden)\//.test(file))).toEqual([]);
  });

  it('has no page with a link that leads nowhere', () => {
    const pages = files.filter((file) => file.endsWith('.md'));
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/training.md', 'bench/README.md']));
    const links = pages.flatMap((page) =>
      [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target })),
    );
    expect(links.length).toBeGreaterThan(10);
    const broken = links.filter(({ page, target }) => {
      if (target.startsWith('https://')) return false;
      const [path = '', heading] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      return !files.includes(file) || (heading !== undefined && !headings(file).includes(heading));
    });
    expect(broken).toEqual([]);
  });

  it('holds every module, its declarations and every native source but the tests', () => {
    const modules = sourcesUnder('src', /\.ts$/).map((name) => `dist/${name.replace(/\.ts$/, '')}`);
    const expected = [
      ...modules.flatMap((name) => [`${name}.js`, `${name}.d.ts`]),
      ...sourcesUnder('native', /\.(cpp|h|def)$/)
        .filter((name) => !name.startsWith('test'))
        .map((name) => `native/${name}`),
    ];
    expect(expected.filter((name) => !files.includes(name))).toEqual([]);
  });
});

/** Whether npm failed because there is no way to the registry. */
const offline = (output: string) =>
  /E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH|HOSTUNREACH|NOTCACHED)|network|socket/i.test(
    output,
  );

describe('installed where there is no compiler', () => {
  const project = join(folder, 'no-compiler');
  const installed = join(project, 'node_modules', 'likewise');
  const install = (...args: string[]) => {
    const all = ['install', '--prefer-offline', ...npmOptions, ...args, tarball];
    return run('npm', all, project, 100_000, { CXX: 'no-such-compiler' });
  };

  it('says what to do when npm has removed it again, and that can be done', (context) => {
    if (process.platform === 'win32') context.skip();
    mkdirSync(project);
    const allowScripts = { likewise: true, [`file:${tarball}`]: true }; // as npm 12 wants
    writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, allowScripts }));
    const { status, stdout, stderr } = install();
    if (offline(stdout + stderr)) context.skip();
    expect(status).toBe(1);
    expect(stderr).toContain(
      'no C++ compiler: "no-such-compiler" could not be run; install it with "apt-get',
    );
    expect(stderr).toContain(
      'npm removes the package again. Once that is mended, run the same "npm install"',
    );
    expect(existsSync(installed)).toBe(false);
    expect(install('--ignore-scripts').status).toBe(0);
    expect(existsSync(join(installed, 'scripts', 'build-addon.mjs'))).toBe(true);
    const build = run('npx', ['--no-install', 'likewise', 'build'], project, 100_000, {
      CXX: 'no-such-compiler',
    });
    expect(build.stderr).toMatch(/no C\+\+ compiler.*\[LIKEWISE_ADDON\]\n$/);
  }, 200_000);
});

describe('installed without its install script', () => {
  const project = join(folder, 'project');
  let unreachable = false;

  beforeAll(() => {
    const init = run('mkdir', ['-p', project], folder);
    if (init.status !== 0) throw new Error(init.stderr);
    writeFileSync(join(project, 'package.json'), '{ "private": true }');
    const args = ['install', '--ignore-scripts', '--prefer-offline', ...npmOptions, tarball];
    const { status, stdout, stderr } = run('npm', args, project);
    unreachable = status !== 0 && offline(stdout + stderr);
    if (unreachable) console.warn(`skipped: npm cannot reach its registry: ${stderr.split('\n')[0]}`);
    else if (status !== 0) throw new Error(`npm install failed: ${stdout}${stderr}`);
  }, 120_000);

  const node = (...args: string[]) => run(process.execPath, args, project);
  const cli = join(project, 'node_modules', '.bin', 'likewise');
  const likewise = (...args: string[]) => node(cli, ...args);
  const remedy = /the native addon is not built: no file at .*; run "npx likewise build" /;

  it('the import works, and the first use says how to build', (context) => {
    if (unreachable) context.skip();
    const script = `
      const { SentenceEncoder } = await import('likewise');
      const { fusedAttention } = await import('likewise/kernels');
      const rows = new Float32Array(2);
      const options = { query: rows, key: rows, value: rows, cuSeqlens: Int32Array.of(0, 2), heads: 1 };
      for (const use of [() => SentenceEncoder.load(${JSON.stringify(tinyModel)}), () => fusedAttention(options)]) {
        const error = await use().then(() => 'it worked', (reason) => reason);
        console.log(error.code, error.message);
      }`;
    const { status, stdout, stderr } = node('--input-type=module', '--eval', script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      expect(line).toMatch(/^LIKEWISE_ADDON /);
      expect(line).toMatch(remedy);
    }
  });

  it('require() of CommonJS works', (context) => {
    if (unreachable) context.skip();
    const script =
      "const { SentenceEncoder } = require('likewise'); console.log(typeof SentenceEncoder.load);";
    const { status, stdout } = node('--input-type=commonjs', '--eval', script);
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'function\n' });
  });

  it('the command line helps, examines, and fails in one line', (context) => {
    if (unreachable) context.skip();
    expect(likewise('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: likewise /),
    });
    const doctor = likewise('doctor');
    expect(doctor.status).toBe(1);
    expect(doctor.stdout).toMatch(/\nproblem +the native addon is not built: .*npx likewise build/);
    const use = likewise('similarity', '--model', tinyModel, 'a', 'b');
    expect(use.status).toBe(1);
    expect(use.stderr).toMatch(/^likewise: the native addon is not built: .* \[LIKEWISE_ADDON\]\n$/);
  });

  it('`npx likewise build` builds it there, and the first use works', (context) => {
    if (unreachable) context.skip();
    const built = run('npx', ['--no-install', 'likewise', 'build'], project, 500_000);
    expect(built).toMatchObject({ status: 0, stdout: expect.stringMatching(/likewise: built .* MiB\) in /) });
    const script = `
      const { SentenceEncoder } = await import('likewise');
      const encoder = await SentenceEncoder.load(${JSON.stringify(tinyModel)});
      const vector = await encoder.encode('the cat');
      console.log(vector.length, vector.some((value) => value !== 0), vector.every(Number.isFinite));`;
    const { stdout, stderr } = node('--input-type=module', '--eval', script);
    expect({ stdout, stderr }).toEqual({ stdout: '32 true true\n', stderr: '' });
  }, 600_000);

  it('there is nothing to do then; what is not sound or not current is built again', (context) => {
    if (unreachable || process.platform === 'win32') context.skip();
    const build = (...args: string[]) =>
      run(process.execPath, [cli, 'build', ...args], project, 100_000, { CXX: 'no-such-compiler' });
    const nothing = {
      status: 0,
      stdout: expect.stringMatching(/nothing to do: .* is sound and current; --force/),
    };
    const tried = { status: 1, stderr: expect.stringContaining('no C++ compiler: "no-such-compiler"') };
    expect(build()).toMatchObject(nothing);
    expect(build('--force')).toMatchObject(tried);
    const installed = join(project, 'node_modules', 'likewise');
    for (const [name, damage] of [
      ['build/Release/likewise.node', (bytes: Buffer) => bytes.subarray(0, 100_000)],
      ['native/ops.def', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\n')])],
    ] as const) {
      const bytes = readFileSync(join(installed, name));
      writeFileSync(join(installed, name), damage(bytes));
      expect(build(), name).toMatchObject(tried);
      writeFileSync(join(installed, name), bytes);
      expect(build(), name).toMatchObject(nothing);
    }
  });

  it('a build that fails leaves the addon that works', (context) => {
    if (unreachable || process.platform === 'win32') context.skip();
    const addon = join(project, 'node_modules', 'likewise', 'build', 'Release', 'likewise.node');
    const before = statSync(addon);
    const compiler = join(folder, 'broken-compiler');
    const probes = '*--version*|*-fsyntax-only*) exec g++ "$@" ;;';
    writeFileSync(compiler, `#!/bin/sh\ncase "$*" in ${probes} *) exit 1 ;; esac\n`, { mode: 0o755 });
    const built = run(process.execPath, [cli, 'build', '--force'], project, 100_000, { CXX: compiler });
    expect(built.status).toBe(1);
    expect(built.stderr).toMatch(
      /could not be built: .* the one built before is still in its place \[LIKEWISE_ADDON\]/,
    );
    expect(statSync(addon)).toMatchObject({ ino: before.ino, size: before.size, mtimeMs: before.mtimeMs });
    const use = likewise('similarity', '--model', tinyModel, 'a', 'a');
    expect(use).toMatchObject({ status: 0, stdout: expect.stringMatching(/1\.0000/) });
  });
});
