// `likewise whiten`, `evaluate sts --whiten` and `evaluate space`: a model folder that gives whitened vectors, vectors that
// exist already, what it was fitted on, a report, and nothing written after a refusal.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NpyWriter, readNpy } from '../../src/io/npy.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { runCli, tinyModel } from './run-cli.ts';

const packageRoot = join(import.meta.dirname, '..', '..');
const words = 'the cat dog sat on mat run play and red over'.split(' ');
const texts = Array.from({ length: 120 }, (_, i) =>
  [i % 11, (i * 7) % 11, (i * 3 + 1) % 11, (i * i) % 11].map((word) => words[word]).join(' '),
);

/** A folder with a corpus of texts, one per line, and pairs of them with scores. */
function dataFolder(): { folder: string; corpus: string; pairs: string } {
  const folder = temporaryFolder();
  const [corpus, pairs] = [join(folder, 'corpus.txt'), join(folder, 'pairs.csv')];
  writeFileSync(corpus, `${texts.join('\n')}\n`);
  const rows = texts.slice(0, 60).map((text, i) => `${text},${texts[i + 60]},${(i % 11) / 2}`);
  writeFileSync(pairs, `${rows.join('\n')}\n`);
  return { folder, corpus, pairs };
}

async function run(...args: string[]) {
  const { code, stdout, stderr } = await runCli(args);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

const model = ['--model', tinyModel];

test('builds a whitening into a model, which is not whitened again unless told to', async () => {
  const { folder, corpus } = dataFolder();
  const [target, vectors] = [join(folder, 'whitened'), join(folder, 'v.npy')];
  const stdout = await run('whiten', ...model, '--input', corpus, '--components', '8', '--output', target);
  expect(stdout).toMatch(
    /^whitening fitted on 120 vectors of 32 components, rank \d+: 8 kept, [\d.]+ % of the variance/,
  );
  await run('embed', '--model', target, '--input', corpus, '--output', vectors);
  const { shape, data } = await readNpy(vectors);
  expect(shape).toEqual([120, 8]);
  expect(Math.hypot(...(data as Float32Array).subarray(0, 8))).toBeCloseTo(1, 5);

  const again = [
    'whiten',
    '--model',
    target,
    '--input',
    corpus,
    '--components',
    '4',
    '--output',
    join(folder, 'twice'),
  ];
  const refused = await runCli(again);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(/already ends in a whitening.*--again.*\[LIKEWISE_MODEL\]\n$/);
  expect(existsSync(join(folder, 'twice'))).toBe(false);
  expect(JSON.parse(await run(...again, '--again', '--json'))).toMatchObject({
    components: 4,
    outputs: 4,
    dimension: 8,
  });
});

test('fits on vectors that exist already, and writes them whitened', async () => {
  const { folder, corpus } = dataFolder();
  const [vectors, target, white] = ['v.npy', 'whitening', 'white.npy'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await run('embed', ...model, '--input', corpus, '--output', vectors);
  await run('whiten', '--vectors', vectors, '--components', '5', '--output', target, '--transformed', white);
  expect(readdirSync(target)).toEqual(['whitening.safetensors']);
  expect((await readNpy(white)).shape).toEqual([120, 5]);
});

test('an STS result says what the whitening was fitted on', async () => {
  const { folder, corpus, pairs } = dataFolder();
  const target = join(folder, 'whitening');
  const pooled = [...model, '--pooling', 'last_two'];
  await run('whiten', ...pooled, '--input', corpus, '--output', target, '--transformation-only');
  const sts = ['evaluate', 'sts', ...pooled, '--data', pairs, '--components', '6'];
  const other = JSON.parse(await run(...sts, '--whiten', target, '--json'));
  expect(other.whitening).toMatchObject({ fittedOn: 'another corpus', vectors: 120, components: 6 });
  const fitted = JSON.parse(await run(...sts, '--whiten', 'fit', '--json'));
  expect(fitted.whitening).toMatchObject({ fittedOn: 'evaluated sentences', vectors: 120, components: 6 });
  const table = await run(...sts, '--whiten', 'fit');
  expect(table).toMatch(
    /\nwhitened +6 components of rank \d+\nfitted on +evaluated sentences, 120 vectors\n$/,
  );
  const raw = JSON.parse(await run(...sts.slice(0, -2), '--json'));
  expect(raw).not.toHaveProperty('whitening');
  expect(raw.spearman).not.toBeCloseTo(fitted.spearman, 6);
});

test('a look at a space, before and after, as a table, as JSON and as a report', async () => {
  const { folder, pairs } = dataFolder();
  const report = join(folder, 'space.html');
  const space = ['evaluate', 'space', ...model, '--data', pairs];
  const stdout = await run(...space, '--report', report, '--components', '6');
  expect(stdout).toMatch(/\nmean cosine +0\.\d{4} +-?0\.\d{4}\n/);
  const html = readFileSync(report, 'utf8');
  expect(html).toMatch(/^<!doctype html>/);
  expect(html.match(/<svg/g)?.length).toBe(4);
  expect(html).not.toMatch(/<script|src=|href=|url\(/);
  const { before, after, whitening } = JSON.parse(await run(...space, '--columns', '1', '--json'));
  expect(before.dimension).toBe(32);
  expect(Math.abs(after.meanCosine)).toBeLessThan(Math.abs(before.meanCosine));
  expect(whitening.fittedOn).toBe('these texts');
  const few = join(folder, 'few.csv');
  writeFileSync(few, texts.slice(0, 20).join('\n'));
  const short = ['evaluate', 'space', ...model, '--data', few, '--columns', '1'];
  const note = /20 vectors of 32 components span at most 19 dimensions.*limited by the number of texts/;
  expect(await run(...short)).toMatch(note);
  expect(JSON.parse(await run(...short, '--json')).notes).toEqual([expect.stringMatching(note)]);
  expect(stdout).not.toMatch(/note:/);
});

test('covariances of parts are saved, merged and fitted on through the package as it is published', () => {
  const folder = temporaryFolder();
  const program = `
    import { CovarianceAccumulator, covarianceMatrix, Engine, loadCovariance, mergeCovariance, saveCovariance, Whitening }
      from 'likewise';
    const [folder] = process.argv.slice(1);
    const rows = Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i));
    const stateOf = async (part) => {
      const sums = new CovarianceAccumulator(Engine.shared(), 4, 'float64');
      await sums.add(part);
      return sums.finish();
    };
    await saveCovariance(await stateOf(rows.subarray(0, 120)), folder + '/a.safetensors');
    await saveCovariance(await stateOf(rows.subarray(120)), folder + '/b.safetensors');
    const parts = await Promise.all(['a', 'b'].map((name) => loadCovariance(folder + '/' + name + '.safetensors')));
    const merged = mergeCovariance(parts[0], parts[1]);
    const whole = covarianceMatrix(await stateOf(rows));
    const worst = covarianceMatrix(merged).reduce((most, value, i) => Math.max(most, Math.abs(value - whole[i])), 0);
    const { components, data } = await Whitening.fromCovariance(merged, { components: 2 });
    console.log(JSON.stringify([merged.count, worst < 1e-14, components, data.count]));`;
  const args = ['--input-type=module', '--eval', program, folder];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', cwd: packageRoot });
  expect([JSON.parse(stdout || 'null'), stderr]).toEqual([[100, true, 2, 100], '']);
});

test('compact vectors have the dtype of their precision', async () => {
  const { folder, corpus } = dataFolder();
  const embed = (output: string, ...extra: string[]) =>
    run('embed', ...model, '--input', corpus, '--output', join(folder, output), ...extra);
  await embed('f32.npy');
  const expected: [string, string, number][] = [
    ['int8', '|i1', 32],
    ['uint8', '|u1', 32],
    ['binary', '|i1', 4],
    ['ubinary', '|u1', 4],
  ];
  for (const [precision, descr, columns] of expected) {
    const stdout = await embed(`${precision}.npy`, '--output-precision', precision);
    expect(stdout).toContain(`120 x 32 ${precision}`);
    const read = await readNpy(join(folder, `${precision}.npy`));
    expect([read.descr, read.shape]).toEqual([descr, [120, columns]]);
  }
  const uint8 = (await readNpy(join(folder, 'uint8.npy'))).data as Uint8Array;
  expect([Math.min(...uint8), Math.max(...uint8)]).toEqual([0, 255]);
  await embed('calibrated.npy', '--output-precision', 'uint8', '--calibration', join(folder, 'f32.npy'));
  expect((await readNpy(join(folder, 'calibrated.npy'))).data).toEqual(uint8);
  await embed('f16.npy', '--output-precision', 'float16', '--truncate-dim', '10');
  expect(readFileSync(join(folder, 'f16.npy')).toString('latin1')).toContain(
    "'descr': '<f2', 'fortran_order': False, 'shape': (120, 10)",
  );
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

test.each([
  [['--vectors', 'v.npy', '--components', '99'], 1, /No such|it does not exist/],
  [['--input', 'c.txt'], 2, /--input needs --model/],
  [[], 2, /either --input, a corpus, or --vectors/],
  [[...model, '--input', 'c.txt', '--vectors', 'v.npy'], 2, /either --input, a corpus, or --vectors/],
  [[...model, '--input', 'c.txt', '--transformed', 't.npy'], 2, /--transformed needs --vectors/],
  [[...model, '--input', 'c.txt', '--pooling', 'last_two'], 2, /that sentence-transformers can load/],
  [[...model, '--input', 'c.txt', '--fold'], 1, /to end in a linear Dense/],
  [[...model, '--input', 'c.txt', '--epsilon', '-1'], 2, /Expected a number from 0/],
  [
    [...model, '--input', 'c.txt', '--variant', 'ica'],
    2,
    /Allowed choices are whitening, zca, pca, remove-top/,
  ],
])('whiten %j is refused', async (args, code, message) => {
  const output = join(temporaryFolder(), 'out');
  const result = await runCli(['whiten', ...args, '--output', output]);
  expect([result.code, result.stdout]).toEqual([code, '']);
  expect(result.stderr).toMatch(message);
  expect(existsSync(output)).toBe(false);
});

test('bad vectors and an empty corpus leave nothing behind', async () => {
  const folder = temporaryFolder();
  const [vectors, empty, output] = ['v.npy', 'empty.txt', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const writer = await NpyWriter.create(vectors, 2);
  await writer.append(Float32Array.of(1, 2, 3, Number.NaN, 5, 7));
  await writer.commit();
  writeFileSync(empty, '');
  const bytes = readFileSync(vectors);
  writeFileSync(join(folder, 'cut.npy'), bytes.subarray(0, bytes.length - 3));
  const double = await NpyWriter.create(join(folder, 'int.npy'), 2, '|i1');
  await double.append(new Int8Array(4));
  await double.commit();
  const cases: [string[], RegExp][] = [
    [['--vectors', vectors], /row 1 is not, in column 1 \[LIKEWISE_DATA\]/],
    [['--vectors', join(folder, 'cut.npy')], /it is cut short.* \[LIKEWISE_FORMAT\]/],
    [['--vectors', join(folder, 'int.npy')], /dtype '\|i1' \(int8\) but .*float32.* \[LIKEWISE_FORMAT\]/],
    [[...model, '--input', empty], /is the corpus empty\? \[LIKEWISE_DATA\]/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await runCli(['whiten', ...args, '--output', output]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(existsSync(output)).toBe(false);
  }
});
