// The training loop over a learner of three dozen numbers: resuming to the bit wherever it was stopped, refusals, steps that
// are not finite, early stopping, the best model, accumulation, and memory that stays as it is.

import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  AbortedError,
  ArgumentError,
  ConfigError,
  DataError,
  ExecutionError,
  FileError,
} from '../../src/errors.ts';
import type { EngineStats } from '../../src/native/addon.ts';
import type { TrainConfigInput } from '../../src/tasks/sentence/config.ts';
import { readCheckpoint } from '../../src/train/checkpoint/checkpoint.ts';
import { remedyOfSkipped } from '../../src/train/step/skipped-steps.ts';
import { expectError } from '../expect-error.ts';
import { makeRun, metricsOf, runOnce, stopAt, weightsOf } from './toy-run.ts';

const variants: [string, Partial<TrainConfigInput>, ('proportional' | 'round_robin')?][] = [
  ['plain', {}],
  ['two batches a step', { accumulation: 2, batchSize: 3 }],
  ['two data sets, proportional', {}, 'proportional'],
  ['two data sets in turn, bounded by steps', { epochs: undefined, maxSteps: 31 }, 'round_robin'],
];

test.each(variants)(
  '%s: stopped anywhere and resumed, the same bits as undisturbed',
  async (_, change, mixing) => {
    const run = makeRun(change);
    const text = run.config.data as string;
    const config =
      mixing === undefined
        ? run.config
        : { ...run.config, data: [text, { path: text, batchSize: 7 }], mixing };
    const trained = (output: string) => metricsOf(output).filter(({ kind }) => kind === 'train');
    const whole = await runOnce(config);
    const { step: last } = whole.state;
    expect(last).toBeGreaterThan(15);
    expect(weightsOf(config.output)).not.toContain('null');
    for (const call of [1, 2, 5, 9, 10, 14, 2 * last]) {
      const stopped = { ...config, output: join(run.folder, `stopped-${call}`) };
      const before = await runOnce(stopped, stopAt(call)).catch((error: unknown) => error);
      const again = await runOnce(stopped, { resume: true });
      if (before instanceof AbortedError) expect(again.resumedFrom ?? 0).toBeLessThan(last);
      expect(weightsOf(stopped.output), `call ${call}`).toBe(weightsOf(config.output));
      expect(trained(stopped.output)).toEqual(trained(config.output));
      expect(again.state).toEqual(whole.state);
    }
  },
);

test('a resumed run that had ended does nothing and gives the same model', async () => {
  const { config, output } = makeRun();
  const whole = await runOnce(config);
  const weights = weightsOf(output);
  writeFileSync(join(output, 'modules.json'), 'lost');
  const again = await runOnce(config, { resume: true });
  expect([again.resumedFrom, again.steps, weightsOf(output)]).toEqual([whole.state.step, [], weights]);
});

test('resuming with nothing saved begins at zero', async () => {
  const { config, output } = makeRun();
  const { resumedFrom, state } = await runOnce(config, { resume: true });
  expect([resumedFrom, state.step]).toEqual([undefined, 26]);
  expect(existsSync(join(output, 'modules.json'))).toBe(true);
});

test('threads do not change a bit', async () => {
  const weights: string[] = [];
  for (const threads of [1, 2, 7]) {
    const { config, output } = makeRun();
    await runOnce(config, { threads });
    weights.push(weightsOf(output));
  }
  expect(new Set(weights).size).toBe(1);
});

test.each<[Partial<TrainConfigInput>, RegExp]>([
  [{ learningRate: 0.02 }, /learningRate \(0\.01 before, 0\.02 now\)/],
  [{ epochs: 3 }, /epochs \(2 before, 3 now\)/],
  [{ maxSteps: 20 }, /maxSteps \(not set before, 20 now\)/],
  [{ seed: 5 }, /seed \(1 before, 5 now\)/],
])('resuming with %j is refused, and what changed is named', async (change, message) => {
  const { config } = makeRun();
  await runOnce(config, stopAt(8)).catch(() => undefined);
  await expectError(runOnce({ ...config, ...change }, { resume: true }), ConfigError, message);
});

test('resuming with other data is refused; another path to the same rows is not', async () => {
  const { config, folder } = makeRun();
  await runOnce(config, stopAt(8)).catch(() => undefined);
  const copy = join(folder, 'copy.txt');
  writeFileSync(copy, readFileSync(config.data as string));
  appendFileSync(config.data as string, 'one more\n');
  await expectError(
    runOnce(config, { resume: true }),
    ConfigError,
    /these changed: data\.0 \(51 rows before, 52 rows now\); put them back/,
  );
  const moved = await runOnce({ ...config, data: copy, checkpointSteps: 7, threads: 1 }, { resume: true });
  expect(moved.resumedFrom).toBeGreaterThan(0);
});

