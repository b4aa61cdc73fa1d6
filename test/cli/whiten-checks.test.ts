// What `likewise whiten` refuses before it computes anything: outputs that are inputs under any spelling, outputs that
// cannot be written, options that would be ignored. And the same of the other commands that write.
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkVectorsFit, checkWhiten } from '../../src/cli/options/whiten-checks.ts';
import type { WhitenOptions } from '../../src/cli/options/whiten-options.ts';
import { ArgumentError, FileError } from '../../src/errors.ts';
import { refuseSharedPaths } from '../../src/io/files/output-check.ts';
import { NpyWriter } from '../../src/io/npy.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { embedStdin, runCli, tinyModel } from './run-cli.ts';

/** Options for vectors of a file, in a folder of their own. */
async function vectorsOptions(): Promise<{ folder: string; options: WhitenOptions & { vectors: string } }> {
  const folder = temporaryFolder();
  const vectors = join(folder, 'v.npy');
  const writer = await NpyWriter.create(vectors, 2);
  await writer.append(Float32Array.of(1, 2, 3, 5, 8, 1, 0, 4));
  await writer.commit();
  return { folder, options: { vectors, output: join(folder, 'out') } };
}

describe('an output that is an input', () => {
  test('is refused under any spelling', async () => {
    const { folder, options } = await vectorsOptions();
    const link = join(folder, 'link.npy');
    symlinkSync(options.vectors, link);
    symlinkSync(folder, join(folder, 'here'));
    const spellings = [
      options.vectors,
      relative(process.cwd(), options.vectors),
      join(folder, 'none', '..', 'v.npy'),
      link,
      join(folder, 'here', 'v.npy'),
    ];
    for (const transformed of spellings) {
      const checked = checkWhiten({ ...options, transformed });
      await expectError(checked, ArgumentError, /--transformed to name a different place than --vectors/);
    }
    const model = { model: folder, output: join(folder, 'here'), overwrite: true, vectors: options.vectors };
    await expectError(checkWhiten(model), ArgumentError, /--output to name a different place than --model/);
    const holds = { ...options, output: folder, overwrite: true };
    await expectError(checkWhiten(holds), ArgumentError, /a separate folder but .* holds --vectors/);
    const inside = { ...options, transformed: join(options.output, 'white.npy') };
    await expectError(checkWhiten(inside), ArgumentError, /a separate folder but .* holds --transformed/);
  });

  test('is told from one that only looks like it', async () => {
    const { folder, options } = await vectorsOptions();
    await refuseSharedPaths(
      { '--output': `${options.vectors}2`, '--transformed': undefined },
      { '--input': '-', '--vectors': options.vectors, '--model': join(folder, 'v') },
    );
    await checkWhiten({ ...options, transformed: join(folder, 'white.npy') });
    expect(readdirSync(folder)).toEqual(['v.npy']);
  });

  test('is refused by embed, evaluate space and whiten, and left as it is', async () => {
    const { folder, options } = await vectorsOptions();
    const rows = join(folder, 'texts.jsonl');
    writeFileSync(rows, '"the cat"\n');
    const before = readFileSync(options.vectors);
    const model = ['--model', tinyModel];
    for (const args of [
      ['embed', ...model, '--input', rows, '--output', rows],
      ['evaluate', 'space', ...model, '--data', rows, '--report', rows, '--format', 'csv'],
      [
        'whiten',
        '--vectors',
        options.vectors,
        '--output',
        join(folder, 'w'),
        '--transformed',
        options.vectors,
      ],
    ]) {
      const { code, stdout, stderr } = await runCli(args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(
        /to name a different place than --(input|data|vectors), which it would overwrite/,
      );
    }
    expect(readFileSync(rows, 'utf8')).toBe('"the cat"\n');
    expect(readFileSync(options.vectors)).toEqual(before);
    expect(readdirSync(folder).sort()).toEqual(['texts.jsonl', 'v.npy']);
  });
});

describe('an output that is a part of an input', () => {
  test('is refused by whiten, through a link too, and what is new there is not', async () => {
    const { folder, options } = await vectorsOptions();
    const [model, blob] = [join(folder, 'model'), join(folder, 'blob')];
    mkdirSync(model);
    writeFileSync(blob, 'weights');
    symlinkSync(blob, join(model, 'linked.npy'));
    writeFileSync(join(model, 'model.safetensors'), 'weights');
    for (const name of ['model.safetensors', 'linked.npy']) {
      const checked = checkWhiten({ ...options, model, transformed: join(model, name) });
      await expectError(
        checked,
        ArgumentError,
        /--transformed to name a place outside --model, or a new one/,
      );
    }
    await checkWhiten({ ...options, model, transformed: join(model, 'new.npy') });
  });

  test('is refused by evaluate space', async () => {
    const { folder, options } = await vectorsOptions();
    const data = join(folder, 'pairs.csv');
    writeFileSync(data, 'the cat,a dog,1\na dog,the cat,3\n');
    expect((await runCli(['whiten', '--vectors', options.vectors, '--output', options.output])).code).toBe(0);
    const report = join(options.output, 'whitening.safetensors');
    const before = readFileSync(report);
    const given = ['evaluate', 'space', '--model', tinyModel, '--data', data];
    for (const [option, args] of [
      ['whiten', ['--whiten', options.output, '--report', report]],
      ['model', ['--report', join(tinyModel, 'config.json')]],
    ] as const) {
      const { code, stderr } = await runCli([...given, ...args]);
      expect([code, stderr]).toEqual([2, expect.stringMatching(`a place outside --${option}, or a new one`)]);
    }
    expect(readFileSync(report)).toEqual(before);
  });
});

describe('an output that cannot be written', () => {
  test('is told before anything is computed', async () => {
    const { folder, options } = await vectorsOptions();
    mkdirSync(join(folder, 'taken'));
    const missing = { ...options, transformed: join(folder, 'none', 'white.npy') };
    await expectError(checkWhiten(missing), FileError, /folder '.*none' does not exist/);
    const below = { ...options, transformed: join(options.vectors, 'white.npy') };
    await expectError(checkWhiten(below), FileError, /cannot write '/);
    const isFolder = { ...options, transformed: join(folder, 'taken') };
    await expectError(checkWhiten(isFolder), FileError, /taken': it is a folder/);
    const orphan = { ...options, output: join(folder, 'none', 'out') };
    await expectError(
      checkWhiten(orphan),
      FileError,
      /the folder that it should be in does not exist; create it/,
    );
    writeFileSync(join(folder, 'taken', 'diary.txt'), '');
    const busy = { ...options, output: join(folder, 'taken') };
    await expectError(checkWhiten(busy), FileError, /the folder is not empty/);
    await expectError(
      checkWhiten({ ...busy, overwrite: true }),
      FileError,
      /neither .* model .* nor a whitening/,
    );
    symlinkSync(join(folder, 'none'), join(folder, 'link'));
    const dangling = { ...options, output: join(folder, 'link') };
    await expectError(checkWhiten(dangling), FileError, /link': it is a link to nothing/);
    expect(readdirSync(folder).sort()).toEqual(['link', 'taken', 'v.npy']);
  });

  test('leaves no folder behind, and a whitening is replaced only with --overwrite', async () => {
    const { folder, options } = await vectorsOptions();
    const args = ['whiten', '--vectors', options.vectors, '--output', options.output];
    const refused = await runCli([...args, '--transformed', join(folder, 'none', 'white.npy')]);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/does not exist.*\[LIKEWISE_FILE\]\n$/);
    expect(existsSync(options.output)).toBe(false);
    expect((await runCli(args)).code).toBe(0);
    const again = await runCli(args);
    expect([again.code, again.stderr]).toEqual([1, expect.stringMatching(/the folder is not empty/)]);
    expect((await runCli([...args, '--overwrite', '--components', '1'])).stdout).toContain('1 kept');
  });
});

test.each([
  [{ fold: true }, /--fold needs --model/],
  [{ again: true }, /--again needs --model/],
  [
    { model: 'm', transformationOnly: true, fold: true },
    /--fold needs --model, and no --transformation-only/,
  ],
  [{ normalize: false }, /--no-normalize needs --model or --transformed/],
  [{ pooling: 'cls' }, /--pooling needs --model/],
  [{ textField: 'text' }, /--text-field needs --input/],
  [{ model: 'm', maxLength: 9 }, /--max-length needs --input/],
  [{ transformed: '-' }, /--transformed to name a .npy but received -/],
  [{ variant: 'pca', epsilon: 1 }, /no epsilon with variant pca/],
  [{ vectors: undefined, model: 'm', input: 'c.txt', textField: 'a' }, /--text-field is for jsonl, csv/],
  [{ vectors: undefined, model: 'm', input: 'c.txt', header: true }, /--header is for csv and tsv/],
  [{ rcond: 1 }, /rcond, a share of the largest eigenvalue, from 0 to less than 1 but received 1/],
  [{ variant: 'remove_top' as 'pca' }, /a variant of whitening, zca, pca, remove-top/],
] as [Partial<WhitenOptions>, RegExp][])('%j is refused', async (given, message) => {
  const { folder, options } = await vectorsOptions();
  await expectError(checkWhiten({ ...options, ...given }), ArgumentError, message);
  expect(readdirSync(folder)).toEqual(['v.npy']);
});

test('vectors of another dimension than the model are refused before the fit', async () => {
  const { options } = await vectorsOptions();
  await checkVectorsFit(options.vectors, 'm', 2);
  const other = checkVectorsFit(options.vectors, 'm', 32);
  await expectError(other, ArgumentError, /--vectors of 32 components, as --model 'm' gives, but .* have 2/);
});

test('a whitening of another dimension, and options of a fit, are refused before a text is read', async () => {
  const { folder, options } = await vectorsOptions();
  expect((await runCli(['whiten', '--vectors', options.vectors, '--output', options.output])).code).toBe(0);
  const data = join(folder, 'pairs.csv');
  writeFileSync(data, 'the cat,a dog,1\na dog,the cat,no number\n');
  const given = ['--model', tinyModel, '--data', data];
  const sts = await runCli(['evaluate', 'sts', ...given, '--whiten', options.output]);
  expect([sts.code, sts.stderr]).toEqual([
    2,
    expect.stringMatching(
      /fitted on vectors of 32 components, as --model gives, but that of '.*out' takes 2/,
    ),
  ]);
  const many = await runCli(['evaluate', 'sts', ...given, '--whiten', options.output, '--components', '3']);
  expect([many.code, many.stderr]).toEqual([2, expect.stringMatching(/components from 1 to 2/)]);
  const rcond = await runCli(['evaluate', 'space', ...given, '--rcond', '2']);
  expect([rcond.code, rcond.stderr]).toEqual([2, expect.stringMatching(/less than 1 but received 2/)]);
});

test('more components than the model has are refused before a text is read', async () => {
  const folder = temporaryFolder();
  const [corpus, data] = [join(folder, 'corpus.jsonl'), join(folder, 'pairs.csv')];
  writeFileSync(corpus, 'no JSON\n');
  writeFileSync(data, 'the cat,a dog,1\na dog,the cat,no number\n');
  const model = ['--model', tinyModel, '--components', '33'];
  for (const args of [
    ['whiten', ...model, '--input', corpus, '--output', join(folder, 'out')],
    ['evaluate', 'sts', ...model, '--data', data, '--whiten', 'fit'],
  ]) {
    const { code, stderr } = await runCli(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/at most 32 components, the dimension/)]);
  }
});

test('what a folder of a whitening cannot do is said', async () => {
  const { folder, options } = await vectorsOptions();
  const whiten = ['whiten', '--vectors', options.vectors, '--output', options.output];
  expect((await runCli([...whiten, '--variant', 'remove-top'])).code).toBe(0);
  const data = join(folder, 'pairs.csv');
  writeFileSync(data, 'the cat,a dog,1\na dog,the cat,3\n');
  const given = ['evaluate', 'sts', '--model', tinyModel, '--data', data];
  for (const [args, code, message] of [
    [
      ['--whiten', options.output, '--components', '1'],
      2,
      /is remove-top: fit it again with another --remove/,
    ],
    [['--whiten', tinyModel], 1, /holds no whitening: whitening.safetensors is missing/],
  ] as const) {
    const result = await runCli([...given, ...args]);
    expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
  }
  const space = ['evaluate', 'space', '--model', tinyModel, '--data', data, '--columns', '1'];
  const positive = await runCli([...space, '--positive', '3']);
  expect([positive.code, positive.stderr]).toEqual([2, expect.stringMatching(/--positive is for scores/)]);
});

test('embed warns of ranges of a few vectors, given or not, and refuses those of one', async () => {
  const { folder, options } = await vectorsOptions();
  const args = [...embedStdin, '--truncate-dim', '2'];
  const compact = [...args, '--output', join(folder, 'c.npy'), '--output-precision', 'int8'];
  for (const [calibration, vectors] of [
    [[], 2],
    [['--calibration', options.vectors], 4],
  ] as const) {
    const { code, stderr } = await runCli([...compact, ...calibration], { input: 'the cat\na dog\n' });
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(`^warning: .* those of ${vectors} vectors; 100 or more`),
    ]);
  }
  const one = [...args, '--output', join(folder, 'one.npy'), '--output-precision', 'int8'];
  const { code, stderr } = await runCli(one, { input: 'the cat\n' });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/at least two vectors .* \[LIKEWISE_DATA\]\n$/)]);
  expect(readdirSync(folder).filter((name) => name.includes('one'))).toEqual([]);
});

test('embed refuses more components than the model has', async () => {
  const folder = temporaryFolder();
  const args = [...embedStdin, '--output', join(folder, 'v.npy')];
  const { code, stderr } = await runCli([...args, '--truncate-dim', '33'], { input: 'the cat\n' });
  expect([code, stderr]).toEqual([2, expect.stringMatching(/--truncate-dim\) up to 32, .* but received 33/)]);
  expect(readdirSync(folder)).toEqual([]);
});

test('a compact vector that is not finite is named by its number among all', async () => {
  const { createQuantizedWriter } = await import('../../src/cli/output/quantized-output.ts');
  for (const precision of ['binary', 'int8'] as const) {
    const writer = await createQuantizedWriter(join(temporaryFolder(), 'v.npy'), 2, { precision });
    await writer.append(Float32Array.of(1, 2, 3, 4));
    const bad = Promise.resolve().then(() => writer.append(Float32Array.of(1, 2, 3, Number.NaN)));
    await expect(bad).rejects.toThrow(/vector 3 holds NaN in component 1/);
    await writer.discard();
  }
});
