// A step that fails in the engine, by an op or by want of memory: the error says what is lost and what to do, the last
// checkpoint is whole, and from it the run ends with the bits of one that nothing happened to. Steps that are not finite
// poison nothing.

import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExecutionError, OutOfMemoryError } from '../../src/errors.ts';
import { readCheckpoint } from '../../src/train/checkpoint/checkpoint.ts';
import { expectError } from '../expect-error.ts';
import type { ToyOptions } from './toy-learner.ts';
import { makeRun, runOnce, savingLearner, weightsOf } from './toy-run.ts';

/** The weights of a run that nothing happened to. */
async function undisturbed(): Promise<string> {
  const { config, output } = makeRun();
  await runOnce(config);
  return weightsOf(output);
}

const at = (
  call: number,
  fault: ReturnType<NonNullable<ToyOptions['onLearn']>>,
): Pick<ToyOptions, 'onLearn'> => ({
  onLearn: (now) => (now === call ? fault : undefined),
});

test('an op that fails: what is lost, what to do, a whole checkpoint, and the same bits from it', async () => {
  const { config, output } = makeRun();
  await expectError(
    runOnce(config, at(8, 'failing')),
    ExecutionError,
    /^\[train\] expected step 8 to be computed but it failed: \[gatherRows\] .*; the weights and moments in memory cannot be used until a checkpoint is loaded, and the checkpoint of step 5 in '.*checkpoints' is intact: fix the cause and continue with --resume$/,
  );
  const saved = await readCheckpoint(join(output, 'checkpoints'));
  expect([saved?.step, saved?.damaged]).toEqual([5, []]);
  const { resumedFrom } = await runOnce(config, { resume: true });
  expect(resumedFrom).toBe(5);
  expect(weightsOf(output)).toBe(await undisturbed());
});

test('before the first checkpoint the error says to start again', async () => {
  const { config } = makeRun();
  await expectError(
    runOnce(config, at(2, 'failing')),
    ExecutionError,
    /step 2 .* nothing was saved yet: fix the cause and start again$/,
  );
});

test('the values in memory are poisoned, and sound again when a checkpoint is loaded over them', async () => {
  const { config, output } = makeRun();
  using learner = savingLearner(at(8, 'failing'));
  await expect(runOnce(config, { learner })).rejects.toThrow(ExecutionError);
  const read = async () => (await learner.stores[0]?.values.float32Data())?.every(Number.isFinite);
  await expect(read()).rejects.toThrow(/gatherRows/);
  await runOnce(config, { learner, resume: true });
  expect(await read()).toBe(true);
  expect(weightsOf(output)).toBe(await undisturbed());
});

test('memory that cannot be had at the k-th allocation of a step, for every k', async () => {
  const { config, output } = makeRun();
  await expect(runOnce(config, at(8, 'failing'))).rejects.toThrow(/step 8/);
  let failures = 0;
  for (let allocation = 1; ; allocation++) {
    const faults = [undefined, { allocation }, { allocation: 0 }]; // in the first step alone
    const failing = runOnce(config, { resume: true, onLearn: (call) => faults[call] });
    const outcome = await failing.catch((error: unknown) => error);
    if (!(outcome instanceof Error)) break; // the fault lies behind the last allocation
    expect(outcome).toBeInstanceOf(OutOfMemoryError);
    expect(outcome.message).toMatch(
      /^\[train\] expected step 6 .* the checkpoint of step 5 in .* is intact: /,
    );
    expect((await readCheckpoint(join(output, 'checkpoints')))?.step).toBe(5);
    failures += 1;
  }
  expect(failures).toBeGreaterThan(20);
  expect(weightsOf(output)).toBe(await undisturbed());
});

test.each(['skip', 'stop'] as const)('nanPolicy %s poisons nothing', async (nanPolicy) => {
  const { config } = makeRun({ nanPolicy });
  using learner = savingLearner(at(8, 'infinite'));
  const outcome = await runOnce(config, { learner }).catch((error) => error);
  if (nanPolicy === 'stop') expect(outcome).toBeInstanceOf(ExecutionError);
  else expect(outcome.state).toMatchObject({ step: 26, skippedSteps: 1 });
  const [store] = learner.stores;
  expect((await store?.values.float32Data())?.every(Number.isFinite)).toBe(true);
  await expect(store?.gradients.data()).resolves.toBeDefined();
});
