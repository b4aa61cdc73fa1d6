// `likewise vocab`: the files, the summary, the same bytes for the same texts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { temporaryFile, temporaryFolder } from '../temporary-file.ts';
import { runCli } from './run-cli.ts';

const lines = Array.from(
  { length: 200 },
  (_, i) => `The cat number ${i} sat on mat ${i % 7}, running and played.`,
);

test('a vocabulary of the size asked for, the same from the same texts', async () => {
  const input = temporaryFile('texts.txt', `${lines.join('\n')}\n`);
  const reversed = temporaryFile(
    'reversed.jsonl',
    lines
      .toReversed()
      .map((text) => `${JSON.stringify({ text })}\n`)
      .join(''),
  );
  const outputs = [join(temporaryFolder(), 'tokenizer'), temporaryFolder()] as const;
  const args = ['vocab', '--size', '90', '--type', 'wordpiece'];
  const { code, stdout, stderr } = await runCli([
    ...args,
    '--input',
    input,
    '--output',
    outputs[0],
    '--json',
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({ size: 90, texts: 200, type: 'wordpiece', output: outputs[0] });
  const text = await runCli([...args, '--input', reversed, '--output', outputs[1]]);
  expect(text.stdout).toMatch(/^90 tokens from \d+ different words of 200 texts in [\d.]+ s\n/);
  for (const name of ['vocab.txt', 'tokenizer.json', 'tokenizer_config.json']) {
    const [first, second] = outputs.map((folder) => readFileSync(join(folder, name), 'utf8'));
    expect(second).toBe(first);
  }
  const vocabulary = readFileSync(join(outputs[0], 'vocab.txt'), 'utf8').split('\n');
  expect(vocabulary.slice(0, 5)).toEqual(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']);
  expect(vocabulary).toContain('number');

  const again = await runCli([...args, '--input', input, '--output', outputs[0]]);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/tokenizer\.json is there already.* \[LIKEWISE_FILE\]\n$/);
  expect((await runCli([...args, '--input', input, '--output', outputs[0], '--overwrite'])).code).toBe(0);
});

test('fewer tokens than were asked for come with a note', async () => {
  const input = temporaryFile('texts.txt', `${lines.join('\n')}\n`);
  const args = ['vocab', '--input', input, '--output', temporaryFolder(), '--size', '8000'];
  const { code, notes, stdout } = await runCli(args);
  const [, size = ''] = /^([\d,]+) tokens from/.exec(stdout) ?? [];
  expect([code, notes]).toEqual([
    0,
    [expect.stringContaining(`note: ${size} tokens are all that these texts give, of the 8,000 asked for`)],
  ]);
});

test('what cannot be trained says why and writes nothing', async () => {
  const output = join(temporaryFolder(), 'none');
  const input = temporaryFile('texts.txt', 'abc\n');
  const small = await runCli(['vocab', '--input', input, '--output', output, '--size', '6']);
  expect(small).toMatchObject({ code: 2, stdout: '' });
  expect(small.stderr).toMatch(/size of at least 10.* received 6.*\[LIKEWISE_ARGUMENT\]/);
  const empty = await runCli(['vocab', '--input', temporaryFile('e.txt', '\n \n'), '--output', output]);
  expect(empty.stderr).toMatch(/expected texts with words but found none \[LIKEWISE_DATA\]/);
  const bpe = ['vocab', '--input', input, '--output', output, '--type', 'bpe'];
  for (const [option, message] of [
    ['--cased', /--cased is for wordpiece: bpe always keeps case/],
    ['--alphabet=9', /--alphabet is for wordpiece: the alphabet of bpe is the 256 bytes/],
    ['--size=260', /size of at least 261/],
  ] as const) {
    const refused = await runCli([...bpe, option]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(message);
  }
  const missing = await runCli(['vocab', '--input', `${input}x`, '--output', output]);
  expect(missing.stderr).toMatch(/does not exist.*\[LIKEWISE_FILE\]/);
  expect(existsSync(output)).toBe(false);
});

test('byte-level BPE, of a folder with compressed files too', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.txt'), lines.slice(0, 100).join('\n'));
  writeFileSync(join(folder, 'b.txt.gz'), gzipSync(lines.slice(100).join('\n')));
  const whole = temporaryFile('texts.txt', lines.join('\n'));
  const outputs = [join(temporaryFolder(), 'bpe'), join(temporaryFolder(), 'bpe')] as const;
  const args = ['vocab', '--type', 'bpe', '--size', '300', '--json', '--output'];
  const { code, stdout } = await runCli([...args, outputs[0], '--input', folder]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ size: 300, texts: 200, type: 'bpe', forgotten: 0 });
  await runCli([...args, outputs[1], '--input', whole]);
  for (const name of ['vocab.json', 'merges.txt', 'tokenizer.json', 'tokenizer_config.json']) {
    const [first, second] = outputs.map((output) => readFileSync(join(output, name), 'utf8'));
    expect(second).toBe(first);
  }
  const vocabulary = JSON.parse(readFileSync(join(outputs[0], 'vocab.json'), 'utf8')) as Record<
    string,
    number
  >;
  expect(vocabulary).toMatchObject({ '<s>': 0, '<pad>': 1, '</s>': 2, '<unk>': 3, '<mask>': 4, '!': 5 });
  expect(readFileSync(join(outputs[0], 'merges.txt'), 'utf8')).toMatch(/^#version: 0\.2\n(\S+ \S+\n){39}$/);

  const twice = await runCli([...args, outputs[0], '--input', whole]);
  expect(twice.code).toBe(1);
  expect(twice.stderr).toMatch(/tokenizer\.json is there already/);
});
