// `likewise train`: the summary, a run killed with SIGKILL and resumed to the same bytes, signals, refusals and mistakes.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { OBJECTIVES } from '../../src/tasks/sentence/config.ts';
import { scratchFolder } from '../temporary-file.ts';
import { type CliOptions, runCli, tinyModel } from './run-cli.ts';

const folder = scratchFolder();
const words = 'the cat dog sat on mat run play and red over'.split(' ');
const data = join(folder, 'texts.txt');
writeFileSync(
  data,
  Array.from({ length: 240 }, (_, row) =>
    words
      .map((_word, at) => words[(row * (at + 3) + at) % 11])
      .slice(row % 7)
      .join(' '),
  ).join('\n'),
);

let runs = 0;
const newOutput = () => join(folder, `out-${++runs}`);

/** A run of 60 short steps, with a checkpoint every 7. */
function trainArgs(output: string, ...more: string[]): string[] {
  const set = [
    `model=${tinyModel}`,
    `data=${data}`,
    `output=${output}`,
    'batchSize=8',
    'epochs=2',
    'learningRate=1e-3',
    'checkpointSteps=7',
    'accumulation=1',
  ];
  return ['train', 'simcse-unsupervised', '--set', ...set, '--json', ...more];
}

const summaryOf = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);
const weightsOf = (output: string) => readFileSync(join(output, 'model.safetensors')).toString('base64');

/** Ends the process with a signal as soon as that many steps are in the log. */
function signalAfter(output: string, steps: number, signal: NodeJS.Signals): CliOptions {
  return {
    started: (child) => {
      const log = join(output, 'metrics.jsonl');
      void (async () => {
        while (child.exitCode === null && child.signalCode === null) {
          if (existsSync(log) && readFileSync(log, 'utf8').split('\n').length > steps) {
            child.kill(signal);
            return;
          }
          await sleep(2);
        }
      })();
    },
  };
}

const whole = newOutput();

test('a run: the summary is the last line of stdout, progress is on stderr, the output is a model', async () => {
  const { code, stdout, stderr } = await runCli(trainArgs(whole));
  expect(code).toBe(0);
  expect(stdout.split('\n')).toHaveLength(2);
  expect(summaryOf(stdout)).toMatchObject({
    steps: 60,
    resumedFrom: 0,
    examples: 480,
    skippedRows: 0,
    output: whole,
  });
  expect(summaryOf(stdout).loss).toBeGreaterThan(0);
  expect(summaryOf(stdout).seconds).toBeGreaterThan(0);
  expect(stderr).toMatch(
    /^240 examples, 60 steps\n(.*\n)*step 60\/60 {2}loss \S+ {2}rate \S+ {2}norm \S+ {2}\S+ tokens\/s {2}0 s left\n$/,
  );
  const args = ['similarity', '--model', whole, 'the cat sat', 'the dog sat', '--json'];
  expect((await runCli(args)).code).toBe(0);
});

test('killed with SIGKILL again and again, and resumed: the bytes of the undisturbed run', async () => {
  const output = newOutput();
  let kills = 0;
  for (const steps of [3, 12, 20, 31, 44]) {
    const { code } = await runCli(trainArgs(output, '--resume'), signalAfter(output, steps, 'SIGKILL'));
    if (code === null) kills += 1;
  }
  expect(kills).toBeGreaterThanOrEqual(3);
  const { code, stdout, stderr } = await runCli(trainArgs(output, '--resume'));
  expect([code, stderr.includes('left out a checkpoint')]).toEqual([0, false]);
  expect(summaryOf(stdout).resumedFrom % 7).toBe(0);
  expect(weightsOf(output)).toBe(weightsOf(whole));
  const losses = (folder: string) =>
    readFileSync(join(folder, 'metrics.jsonl'), 'utf8').replaceAll(
      /.*"(kind":"speed|event":"resumed)".*\n/g,
      '',
    );
  expect(losses(output)).toBe(losses(whole));
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s saves a checkpoint and exits with %i; resumed, the same bytes', async (signal, exitCode) => {
  const output = newOutput();
  const { code, stdout, stderr } = await runCli(trainArgs(output), signalAfter(output, 9, signal));
  expect([code, stdout]).toEqual([exitCode, '']);
  const message = new RegExp(
    `likewise: stopped by ${signal}; training was stopped: step (\\d+) is saved; .* \\[LIKEWISE_ABORTED\\]\\n$`,
  );
  expect(stderr).toMatch(message);
  const step = Number(message.exec(stderr)?.[1]);
  expect(existsSync(join(output, 'modules.json'))).toBe(false);
  const again = await runCli(trainArgs(output, '--resume'));
  expect(summaryOf(again.stdout)).toMatchObject({ steps: 60, resumedFrom: step });
  expect(weightsOf(output)).toBe(weightsOf(whole));
});

