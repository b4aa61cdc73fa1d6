// `likewise fill-mask`: what it prints, as text and as JSON, and what it refuses.

import { expect, test } from 'vitest';
import { sharedPath } from '../shared-folder.ts';
import { runCli, tinyModel } from './run-cli.ts';

const minilm = sharedPath('models', 'minilm-l6-mlm') ?? '';
const text = 'Paris is the [MASK] of France.';

test.skipIf(minilm === '')('words by probability, as lines and as JSON', async () => {
  const lines = await runCli(['fill-mask', '--model', minilm, text, '--top', '2']);
  expect({ code: lines.code, stderr: lines.stderr }).toEqual({ code: 0, stderr: '' });
  expect(lines.stdout).toBe(`${text}\n  0.0351  world\n  0.0229  middle\n`);
  const json = await runCli(['fill-mask', '--model', minilm, text, '--top', '5', '--json']);
  const { model, results } = JSON.parse(json.stdout);
  expect(model).toBe(minilm);
  expect(results[0].text).toBe(text);
  expect(results[0].masks[0].map(({ word }: { word: string }) => word)).toEqual([
    'world',
    'middle',
    'country',
    'state',
    'part',
  ]);
});

test.each([
  [['fill-mask', '--model', tinyModel, 'the [MASK]'], 'LIKEWISE_MODEL', /masked language head/],
  [['fill-mask', '--model', tinyModel, '--top', '0', 'the [MASK]'], 'LIKEWISE_', /whole number from 1/],
  [['fill-mask', '--model', tinyModel], 'LIKEWISE_', /texts/],
])('refuses %j', async (given, errorCode, message) => {
  const { code, stdout, stderr } = await runCli(given);
  expect({ code: code !== 0, stdout }).toEqual({ code: true, stdout: '' });
  expect(stderr).toContain(errorCode);
  expect(stderr).toMatch(message);
});
