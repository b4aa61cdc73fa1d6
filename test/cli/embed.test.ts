// `likewise embed`: rows in order, both outputs, the summary, and nothing left behind after a failure or a signal.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readNpy } from '../../src/io/npy.ts';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';
import { embedStdin, runCli, tinyModel } from './run-cli.ts';

const dimension = 32;

/** Embeds a corpus and gives the vectors, as rows, with what was printed. */
async function embed(name: string, content: string, extra: string[] = []) {
  const folder = temporaryFolder();
  const [input, output] = [join(folder, name), join(folder, 'vectors.npy')];
  writeFileSync(input, content);
  const result = await runCli([
    'embed',
    '--model',
    tinyModel,
    '--input',
    input,
    '--output',
    output,
    ...extra,
  ]);
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  const { shape, data } = await readNpy(output);
  const rows = Array.from({ length: shape[0] as number }, (_, row) => [
    ...(data as Float32Array).subarray(row * (shape[1] as number), (row + 1) * (shape[1] as number)),
  ]);
  expect(readdirSync(folder).sort()).toEqual([name, 'vectors.npy'].sort());
  return { rows, shape, stdout: result.stdout };
}

test('a row per line, in order, the same for the same text wherever it stands', async () => {
  const { rows, shape, stdout } = await embed('c.txt', 'the cat\n\na dog\nthe cat\n');
  expect(shape).toEqual([4, dimension]);
  expect(rows[3]).toEqual(rows[0]);
  expect(rows[2]).not.toEqual(rows[0]);
  expect(rows[1]).not.toEqual(rows[0]);
  expect(stdout).toMatch(/^4 texts \(1 empty, 0 truncated\), \d+ tokens in [\d.]+ s: [\d.,]+ texts\/s/);
});

test('every format gives the same vectors', async () => {
  const { rows } = await embed('c.txt', 'the cat\na dog\n');
  expect((await embed('c.jsonl', '{"text": "the cat"}\n"a dog"\n')).rows).toEqual(rows);
  expect((await embed('c.jsonl', '{"t": "the cat"}\n{"t": "a dog"}', ['--text-field', 't'])).rows).toEqual(
    rows,
  );
  expect((await embed('c.csv', 'id,text\n1,"the cat"\n2,a dog\n')).rows).toEqual(rows);
  expect((await embed('c.tsv', '1\tthe cat\n2\ta dog\n', ['--text-field', '2'])).rows).toEqual(rows);
  expect((await embed('c.dat', 'the cat\na dog\n', ['--format', 'txt'])).rows).toEqual(rows);
});

test('a blank last line of a table is no text, and is counted', async () => {
  const { rows } = await embed('c.txt', 'the cat\na dog\n');
  for (const [name, content] of [
    ['c.csv', 'id,text\n1,the cat\n2,a dog\n\n'],
    ['c.tsv', 'id\ttext\n1\tthe cat\n2\ta dog\n\n'],
    ['c.jsonl', '"the cat"\n"a dog"\n\n'],
  ] as const) {
    const read = await embed(name, content);
    expect(read.rows).toEqual(rows);
    expect(read.stdout).toMatch(/^2 texts \(0 empty, 0 truncated; 1 blank line left out\)/);
  }
});

test('what a killed run left goes with the next one of that output', async () => {
  const folder = temporaryFolder();
  const output = join(folder, 'v.npy');
  const temporary = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'));
  const killed = await runCli([...embedStdin, '--output', output], {
    started: (child) => {
      child.stdin?.write('the cat\n');
      const watch = setInterval(() => {
        if (temporary().length === 0) return;
        clearInterval(watch);
        child.kill('SIGKILL');
      }, 10);
    },
  });
  expect([killed.code, temporary().length]).toEqual([null, 1]);
  expect((await runCli([...embedStdin, '--output', output], { input: 'the cat\n' })).code).toBe(0);
  expect(readdirSync(folder)).toEqual(['v.npy']);
});

