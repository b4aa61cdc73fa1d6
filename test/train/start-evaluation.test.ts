// With an evaluation, the model is judged before the first step: the start is a candidate for the best model, and a run
// that ends below it says so.

import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AbortedError } from '../../src/errors.ts';
import type { EvaluationResult } from '../../src/train/evaluation.ts';
import { expectError } from '../expect-error.ts';
import { makeRun, metricsOf, runOnce, savingLearner, stopAt, weightsOf } from './toy-run.ts';

const rows = ['a,aaaa,1', 'b,bbbbbbb,4', 'c,cc,2', 'dddd,d,3'];

function scored(folder: string): string {
  const path = join(folder, 'dev.csv');
  writeFileSync(path, `${rows.join('\n')}\n`);
  return path;
}

/** A learner whose vectors are better or worse from one evaluation to the next: the cosine is by the second text's length. */
function judgedLearner(scores: readonly number[]) {
  const learner = savingLearner();
  let call = 0;
  const encoder: typeof learner.encoder = () => ({
    async encode(texts) {
      const good = (scores[Math.min(call++, scores.length - 1)] as number) > 0;
      const angle = (text: string) => {
        const row = rows.find((each) => each.split(',')[1] === text);
        return row === undefined ? 0 : Number(row.split(',')[2]) / 10;
      };
      const vectors = texts.map((text) => {
        const [x, y] = [Math.cos(angle(text)), Math.sin(angle(text))];
        return Float32Array.of(good && angle(text) > 0 ? y : x, good && angle(text) > 0 ? x : y);
      });
      return { row: (index: number) => vectors[index] as Float32Array };
    },
  });
  return Object.assign(learner, { encoder });
}

const evaluations = (output: string) => metricsOf(output).filter(({ kind }) => kind === 'evaluation');

test('a run that only falls gives back the start, and says so', async () => {
  const { config, folder, output } = makeRun({ keepBest: true });
  using learner = judgedLearner([1, -1]);
  const first = learner.stores[0]?.values.float32Data();
  const seen: number[] = [];
  const listener = { onEvaluation: (_: EvaluationResult, step: number) => void seen.push(step) };
  const run = { ...config, evaluation: { data: scored(folder), steps: 10 } };
  const { state, warnings } = await runOnce(run, { learner, listener });
  expect(seen).toEqual([0, 10, 20, 26]);
  expect(evaluations(output).map(({ step }) => step)).toEqual(seen);
  expect(state).toMatchObject({ best: { step: 0, score: 1 }, startScore: 1, lastScore: -1 });
  expect(warnings).toEqual([
    expect.stringMatching(
      /ended below its start: -1\.000000 .* 1\.000000 .*; the output is the model of the start/,
    ),
  ]);
  expect(JSON.parse(weightsOf(output))[0].values).toEqual([...((await first) as Float32Array)]);
});

test('without keepBest the last model is the output, and the message says that', async () => {
  const { config, folder } = makeRun({ keepBest: false });
  using learner = judgedLearner([1, -1]);
  const run = { ...config, evaluation: { data: scored(folder), steps: 10 } };
  const { warnings } = await runOnce(run, { learner });
  expect(warnings.join()).toMatch(/below its start: .*the output is nevertheless the model of the last step/);
});

test('a run that rises says nothing; the start is what patience counts from', async () => {
  const { config, folder } = makeRun({ keepBest: true });
  const evaluation = { data: scored(folder), steps: 5 };
  using rising = judgedLearner([-1, 1]);
  const { state, warnings } = await runOnce({ ...config, evaluation }, { learner: rising });
  expect([warnings, state.best?.step]).toEqual([[], 5]);
  using falling = judgedLearner([1, -1]);
  const stopped = { ...config, output: join(folder, 'stopped'), evaluation, earlyStopping: { patience: 2 } };
  expect((await runOnce(stopped, { learner: falling })).state).toMatchObject({
    step: 10,
    stoppedEarly: true,
  });
});

test('stopped before anything is saved, a run begins again with its start', async () => {
  const { config, folder, output } = makeRun({ keepBest: true });
  const run = { ...config, evaluation: { data: scored(folder), steps: 10 } };
  const whole = await runOnce({ ...run, output: join(folder, 'whole') });
  const controller = new AbortController();
  const listener = { onEvaluation: () => controller.abort() };
  await expectError(
    runOnce(run, { signal: controller.signal, listener }),
    AbortedError,
    /training was stopped before anything was done/,
  );
  expect(readdirSync(join(output, 'checkpoints'))).toEqual(['best-00000000']);
  const again = await runOnce(run); // without resume: nothing was saved that could be gone on with
  expect(again.state).toEqual(whole.state);
  expect(evaluations(output).filter(({ step }) => step === 0)).toHaveLength(1);
  expect(existsSync(join(output, 'modules.json'))).toBe(true);
});

test('more steps of a run that has ended: the message says how to go on', async () => {
  const { config, output } = makeRun({ epochs: undefined, maxSteps: 6 });
  await runOnce(config);
  await expect(runOnce({ ...config, maxSteps: 9 }, { resume: true })).rejects.toThrow(
    `these changed: maxSteps (6 before, 9 now); put them back, or start another run in another output. That run has ended: to train its model further, start a new run from it, with model=${output} and another output`,
  );
  const stopped = { ...config, output: `${output}-stopped` };
  await runOnce(stopped, stopAt(4)).catch(() => undefined);
  await expect(runOnce({ ...stopped, maxSteps: 9 }, { resume: true })).rejects.toThrow(/in another output$/);
});
