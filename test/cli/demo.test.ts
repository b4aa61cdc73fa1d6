// The demo, cut short: everything it does but most of the training.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../temporary-file.ts';

test('a few steps from a random model to the report', async () => {
  const folder = join(temporaryFolder(), 'out');
  const script = join(import.meta.dirname, '..', '..', 'demo', 'demo.mjs');
  const child = spawn(process.execPath, [script, '3', folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(printed).toMatch(/WordNet: 117791 definitions, \d+ of them held out/);
  expect(printed).toMatch(
    /random weights finds the word of a held-out definition: first [\d.]+ %, among ten/,
  );
  expect(printed).toMatch(/trained: first [\d.]+ %/);
  expect(printed).toMatch(/a tool for cutting: \w+/);
  const page = readFileSync(join(folder, 'report.html'), 'utf8');
  expect(page).toMatch(/<polyline/);
  expect(page.match(/<circle/g)?.length).toBe(640); // 320 definitions, before and after
  expect(page.match(/<section /g)?.length).toBe(8); // a card for each topic
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
  expect(existsSync(join(folder, 'model', 'modules.json'))).toBe(true);
}, 180_000);
