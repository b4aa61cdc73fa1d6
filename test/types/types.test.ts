// dist's declarations as a user's compiler sees them, through the exports map, under NodeNext and strict.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const compiler = join(
  dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin',
  'tsc',
);

test('a consumer compiles, and what should not compile does not', () => {
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-p', import.meta.dirname], {
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