test('a second signal ends the process at once', async () => {
  const output = newOutput();
  const started = (child: Parameters<NonNullable<CliOptions['started']>>[0]) => {
    signalAfter(output, 5, 'SIGINT').started?.(child);
    child.stderr?.on('data', (text: string) => {
      if (text.includes('steps')) child.once('spawn', () => {});
    });
    const again = setInterval(() => child.killed && child.kill('SIGINT'), 1);
    child.once('exit', () => clearInterval(again));
  };
  const { code } = await runCli(trainArgs(output), { started });
  expect(code).toBe(130);
});

test('--resume refuses other settings and names them; without it an output with a run is kept', async () => {
  const changed = await runCli([
    ...trainArgs(whole, '--resume'),
    '--set',
    'learningRate=2e-3',
    'batchSize=4',
  ]);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toMatch(
    /these changed: .*batchSize \(8 before, 4 now\).*learningRate \(0\.001 before, 0\.002 now\)/,
  );
  expect(changed.stderr).toMatch(/\[LIKEWISE_CONFIG\]\n$/);
  const again = await runCli(trainArgs(whole));
  expect([again.code, again.stdout]).toEqual([1, '']);
  expect(again.stderr).toMatch(/the folder holds a run; continue it .* \[LIKEWISE_FILE\]\n$/);
});

test.each([
  [
    ['--set', 'learningrate=1'],
    1,
    /unknown key "learningrate"; did you mean learningRate\? \[LIKEWISE_CONFIG\]/,
  ],
  [['--set', 'epochs'], 2, /expected key=value but received "epochs" \[LIKEWISE_ARGUMENT\]/],
  [['--set', 'model='], 1, /key "model": expected a text that is not empty but found ""/],
  [['--resum'], 2, /unknown option '--resum' \(Did you mean --resume\?\)/],
])('%j is a mistake', async (more, exitCode, message) => {
  const { code, stdout, stderr } = await runCli([...trainArgs(newOutput()), ...more]);
  expect([code, stdout]).toEqual([exitCode, '']);
  expect(stderr).toMatch(message);
});

test('a name that is no configuration', async () => {
  const { code, stderr } = await runCli(['train', 'simcse-unsupervized']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/did you mean simcse-unsupervised\?/);
  const missing = await runCli(['train']);
  expect(missing.stderr).toMatch(/key "model": expected a text but it is missing/);
});

test('a corrupt line ends the run with its place, or is counted', async () => {
  const path = join(folder, 'bad.jsonl');
  const good = readFileSync(data, 'utf8')
    .split('\n')
    .slice(0, 40)
    .map((text) => JSON.stringify(text));
  writeFileSync(path, [...good.slice(0, 20), '{"text": "cut', ...good.slice(20)].join('\n'));
  const stopped = await runCli([...trainArgs(newOutput()), '--set', `data=${path}`]);
  expect(stopped.code).toBe(1);
  expect(stopped.stderr).toMatch(
    /bad\.jsonl:21: expected a JSON value .*onCorrupt: skip \[LIKEWISE_DATA\]\n$/,
  );
  const output = newOutput();
  const skipped = await runCli([...trainArgs(output), '--set', `data=${path}`, 'data.onCorrupt=skip']);
  expect(summaryOf(skipped.stdout)).toMatchObject({ skippedRows: 1, steps: 10 });
  expect(skipped.stderr).toMatch(/left out .*bad\.jsonl:21: expected a JSON value/);
  expect(readdirSync(join(output, 'checkpoints')).sort()).toEqual([
    'LATEST',
    'step-00000007',
    'step-00000010',
  ]);
});

test('--help lists every key of the schema with its default, and docs/training.md names every one', async () => {
  const { code, stdout, stderr } = await runCli(['train', '--help']);
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/\n {2}batchSize +examples of a batch \[64\]\n/);
  expect(stdout).toMatch(/\n {2}objective +its name \(.*cosine-regression\), .* \[simcse-unsupervised\]\n/);
  expect(stdout).toMatch(/\n {2}data\.onCorrupt +.* \[stop\]\n/);
  expect(stdout).toMatch(/\n {2}evaluation\.columns +.* \[\["1","2","3"\]\]\n/);
  const keysAt = stdout.indexOf('Keys of a');
  const docs = readFileSync(join(import.meta.dirname, '../../docs/training.md'), 'utf8');
  const unnamedObjectives = OBJECTIVES.filter(
    (name) => !docs.includes(`\`${name}\``) || !stdout.slice(0, keysAt).includes(name),
  );
  expect(unnamedObjectives).toEqual([]);
  const keys = stdout.slice(keysAt).matchAll(/^ {2}(?:(?:data|objective|evaluation)\.)?(\w+)/gm);
  const unnamed = [...keys].map(([, key = '']) => key).filter((key) => !docs.includes(`\`${key}\``));
  expect(unnamed).toEqual([]);
});
