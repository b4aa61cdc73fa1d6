// A run that an error ends while its weights are sound: what is saved, what the error says of it, and that resuming from
// there ends with the bits of a run that nothing happened to.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, DataError, ExecutionError, FileError } from '../../src/errors.ts';
import { expectError } from '../expect-error.ts';
import { makeRun, metricsOf, runOnce, savingLearner, weightsOf } from './toy-run.ts';

const infiniteAt = (step: number) => ({
  onLearn: (call: number) => (call === step ? ('infinite' as const) : undefined),
});

test('nanPolicy stop: the steps around it are saved, and resuming gives what nanPolicy skip does', async () => {
  const { config, folder, output } = makeRun({ checkpointSteps: 100 });
  await expectError(
    runOnce(config, infiniteAt(7)),
    ExecutionError,
    /at step 7 but the loss is Infinity .*; the step changed nothing; the checkpoint of step 8 in '[^']*' is intact: if a batch is to blame, continue from it with nanPolicy=skip and --resume, which leaves out such steps; if the weights have grown too large, start again in another output with a lower learning rate$/,
  );
  const again = await runOnce({ ...config, nanPolicy: 'skip' }, { resume: true });
  expect([again.resumedFrom, again.state.step, again.state.skippedSteps]).toEqual([8, 26, 1]);
  const skipping = { ...config, nanPolicy: 'skip' as const, output: join(folder, 'skipping') };
  await runOnce(skipping, infiniteAt(7));
  expect(weightsOf(output)).toBe(weightsOf(skipping.output));
  expect(metricsOf(output).find(({ event }) => event === 'failed')).toMatchObject({ step: 8 });
});

test('a data file that changes under the run: what was done is saved, and goes on when it is put back', async () => {
  const { config, output } = makeRun({ checkpointSteps: 100, shuffle: false });
  const path = config.data as string;
  const text = readFileSync(path, 'utf8');
  const onLearn = (call: number) => {
    if (call === 4) writeFileSync(path, text.replaceAll('row', 'tow'));
    return undefined;
  };
  await expectError(
    runOnce(config, { onLearn }),
    DataError,
    /texts\.txt: expected the same rows as at the start .* restore it; the checkpoint of step \d+ in .* is intact/,
  );
  await expectError(
    runOnce(config, { resume: true }),
    ConfigError,
    /data\.0 \(51 rows before, other content now\)/,
  );
  writeFileSync(path, text);
  const again = await runOnce(config, { resume: true });
  expect(again.resumedFrom).toBeGreaterThanOrEqual(3);
  const whole = makeRun({ checkpointSteps: 100, shuffle: false });
  await runOnce(whole.config);
  expect(weightsOf(output)).toBe(weightsOf(whole.output));
});

test('a listener that throws: its own error leaves, the steps are saved, and a note says so', async () => {
  const { config, output } = makeRun({ checkpointSteps: 100 });
  const notes: string[] = [];
  const listener = {
    onStep: ({ step }: { step: number }) => {
      if (step >= 9) throw new TypeError('mine');
    },
    onNote: (note: string) => notes.push(note),
  };
  await expect(runOnce(config, { listener })).rejects.toThrow(new TypeError('mine'));
  expect(notes.at(-1)).toMatch(/the checkpoint of step 10 in '.*' is intact: .*--resume/);
  const again = await runOnce(config, { resume: true });
  expect([again.resumedFrom, again.state.step]).toEqual([10, 26]);
  const whole = makeRun({ checkpointSteps: 100 });
  await runOnce(whole.config);
  expect(weightsOf(output)).toBe(weightsOf(whole.output));
});

test('an evaluation without a correlation ends the run, and says why', async () => {
  const { config, folder } = makeRun({ checkpointSteps: 100 });
  const equal = join(folder, 'equal.csv');
  writeFileSync(equal, 'a,aaaa,3\nb,bbbbbbb,3\n');
  await expectError(
    runOnce({ ...config, evaluation: equal }),
    DataError,
    /equal\.csv: expected scores that differ.* all 2 are 3/,
  );
  const same = join(folder, 'same.csv');
  writeFileSync(same, 'a,a,1\nb,b,2\ncc,cc,3\n');
  await expectError(
    runOnce({ ...config, evaluation: { data: same, steps: 4 } }),
    ExecutionError,
    /evaluation on .*same\.csv to have a correlation but all 3 similarities are 1; nothing was saved yet/,
  );
  const sound = join(folder, 'sound.csv');
  writeFileSync(sound, 'a,aaaa,1\nb,bbbbbbb,4\nc,cc,2\ndddd,d,3\n');
  using learner = savingLearner();
  let call = 0;
  const encoder = learner.encoder.bind(learner);
  const collapsed: typeof learner.encoder = () => ({
    encode: async (texts) => ({ row: () => Float32Array.of(1, texts.length) }),
  });
  Object.assign(learner, { encoder: () => (call++ === 0 ? encoder() : collapsed()) });
  await expectError(
    runOnce({ ...config, evaluation: { data: sound, steps: 4 } }, { learner }),
    ExecutionError,
    /sound\.csv to have a correlation but all 4 similarities are 1; the checkpoint of step 4/,
  );
});

test('the best model gone: resuming names it, and goes on without keepBest', async () => {
  const { config, folder, output } = makeRun({ checkpointSteps: 100 });
  const path = join(folder, 'dev.csv');
  writeFileSync(path, 'a,aaaa,1\nb,bbbbbbb,4\nc,cc,2\ndddd,d,3\n');
  const evaluated = { ...config, evaluation: { data: path, steps: 2 } };
  const { state } = await runOnce(evaluated);
  const best = join(output, 'checkpoints', `best-${String(state.best?.step).padStart(8, '0')}`);
  rmSync(best, { recursive: true });
  await expectError(
    runOnce(evaluated, { resume: true }),
    FileError,
    /cannot read '.*best-\d+', the best model .*: it does not exist; put it back, or continue with keepBest=false/,
  );
  await runOnce({ ...evaluated, keepBest: false }, { resume: true });
});
