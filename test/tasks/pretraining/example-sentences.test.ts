// Sentences with words left out, and the guesses at them: the same before and after, from the held-out text, in the log and
// the report; and a run that asks for them learns as one that does not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pretrainingTask } from '../../../src/tasks/pretraining/pretraining-task.ts';
import { train } from '../../../src/tasks/train.ts';
import type { Example } from '../../../src/train/examples.ts';
import { temporaryFolder } from '../../temporary-file.ts';
import { metricsOf, run, smallConfig, writeTexts } from './small-run.ts';

const examplesOf = (output: string) =>
  metricsOf(output).flatMap(({ kind, step, examples }) =>
    kind === 'examples' ? [{ step, examples: examples as unknown as Example[] }] : [],
  );

const filled = ({ text, places }: Example) =>
  text.map((piece, at) => piece + (places[at]?.right ?? '')).join('');

it('are of the held-out text, asked before and after, and change nothing', async () => {
  const folder = temporaryFolder();
  const { heldOut } = writeTexts(folder);
  const evaluation = { data: heldOut, format: 'sentences' as const };
  const config = smallConfig('domain-adapt', folder, {
    maxSteps: 20,
    learningRate: 1e-2,
    evaluation,
  } as never);
  await run(config);
  const [before, after, ...rest] = examplesOf(config.output);
  expect([before?.step, after?.step, rest]).toEqual([0, 20, []]);
  const letters = (text: string) => text.replaceAll(/\s/g, '');
  const whole = letters(readFileSync(heldOut, 'utf8'));
  for (const [index, example] of (before?.examples ?? []).entries()) {
    expect(example.text).toHaveLength(example.places.length + 1);
    expect(whole).toContain(letters(filled(example)));
    expect(filled(after?.examples[index] as Example)).toBe(filled(example));
    for (const { guesses } of example.places) {
      const shares = guesses.map(({ probability }) => probability);
      expect(shares).toEqual(shares.toSorted((a, b) => b - a));
      expect(shares).toHaveLength(3);
    }
  }
  expect(before?.examples.length).toBeGreaterThan(0);
  expect(after).not.toEqual(before);
  const html = readFileSync(join(config.output, 'report.html'), 'utf8');
  expect(html).toContain('>after step 20</th>');
  expect(html).toContain('<figcaption>Masked accuracy');

  const task = pretrainingTask();
  const silent = {
    ...task,
    open: async (...given: Parameters<typeof task.open>) => ({
      ...(await task.open(...given)),
      examples: undefined,
    }),
  };
  const other = { ...config, output: join(folder, 'silent') };
  await train(other, { task: silent });
  expect(examplesOf(other.output)).toEqual([]);
  const weights = (output: string) => readFileSync(join(output, 'model.safetensors'));
  expect(weights(other.output).equals(weights(config.output))).toBe(true);
});

it('are none where masked words are not learned', async () => {
  const config = smallConfig('causal', temporaryFolder());
  await run(config);
  expect(examplesOf(config.output)).toEqual([]);
});
