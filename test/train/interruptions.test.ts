// A run with evaluations, disturbed at every file operation it makes: by an error, by a kill, by a signal. Resumed, it ends as
// the run that nothing happened to: model, state, log, and nothing superfluous in its folder.

import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { TrainConfigInput } from '../../src/tasks/sentence/config.ts';
import { readCheckpoint } from '../../src/train/checkpoint/checkpoint.ts';
import { type Fault, withFault } from './failing-files.ts';
import { makeRun, metricsOf, runOnce, weightsOf } from './toy-run.ts';

vi.mock('node:fs/promises', async (original) =>
  (await import('./failing-files.ts')).failingFiles(await original<object>()),
);
vi.mock('node:fs', async (original) =>
  (await import('./failing-files.ts')).failingFiles(await original<object>()),
);

/** Two steps, evaluated and saved after each; every evaluation is better than the one before. */
function evaluatedRun(change: Partial<TrainConfigInput> = {}) {
  const run = makeRun({
    epochs: undefined,
    maxSteps: 2,
    checkpointSteps: 1,
    keepCheckpoints: 1,
    warmup: 0,
    ...change,
  });
  const path = join(run.folder, 'dev.csv');
  writeFileSync(path, 'a,aaaa,4\nb,bbbbbbb,1\nc,cc,3\ndddd,d,2\n');
  return {
    ...run,
    config: { ...run.config, evaluation: { data: path, steps: 1, metric: 'pearson' as const } },
  };
}

/** What a run that has ended left: what must not depend on how it came there. */
function outcomeOf(output: string, { state }: Awaited<ReturnType<typeof runOnce>>) {
  const lines = metricsOf(output).filter(({ kind }) => kind !== 'event' && kind !== 'speed');
  const names = [output, join(output, 'checkpoints')].flatMap((folder) => readdirSync(folder));
  const kept = names
    .filter((name) => !name.startsWith('events.'))
    .map((name) => name.replace(/(\d{8})-\d+$/, '$1'));
  return { weights: weightsOf(output), state, lines, kept: kept.sort() };
}

const failureOf = (run: Promise<unknown>) =>
  run.then(
    () => undefined,
    (error: Error) => error,
  );

async function undisturbed(change: Partial<TrainConfigInput> = {}) {
  const { config, output } = evaluatedRun(change);
  const outcome = outcomeOf(output, await runOnce(config));
  const last = outcome.state.totalSteps;
  expect(outcome.state.best?.step).toBe(last);
  expect(outcome.kept.filter((name) => name.startsWith('best-'))).toEqual([`best-0000000${last}`]);
  return outcome;
}

/** What an error says is saved must be whole. */
async function checkClaim(error: Error | undefined, output: string): Promise<void> {
  const claimed = /(?:the checkpoint of step|: step) (\d+) (?:in '.*' is intact|is saved)/.exec(
    error?.message ?? '',
  )?.[1];
  if (claimed === undefined) return;
  const saved = await readCheckpoint(join(output, 'checkpoints'));
  expect([saved?.step, saved?.damaged]).toEqual([Number(claimed), []]);
}

/** Names and what is in the files, but times, the log's events, and what is drawn of it. */
function contentOf(output: string): string {
  if (!existsSync(output)) return '';
  const files = readdirSync(output, { recursive: true, withFileTypes: true });
  const described = files.map((file) => {
    const path = join(file.parentPath, file.name);
    const text =
      file.isFile() && !/^events\.|report\.html/.test(file.name) ? readFileSync(path, 'latin1') : '';
    return `${path.slice(output.length)}: ${text.replaceAll(/.*"kind":"(event|speed)".*\n/g, '')}`;
  });
  return described
    .sort()
    .join('\n')
    .replaceAll(/\.[0-9a-f]{8}-\d+-[0-9a-f]{12}\.tmp/g, '.tmp');
}

/** A lock that a kill left before the process's number was in it counts for a minute. */
function age(lock: string): void {
  if (existsSync(lock)) utimesSync(lock, 0, 0);
}

const faults: [string, Fault, boolean][] = [
  ['an error', 'once', false],
  ['a kill', 'from then on', false],
  ['a signal', 'none', true],
];

test.each(faults)(
  '%s at every file operation: resumed, as if nothing had happened',
  async (_, fault, aborts) => {
    const whole = await undisturbed();
    let disturbed = 0;
    const resumed = new Set<string>(); // the rest of a run depends on nothing but what is in its folder
    for (let at = 1; ; at++) {
      const { config, output, folder } = evaluatedRun();
      const controller = new AbortController();
      let error: Error | undefined;
      const operations = await withFault(
        at,
        fault,
        async () => {
          error = await failureOf(runOnce(config, { signal: controller.signal }));
        },
        () => aborts && controller.abort(),
      );
      if (operations < at) break;
      if (error !== undefined) disturbed += 1;
      if (fault !== 'from then on') await checkClaim(error, output);
      const content = contentOf(output);
      if (!resumed.has(content)) {
        age(join(output, '.lock'));
        const outcome = outcomeOf(output, await runOnce(config, { resume: true }));
        expect(outcome, `operation ${at}: ${error?.message}`).toEqual(whole);
      }
      resumed.add(content);
      rmSync(folder, { recursive: true });
    }
    expect(disturbed).toBeGreaterThan(20);
  },
  300_000,
);

test('a signal before every evaluation, and in the resumed run after it: nothing is lost', async () => {
  const change = { maxSteps: 4, checkpointSteps: 100 };
  const whole = await undisturbed(change);
  for (const step of [1, 2, 3, 4]) {
    const { config, output } = evaluatedRun(change);
    const stops = [
      { onStep: (result: { step: number }) => result.step === step },
      { onEvaluation: () => true },
      { onEvaluation: () => true },
      { onStep: () => true },
    ];
    for (const stop of stops) {
      const controller = new AbortController();
      const on =
        (method: keyof typeof stop) =>
        (...given: never[]) => {
          if ((stop[method] as ((...given: never[]) => boolean) | undefined)?.(...given)) controller.abort();
        };
      const listener = { onStep: on('onStep' as never), onEvaluation: on('onEvaluation' as never) };
      await checkClaim(
        await failureOf(runOnce(config, { resume: true, signal: controller.signal, listener })),
        output,
      );
    }
    expect(outcomeOf(output, await runOnce(config, { resume: true }))).toEqual(whole);
  }
});

test('the newest checkpoint damaged: the one before it still has its best model', async () => {
  const { config, output } = evaluatedRun({ keepCheckpoints: 2 });
  const whole = outcomeOf(output, await runOnce(config));
  expect(whole.kept).toEqual(expect.arrayContaining(['best-00000001', 'best-00000002']));
  writeFileSync(join(output, 'checkpoints', 'step-00000002', 'state.json'), '{}');
  const again = await runOnce(config, { resume: true });
  expect(again.resumedFrom).toBe(1);
  expect(outcomeOf(output, again)).toEqual(whole);
});
