// A task that Likewise does not have, through the public door: it trains, is killed with SIGKILL and resumed to the same
// bytes; its keys are its own and the run's, its losses are in the log, its phases have schedules of their own.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../temporary-file.ts';

const program = join(import.meta.dirname, 'train-letters.mjs');
const folder = scratchFolder();
const data = join(folder, 'text.txt');
const words = 'the cat sat on the mat and the dog ran over the red hat'.split(' ');
const lines = Array.from({ length: 30 }, (_, row) => words.slice(row % 9, 3 + (row % 9)).join(' '));
writeFileSync(data, `${lines.join('\n')}\n12 is no line\n`);

type Config = Record<string, unknown>;
let runs = 0;

function config(change: Config = {}): Config & { output: string } {
  runs += 1;
  const own = { task: 'letters', data, batchLetters: 30, accumulation: 2, learningRate: 0.05 };
  return { ...own, output: join(folder, `out-${runs}`), maxSteps: 40, checkpointSteps: 3, ...change };
}

interface Run {
  config: Config;
  resume?: boolean;
}

/** Runs to the end, one after the other, in a process of their own. */
function runAll(given: readonly Run[]) {
  const { stdout, stderr } = spawnSync(process.execPath, [program, JSON.stringify(given)], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) as string);
}

/** Kills the process once that step is told of; whether it was still alive then. */
function killAt(given: Config, step: number): Promise<boolean> {
  const runs = JSON.stringify([{ config: given, resume: true }]);
  const child = spawn(process.execPath, [program, runs]);
  child.stdout.on('data', (text: Buffer) => {
    if (Number(text.toString().trimEnd().split('\n').at(-1)) >= step) child.kill('SIGKILL');
  });
  return new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal === 'SIGKILL')));
}

const modelOf = (output: string) => readFileSync(join(output, 'config.json'), 'utf8');
/** What does not depend on the moment. */
const logOf = (output: string) =>
  readFileSync(join(output, 'metrics.jsonl'), 'utf8').replaceAll(
    /.*"(kind":"speed|event":"resumed)".*\n/g,
    '',
  );
const metricsOf = (output: string, kind: string) =>
  logOf(output)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter((line) => line.kind === kind);

const whole = config({ evaluationSteps: 7, twoPhases: true });

test('it learns: both parts of its loss are in the log, and every evaluation', () => {
  const [summary] = runAll([{ config: whole }]);
  expect(summary).toMatchObject({ steps: 40, examples: 80, output: whole.output });
  const steps = metricsOf(whole.output, 'train');
  expect(steps).toHaveLength(40);
  for (const { loss, next, small } of steps) expect(loss).toBeCloseTo(next + 0.1 * small, 5);
  expect(steps.at(-1).next).toBeLessThan(0.8 * steps[0].next);
  const evaluations = metricsOf(whole.output, 'evaluation');
  expect(evaluations.map(({ step }) => step)).toEqual([0, 7, 14, 21, 28, 35, 40]); // the start, too
  expect(evaluations[0]).toEqual({
    kind: 'evaluation',
    step: 0,
    accuracy: expect.any(Number),
    pairs: expect.any(Number),
  });
  const best = Math.max(...evaluations.map(({ accuracy }) => accuracy));
  expect(summary.best.score).toBe(best);
  const kept = readdirSync(join(whole.output, 'checkpoints')).find((name) => name.startsWith('best-'));
  expect(modelOf(join(whole.output, 'checkpoints', kept as string))).toBe(modelOf(whole.output));
});

test('a phase has a warm-up and a rate of its own', () => {
  const rates = metricsOf(whole.output, 'train').map(({ learningRate }) => learningRate);
  expect(rates[0]).toBe(0.05);
  expect(rates.slice(19, 23)).toEqual([0.05 / 20, 0, 0.0125, 0.025].map((rate) => expect.closeTo(rate, 8)));
});

test('killed again and again, and resumed: the bytes of the undisturbed run', async () => {
  const killed = { ...whole, output: join(folder, 'killed') };
  let kills = 0;
  for (const step of [2, 8, 23, 33]) if (await killAt(killed, step)) kills += 1;
  expect(kills).toBeGreaterThanOrEqual(2);
  const [summary] = runAll([{ config: killed, resume: true }]);
  expect(summary.resumedFrom).toBeGreaterThan(0);
  expect(modelOf(killed.output)).toBe(modelOf(whole.output));
  expect(logOf(killed.output)).toBe(logOf(whole.output));
}, 240_000);

test('batches of a step count by their letters: two of them as one of both', () => {
  const short = join(folder, 'short.txt');
  writeFileSync(short, 'abcdefgh\nthe cat sat on the mat\n');
  const shared = { data: short, noise: 0, maxSteps: 1 };
  const [one, two] = [
    config({ ...shared, accumulation: 1, batchLetters: 28 }),
    config({ ...shared, accumulation: 2, batchLetters: 7 }),
  ];
  runAll([{ config: one }, { config: two }]);
  const [whole, parts] = [one, two].map(({ output }) => metricsOf(output, 'train')[0]);
  expect(parts.tokens).toBe(whole.tokens);
  expect(parts.gradientNorm).toBeCloseTo(whole.gradientNorm, 6);
  expect(parts.loss).toBeCloseTo(whole.loss, 6);
});

test('keys that are neither its own nor the run’s are refused, and what does not go together', () => {
  const mistakes: [Config, RegExp][] = [
    [{ batchLeters: 3 }, /^ConfigError: .*unknown key "batchLeters"; did you mean batchLetters\?/],
    [{ temperature: 1 }, /unknown key "temperature"; expected one of task, data, batchLetters/],
    [{ task: 'sentence' }, /key "task": expected letters, the task that is trained but found "sentence"/],
    [{ maxSteps: undefined }, /key "maxSteps": expected the steps of the run/],
    [{ earlyStopping: { patience: 2 } }, /key "earlyStopping": expected an evaluation/],
    [{ output: data }, /expected output to name a different place than data, which it would overwrite/],
  ];
  const runs = mistakes.map(([change]) => ({ config: config(change) }));
  const outcomes = runAll(runs);
  for (const [index, [, message]] of mistakes.entries()) {
    expect(outcomes[index].error).toMatch(message);
    expect(existsSync(join(runs[index]?.config.output as string, 'checkpoints'))).toBe(false);
  }
});

test('resuming with another setting of its own, or other text, is refused and named', () => {
  const given = config({ maxSteps: 4 });
  const smaller = { config: { ...given, smallness: 0.2 }, resume: true };
  expect(runAll([{ config: given }, smaller])[1].error).toMatch(/smallness \(0\.1 before, 0\.2 now\)/);
  writeFileSync(data, 'other text\nthan before\nand more\n');
  const [{ error }] = runAll([{ config: given, resume: true }]);
  expect(error).toMatch(/data \(30 lines before, 3 lines now\)/);
});