test('an output that holds a run or a model is kept, unless it is to be overwritten', async () => {
  const { config, output } = makeRun();
  await runOnce(config);
  const weights = weightsOf(output);
  await expectError(
    runOnce(config),
    FileError,
    /the folder holds a run; continue it \(--resume\), name another folder/,
  );
  await runOnce({ ...config, seed: 2, overwrite: true });
  expect(weightsOf(output)).not.toBe(weights);
  expect(metricsOf(output).filter(({ kind }) => kind === 'train')).toHaveLength(26);
});

test('a damaged checkpoint is told and logged, however many rows were left out', async () => {
  const { config, output } = makeRun();
  await runOnce(config, stopAt(14)).catch(() => undefined);
  const steps = readdirSync(join(output, 'checkpoints')).filter((name) => name.startsWith('step-'));
  writeFileSync(join(output, 'checkpoints', steps.toSorted().at(-1) as string, 'state.json'), '{}');
  const { warnings, resumedFrom } = await runOnce(config, { resume: true });
  expect(warnings).toEqual([expect.stringMatching(/left out a checkpoint: .*state\.json' is damaged/)]);
  expect(metricsOf(output).filter(({ event }) => event === 'warning')).toEqual([
    { kind: 'event', step: resumedFrom, event: 'warning', message: warnings[0] },
  ]);
  expect((await runOnce(config, { resume: true })).warnings).toEqual([]);
});

test('a damaged checkpoint is replaced: by the steps done again, or by a stop before them', async () => {
  for (const stop of [undefined, 2]) {
    const { config, output } = makeRun({ epochs: undefined, maxSteps: 6, checkpointSteps: 3 });
    const { state } = await runOnce(config);
    const [weights, checkpoints] = [weightsOf(output), join(output, 'checkpoints')];
    const damaged = join(checkpoints, 'step-00000006', 'tensors.safetensors');
    writeFileSync(damaged, readFileSync(damaged).reverse());
    if (stop !== undefined) {
      await expectError(
        runOnce(config, { ...stopAt(stop), resume: true }),
        AbortedError,
        /step [45] is saved; continue with --resume/,
      );
    }
    const again = await runOnce(config, { resume: true });
    expect([again.warnings.length, again.state, weightsOf(output)]).toEqual([stop ? 0 : 1, state, weights]);
    expect(await readCheckpoint(checkpoints)).toMatchObject({
      step: 6,
      name: stop === undefined ? 'step-00000006-2' : 'step-00000006',
      damaged: [],
    });
    expect(readdirSync(checkpoints).filter((name) => name.startsWith('step-'))).toHaveLength(2);
    expect((await runOnce(config, { resume: true })).steps).toEqual([]);
  }
});

test('a damaged checkpoint of a step that is not due again goes, and whole ones stay', async () => {
  const { config, output } = makeRun({ epochs: undefined, maxSteps: 6, checkpointSteps: 3 });
  await expectError(runOnce(config, stopAt(5)), AbortedError, /is saved; continue with --resume/);
  const checkpoints = join(output, 'checkpoints');
  const names = () => readdirSync(checkpoints).filter((name) => name.startsWith('step-'));
  const damaged = names().find((name) => name !== 'step-00000003') as string;
  expect(['step-00000004', 'step-00000005']).toContain(damaged);
  writeFileSync(join(checkpoints, damaged, 'state.json'), '{}');
  expect((await runOnce(config, { resume: true })).resumedFrom).toBe(3);
  expect(names().sort()).toEqual(['step-00000003', 'step-00000006']);
});

test('what to do after most steps were left out is to begin again, whatever the policy', () => {
  const verdict = { message: '', ends: true };
  const saved = { step: 6, folder: 'checkpoints' };
  expect(remedyOfSkipped(verdict, 'stop', saved)).toContain('--resume');
  expect(remedyOfSkipped({ ...verdict, final: true }, 'stop', saved)).not.toContain('--resume');
});

test('nanPolicy skip: the step changes nothing, is counted, logged and told', async () => {
  const { config, output } = makeRun({ nanPolicy: 'skip' });
  const seen: string[] = [];
  const { state, warnings } = await runOnce(config, {
    onLearn: (call) => (call === 7 || call === 8 ? 'infinite' : undefined),
    listener: { onStep: ({ step, finite }) => seen.push(`${step}${finite ? '' : '!'}`) },
  });
  expect(seen.slice(5, 10)).toEqual(['6', '7!', '8!', '9', '10']);
  expect(state).toMatchObject({ step: 26, skippedSteps: 2, skippedInARow: 0 });
  expect(warnings[0]).toMatch(/expected a finite loss and gradient at step 7 but the loss is Infinity/);
  expect(metricsOf(output).filter(({ kind }) => kind === 'event')).toMatchObject([
    { step: 7, event: 'not finite', loss: 'Infinity' },
    { step: 8, event: 'not finite' },
  ]);
  expect(weightsOf(output)).not.toContain('null');
});

test('a warm-up that is longer than the run fails before the output is touched', async () => {
  const { config, output } = makeRun({ maxSteps: 3, warmup: 50 });
  await expectError(runOnce(config), ArgumentError, /at most 3 warm-up steps.* received 50/);
  expect(existsSync(output)).toBe(false);
});

test('a run whose every step is skipped ends', async () => {
  const { config } = makeRun({ nanPolicy: 'skip' });
  await expectError(
    runOnce(config, { onLearn: () => 'infinite' }),
    ExecutionError,
    /at step 20 .*19 steps before; start again in another output with a lower learning rate$/,
  );
});

test('steps left out of a short run: up to half of them are warned of, more and there is no model', async () => {
  for (const [skipped, ends] of [
    [3, false],
    [4, true],
  ] as const) {
    const { config, output } = makeRun({ nanPolicy: 'skip', epochs: undefined, maxSteps: 6 });
    const onLearn = (call: number) => (call <= skipped ? ('infinite' as const) : undefined);
    const what = `${skipped} of 6 steps were left out, because their loss or gradient was not finite`;
    const run = runOnce(config, { onLearn });
    if (ends) {
      const message = `^\\[train\\] expected to learn from most steps but ${what}; no model was written; start again in another output with a lower learning rate$`;
      await expectError(run, ExecutionError, new RegExp(message));
      await expectError(runOnce(config, { resume: true }), ExecutionError, /but 4 of 6 steps were left out/);
    } else expect((await run).warnings.at(-1)).toBe(`[train] ${what}`);
    expect(existsSync(join(output, 'modules.json'))).toBe(!ends);
  }
});

const scored = (folder: string) => {
  const path = join(folder, 'dev.csv');
  writeFileSync(path, 'a,aaaa,1\nb,bbbbbbb,4\nc,cc,2\ndddd,d,3\n');
  return path;
};

test('evaluation: the best model is the output, and early stopping ends the run', async () => {
  const { config, folder, output } = makeRun();
  const evaluation = { data: scored(folder), steps: 2 };
  const { state } = await runOnce({ ...config, evaluation, earlyStopping: { patience: 3 } });
  const evaluations = metricsOf(output).filter(({ kind }) => kind === 'evaluation');
  expect(evaluations.length).toBeGreaterThanOrEqual(4);
  const best = evaluations.reduce((top, each) => (each.spearman > top.spearman ? each : top));
  expect(state.best).toEqual({ step: best.step, score: best.spearman });
  expect(state).toMatchObject({ stoppedEarly: true, step: best.step + 6 });
  const kept = readdirSync(join(output, 'checkpoints')).filter((name) => name.startsWith('best-'));
  expect(kept).toEqual([`best-${String(best.step).padStart(8, '0')}`]);
  expect(weightsOf(output)).toBe(
    readFileSync(join(output, 'checkpoints', kept[0] as string, 'modules.json'), 'utf8'),
  );
  const ended = await runOnce({ ...config, evaluation, earlyStopping: { patience: 3 } }, { resume: true });
  expect(ended.state).toEqual(state);
});

test('a run stopped in the middle and resumed has the same best model', async () => {
  const { config, folder, output } = makeRun({ earlyStopping: { patience: 4 }, keepBest: true });
  const withEvaluation = { ...config, evaluation: { data: scored(folder), steps: 3 } };
  const whole = await runOnce(withEvaluation);
  const stopped = { ...withEvaluation, output: join(folder, 'stopped') };
  for (const call of [4, 3]) await runOnce(stopped, { ...stopAt(call), resume: true }).catch(() => undefined);
  const again = await runOnce(stopped, { resume: true });
  expect(again.resumedFrom).toBeGreaterThan(0);
  expect(again.state).toEqual(whole.state);
  expect(weightsOf(stopped.output)).toBe(weightsOf(output));
});

test('a data set with a mistake in it, or an evaluation, fails before the first step', async () => {
  const { config, folder } = makeRun();
  const bad = join(folder, 'bad.csv');
  writeFileSync(bad, 'a,b,1\n');
  await expectError(
    runOnce({ ...config, evaluation: bad }),
    DataError,
    /bad\.csv: expected at least two pairs/,
  );
  expect(existsSync(join(config.output, 'metrics.jsonl'))).toBe(false);
});

test('a thousand steps: live tensors and bytes as after the tenth, no buffer from malloc', async () => {
  const { config } = makeRun({ epochs: undefined, maxSteps: 1000, checkpointSteps: 100000 });
  const seen: EngineStats[] = [];
  const { state } = await runOnce(config, { threads: 1, onStats: (stats) => seen.push(stats) });
  expect([state.step, seen.length]).toEqual([1000, 1000]);
  const [early, late] = [seen[10], seen[999]] as [EngineStats, EngineStats];
  expect(late.liveTensors).toBe(early.liveTensors);
  expect(late.poolMisses - (seen[50] as EngineStats).poolMisses).toBe(0);
  expect(late.bytesHeld).toBe((seen[50] as EngineStats).bytesHeld);
});
