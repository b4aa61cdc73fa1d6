// `npm run build`, and `prepare`, which npm runs before it packs: dist holds what src compiles to, and nothing older.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-file.ts';

const root = join(import.meta.dirname, '..', '..');

test.each(['build', 'prepare'])('npm run %s leaves no module in dist that src no longer has', (script) => {
  const folder = temporaryFolder();
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) {
    copyFileSync(join(root, name), join(folder, name));
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const name of ['src', 'dist/gone']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'src', 'kept.ts'), 'export const kept = 1;\n');
  writeFileSync(join(folder, 'dist', 'gone', 'module.js'), 'export const gone = 1;\n');
  const { status, stdout, stderr } = spawnSync('npm', ['run', script], { cwd: folder, encoding: 'utf8' });
  expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
  expect(readdirSync(join(folder, 'dist')).sort()).toEqual(['kept.d.ts', 'kept.js']);
});
