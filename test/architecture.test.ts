// The rules of the house that a machine can check: who may import whom, who may touch the addon and the environment,
// how long a file may be, and that no kernel object shares code with the baseline.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');

/** Folders of src, each after those it may import from. Rooms on one line may not import one another. */
const ranks = [
  ['errors'],
  ['options'],
  ['native'],
  ['tensor'],
  ['autograd'],
  ['ops'],
  ['nn'],
  ['optim', 'tokenizer'],
  ['io'],
  ['data'],
  ['objectives'],
  ['embed'],
  ['search'],
  ['generate'],
  ['eval'],
  ['report'],
  ['train'],
  ['tasks'],
  ['jobs', 'server', 'adapters'],
  ['cli', 'index', 'kernels', 'training'],
];

function filesUnder(folder: string, pattern: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => pattern.test(name) && !/(^|\/)build\//.test(name))
    .map((name) => join(folder, name));
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sources = filesUnder('src', /\.ts$/);

/** The room of a file: its folder under src, or its own name for a file directly in src. */
function roomOf(file: string): string {
  const [first = '', ...rest] = relative('src', file).split('/');
  return rest.length > 0 ? first : first.replace(/\.ts$/, '');
}

const rankOf = (room: string) => ranks.findIndex((rooms) => rooms.includes(room));

/** Every specifier that a file imports, also types and import(). */
function importsOf(file: string): string[] {
  const patterns = [/\bfrom\s+'([^']+)'/g, /\bimport\(\s*'([^']+)'\s*\)/g, /^import\s+'([^']+)'/gm];
  const code = read(file).replace(/^\s*(\/\/|\/?\*).*$/gm, ''); // examples in comments import too
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

test('every room has a rank', () => {
  expect(sources.length).toBeGreaterThan(20);
  expect(sources.filter((file) => rankOf(roomOf(file)) < 0)).toEqual([]);
});

test('a file imports only from an earlier rank or its own folder', () => {
  const offences: string[] = [];
  for (const file of sources) {
    for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
      const target = relative(root, join(root, dirname(file), specifier));
      const [own, other] = [roomOf(file), roomOf(target)];
      if (own !== other && rankOf(other) >= rankOf(own)) offences.push(`${file} imports ${target}`);
      if (!specifier.endsWith('.ts')) offences.push(`${file} imports ${specifier} without .ts`);
      if (!existsSync(join(root, target))) offences.push(`${file} imports ${target}, which does not exist`);
    }
  }
  expect(offences).toEqual([]);
});

test('a task imports neither another task nor the list of them', () => {
  const taskOf = (file: string) => /^src\/tasks\/([^/]+)\//.exec(file)?.[1];
  const offences: string[] = [];
  for (const file of sources.filter((each) => taskOf(each) !== undefined)) {
    for (const specifier of importsOf(file).filter((name) => name.startsWith('.'))) {
      const target = relative(root, join(root, dirname(file), specifier));
      if (roomOf(target) === 'tasks' && taskOf(target) !== taskOf(file))
        offences.push(`${file} imports ${target}`);
    }
  }
  expect(offences).toEqual([]);
  expect(sources.filter((file) => taskOf(file) !== undefined)).not.toEqual([]);
});

test('no files import one another in a circle, types included', () => {
  const imports = new Map(
    sources.map((file) => [
      file,
      importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(root, join(root, dirname(file), name))),
    ]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]) => {
    const at = path.indexOf(file);
    if (at >= 0) circles.push([...path.slice(at), file].join(' -> '));
    if (at >= 0 || done.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of sources) visit(file, []);
  expect(circles).toEqual([]);
});

test('only src/native loads the addon', () => {
  const touching = sources.filter((file) =>
    /likewise\.node|process\.dlopen|createRequire\([^)]*\)\(/.test(read(file)),
  );
  expect(touching.map(roomOf).filter((room) => room !== 'native')).toEqual([]);
  expect(touching).not.toEqual([]);
});

test('the environment is read only by src/native and the command line', () => {
  const readers = sources.filter((file) => read(file).includes('process.env'));
  expect(readers.filter((file) => !['native', 'cli'].includes(roomOf(file)))).toEqual([]);
});