test('an empty corpus gives an array of no rows', async () => {
  const { shape, stdout } = await embed('c.txt', '');
  expect(shape).toEqual([0, dimension]);
  expect(stdout).toMatch(/^0 texts/);
});

test('--truncate-dim, --normalize and --pooling change the vectors', async () => {
  const length = (row: number[] | undefined) => Math.hypot(...(row ?? []));
  const plain = await embed('c.txt', 'the cat\n', ['--no-normalize']);
  const unit = await embed('c.txt', 'the cat\n', ['--normalize', '--truncate-dim', '8']);
  const cls = await embed('c.txt', 'the cat\n', ['--no-normalize', '--pooling', 'cls']);
  expect(length(plain.rows[0])).not.toBeCloseTo(1, 3);
  expect(unit.shape).toEqual([1, 8]);
  expect(length(unit.rows[0])).toBeCloseTo(1, 5);
  expect(cls.rows).not.toEqual(plain.rows);
});

test('--json prints one object, JSON lines hold the same float32 numbers, stdin is read', async () => {
  const { rows } = await embed('c.txt', 'the cat\na dog\n');
  const output = join(temporaryFolder(), 'v.jsonl');
  const args = [...embedStdin, '--output', output, '--json'];
  const { code, stdout } = await runCli(args, { input: 'the cat\na dog' });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ texts: 2, empty: 0, truncated: 0, dimension, output });
  const lines = readFileSync(output, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as number[]).map(Math.fround))).toEqual(rows);
});

test('truncated texts are counted', async () => {
  const { stdout } = await embed('c.txt', `the cat\n${'cat '.repeat(500)}\n`);
  expect(stdout).toMatch(/^2 texts \(0 empty, 1 truncated\)/);
});

test('a row that cannot be parsed leaves no output', async () => {
  const folder = temporaryFolder();
  const input = temporaryFile('c.jsonl', '{"text": "x"}\n{"text": 1}\n');
  const { code, stdout, stderr } = await runCli([
    ...['embed', '--model', tinyModel, '--input', input, '--output', join(folder, 'v.npy')],
  ]);
  expect(code).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /^likewise: .*c\.jsonl:2: expected field "text" to be a string .* \[LIKEWISE_DATA\]\n$/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('what the model folder left open is said on stderr, a line each', async () => {
  const input = temporaryFile('c.txt', 'x\n');
  const args = ['embed', '--model', tinyModel, '--input', input];
  const { code, notes, stderr } = await runCli([...args, '--output', join(temporaryFolder(), 'v.npy')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(notes).toEqual([
    expect.stringMatching(/^note: .*bert-two-layers' has no modules\.json: mean pooling is assumed/),
  ]);
});

test('an output that cannot be written is one line', async () => {
  const input = temporaryFile('c.txt', 'x\n');
  const missing = join(temporaryFolder(), 'missing', 'v.npy');
  const { code, stderr } = await runCli([
    'embed',
    '--model',
    tinyModel,
    '--input',
    input,
    '--output',
    missing,
  ]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^likewise: cannot write .*: its folder '.*missing' does not exist.*ENOENT.* \[LIKEWISE_FILE\]\n$/,
  );
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  '%s while texts are awaited removes the temporary file and exits with %i',
  async (signal, exitCode) => {
    const folder = temporaryFolder();
    const args = [...embedStdin, '--output', join(folder, 'v.npy')];
    const { code, stdout, stderr } = await runCli(args, {
      started(child) {
        child.stdin?.write('the cat\n'.repeat(100)); // and then nothing more
        const poll = setInterval(() => {
          if (readdirSync(folder).length === 0) return; // until the output has been started
          clearInterval(poll);
          child.kill(signal);
        }, 20);
      },
    });
    expect(code).toBe(exitCode);
    expect(stdout).toBe('');
    expect(stderr).toBe(`likewise: stopped by ${signal}; unfinished output was removed [LIKEWISE_ABORTED]\n`);
    expect(readdirSync(folder)).toEqual([]);
  },
);
