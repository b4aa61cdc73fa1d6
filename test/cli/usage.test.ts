// Help, versions, mistakes on the command line: exit codes, one line on stderr, nothing on stdout.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runCli, tinyModel } from './run-cli.ts';

const commands = [
  [],
  ['embed'],
  ['similarity'],
  ['evaluate'],
  ['evaluate', 'sts'],
  ['train'],
  ['report'],
  ['evaluate', 'space'],
  ['whiten'],
  ['quantize'],
  ['doctor'],
  ['build'],
];

test.each(commands.map((command) => [command]))(
  '%j --help explains itself with an example',
  async (command) => {
    const { code, stdout, stderr } = await runCli([...command, '--help']);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout).toMatch(new RegExp(`^Usage: likewise ${command.join(' ')}`));
    expect(stdout).toMatch(/\nExamples?:\n {2}\$ (npx )?likewise /);
  },
);

test('--version is the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await runCli(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '', notes: [] });
});

test.each([
  [['embd'], "unknown command 'embd' (Did you mean embed?)"],
  [['evaluate', 'st'], "unknown command 'st' (Did you mean sts?)"],
  [['embed', '--modle', 'm'], "unknown option '--modle' (Did you mean --model?)"],
  [['similarity', '--colums', '1,2'], "unknown option '--colums' (Did you mean --columns?)"],
  [['doctor', '--jsn'], "unknown option '--jsn' (Did you mean --json?)"],
  [['embed', '--input'], "option '--input <file>' argument missing"],
  [
    ['embed', '--output', 'v.npy', '--model', 'm'],
    'expected the option --input <file>; see "likewise embed --help"',
  ],
  [
    ['evaluate', 'sts', '--data', 'd.csv'],
    'expected the option --model <folder>; see "likewise evaluate sts --help"',
  ],
  [
    ['evaluate', 'sts', '--model', 'm', '--data', 'd.csv', '--columns', '1,2'],
    'expected three columns, first text, second text and score, as in --columns 1,2,3, but received 1,2',
  ],
  [['train', '--set', 'model=m', 'simcse-unsupervised'], 'name or file comes first, before --set'],
  [
    ['embed', '--threads', '0'],
    "option '--threads <count>' argument '0' is invalid. Expected a whole number from 1.",
  ],
  [['embed', '--threads', '1.5'], "option '--threads <count>' argument '1.5' is invalid."],
  [['embed', '--precision', 'int4'], 'Allowed choices are float32, bfloat16, int8, emulated-bfloat16.'],
  [['embed', '--format', 'xml'], 'Allowed choices are txt, jsonl, csv, tsv.'],
  [['embed', 'corpus.txt'], 'too many arguments'],
  [['similarity', '--model', 'm', 'one text'], 'expected at least two texts, or --input, but received 1'],
  [
    ['similarity', '--model', 'm', '--input', 'p.tsv', 'a', 'b'],
    'expected texts or --input, but received both',
  ],
  [['similarity', '--model', 'm', '--output', 's.tsv', 'a', 'b'], '--output needs --input'],
  [['similarity', '--model', 'm', '--input', 'p.tsv', '--columns', '1,2,3'], 'expected two columns'],
  [['evaluate', 'sts', '--model', 'm', '--data', 'd.csv', '--components', '9'], 'need --whiten'],
  [
    ['evaluate', 'sts', '--model', 'm', '--data', 'd.csv', '--whiten', 'w', '--epsilon', '1'],
    'fitted already',
  ],
  [
    ['embed', '--model', 'm', '--input', 'c.txt', '--output', 'v.jsonl', '--output-precision', 'int8'],
    '.npy for int8',
  ],
  [
    ['embed', '--model', 'm', '--input', 'c.txt', '--output', 'v.npy', '--calibration', 'r.npy'],
    '--calibration is for --output-precision int8 or uint8',
  ],
  [
    ['embed', '--model', 'm', '--input', 'c.txt', '--output', 'v.bin'],
    'expected an output named .npy or .jsonl',
  ],
  [
    ['embed', '--model', 'm', '--input', 'c.txt', '--output', 'v.npy', '--text-field', 't'],
    '--text-field is for jsonl, csv and tsv, but the input is txt',
  ],
  [
    ['embed', '--model', 'm', '--input', 'c.txt', '--output', 'v.npy', '--header'],
    '--header is for csv and tsv, but the input is txt',
  ],
  [
    ['embed', '--model', 'm', '--input', '-', '--format', 'jsonl', '--output', 'v.npy', '--header'],
    '--header is for csv and tsv, but the input is jsonl',
  ],
  [
    ['embed', '--model', tinyModel, '--input', 'c.dat', '--output', '/tmp/v.npy'],
    'does not say what format it has',
  ],
  [
    ['embed', '--model', tinyModel, '--input', 'c.txt', '--output', '/tmp/v.npy', '--pooling', 'men'],
    'expected a pooling',
  ],
])('%j is a usage error', async (args, message) => {
  const { code, stdout, stderr } = await runCli(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^likewise: .* \[LIKEWISE_ARGUMENT\]\n$/);
  expect(stderr).toContain(message);
});

test('a command group without a command shows its help on stderr and fails', async () => {
  for (const args of [[], ['evaluate']]) {
    const { code, stdout, stderr } = await runCli(args);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Usage: likewise/);
  }
});

test('a stack trace is printed only when asked for', async () => {
  const args = ['similarity', '--model', '/does/not/exist', 'a', 'b'];
  const plain = await runCli(args);
  expect(plain.code).toBe(1);
  expect(plain.stderr).toMatch(/^likewise: .*\/does\/not\/exist.* \[LIKEWISE_FILE\]\n$/);
  const debug = await runCli(args, { env: { LIKEWISE_DEBUG: '1' } });
  expect(debug.code).toBe(1);
  expect(debug.stderr).toMatch(/\n\s+at /);
});