test('a dependency is imported only where it is declared, and declared only if it is imported', () => {
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  const imported = new Set(sources.flatMap(importsOf).filter((name) => !/^(\.|node:|likewise$)/.test(name)));
  const atBuildTime = ['node-addon-api', 'node-gyp'];
  expect([...imported].sort()).toEqual(
    Object.keys(dependencies)
      .filter((name) => !atBuildTime.includes(name))
      .sort(),
  );
});

test('what is imported only when it is asked for is an optional peer', () => {
  const { peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json')) as {
    peerDependencies: Record<string, string>;
    peerDependenciesMeta: Record<string, { optional: boolean }>;
  };
  const asked = sources.flatMap((file) =>
    [...read(file).matchAll(/importOptional\(\s*\[([^\]]*)\]/g)].flatMap(([, names = '']) =>
      [...names.matchAll(/'((?:@[\w.-]+\/)?[\w.-]+)[^']*'/g)].map(([, name = '']) => name),
    ),
  );
  expect(Object.keys(peerDependencies).sort()).toEqual([...new Set(asked)].sort());
  expect(Object.values(peerDependenciesMeta).every(({ optional }) => optional)).toBe(true);
});

test('only native/addon knows about Node', () => {
  const native = filesUnder('native', /\.(cpp|h)$/).filter((file) =>
    /\b(napi|node_api|uv|v8)\.h\b/.test(read(file)),
  );
  expect(native.filter((file) => !file.startsWith('native/addon/'))).toEqual([]);
});

test('backends never include one another', () => {
  const rooms = ['reference', 'cpu', 'cuda', 'mock'];
  const offences: string[] = [];
  for (const room of rooms) {
    const others = rooms.filter((other) => other !== room).join('|');
    for (const file of filesUnder(`native/${room}`, /\.(cpp|h|cu)$/)) {
      if (new RegExp(`#include "[^"]*(^|/|")(${others})/`).test(read(file))) offences.push(file);
    }
  }
  expect(offences).toEqual([]);
});

test('kernels include no standard header whose inline functions could leak their instructions', () => {
  const allowed = /^(immintrin\.h|arm_neon\.h|stdint\.h|stddef\.h|simde\/.*)$/;
  const offences: string[] = [];
  for (const file of filesUnder('native/cpu', /\.(cpp|h)$/)) {
    for (const [, header = ''] of read(file).matchAll(/#include <([^>]+)>/g)) {
      if (!allowed.test(header)) offences.push(`${file} includes <${header}>`);
    }
  }
  expect(offences).toEqual([]);
});

test('no object of a kernel has a weak symbol', () => {
  const objects = filesUnder('build/Release/obj.target', /\/cpu\/kernels\/.+\.o$/);
  if (!existsSync(join(root, 'build'))) throw new Error('the addon is not built; run npm run build:addon');
  const tables = process.arch === 'x64' ? ['avx2', 'avx512', 'avx512_vnni', 'avx512_bf16', 'amx'] : [];
  for (const table of tables) {
    expect(
      objects.filter((object) => object.includes(`/kernels_${table}/`)),
      table,
    ).not.toEqual([]);
  }
  const offences: string[] = [];
  for (const object of objects) {
    const nm = spawnSync('nm', ['--defined-only', join(root, object)], { encoding: 'utf8' });
    if (nm.status !== 0) throw new Error(`nm ${object}: ${nm.error ?? nm.stderr}`);
    for (const [line] of nm.stdout.matchAll(/^\S* [WwVvu] .*$/gm)) offences.push(`${object}: ${line}`);
  }
  expect(offences).toEqual([]);
});

test.each([
  ['src', /\.ts$/, 300],
  ['test', /\.ts$/, 400],
  ['native', /\.(cpp|h)$/, 400],
  ['scripts', /\.mjs$/, 300],
])('no file in %s is longer than it can be read at once', (folder, pattern, lines) => {
  const long = filesUnder(folder, pattern).filter((file) => read(file).split('\n').length > lines + 1);
  expect(long).toEqual([]);
});

test('every file says first what it is for; a .cpp beside its header need not repeat it', () => {
  const hasHeader = (file: string) =>
    file.endsWith('.cpp') && existsSync(join(root, file.replace(/cpp$/, 'h')));
  const native = filesUnder('native', /\.(cpp|h)$/).filter((file) => !hasHeader(file));
  const files = [...sources, ...filesUnder('test', /\.ts$/), ...native];
  expect(files.filter((file) => !/^(#!.*\n)?\/\/ /.test(read(file)))).toEqual([]);
});
