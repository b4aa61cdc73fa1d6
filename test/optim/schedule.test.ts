// Schedules against their formulas, written out, and groups against names.
import { expect, test } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { parameterGroups, tensorGroups } from '../../src/optim/parameter-groups.ts';
import { type ScheduleName, scheduleFactor } from '../../src/optim/schedule.ts';

const factors = (name: ScheduleName, warmupSteps: number, totalSteps: number) =>
  Array.from({ length: totalSteps + 2 }, (_, step) =>
    scheduleFactor({ name, warmupSteps, totalSteps }, step),
  );

test('linear falls from the end of the warm-up to zero, as transformers has it', () => {
  expect(factors('linear', 0, 4)).toEqual([1, 0.75, 0.5, 0.25, 0, 0]);
  expect(factors('linear', 2, 6)).toEqual([0, 0.5, 1, 0.75, 0.5, 0.25, 0, 0]);
});

test('bert counts the decay from step 0, with a jump where the warm-up ends', () => {
  expect(factors('bert', 0, 4)).toEqual([1, 0.75, 0.5, 0.25, 0, 0]);
  expect(factors('bert', 2, 8)).toEqual([0, 0.5, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125, 0, 0]);
});

test('cosine', () => {
  const expected = [0, 1, (1 + Math.SQRT1_2) / 2, 0.5, (1 - Math.SQRT1_2) / 2, 0, 0];
  for (const [step, factor] of factors('cosine', 1, 5).entries()) {
    expect(factor).toBeCloseTo(expected[step] as number, 14);
  }
});

test('polynomial falls to its end by its power, after the warm-up', () => {
  const at = (step: number, power?: number, end?: number) =>
    scheduleFactor({ name: 'polynomial', warmupSteps: 2, totalSteps: 6, power, end }, step);
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((step) => at(step))).toEqual(factors('linear', 2, 6));
  expect([0, 1, 2, 4, 6, 9].map((step) => at(step, 2, 0.5))).toEqual([0, 0.5, 1, 0.625, 0.5, 0.5]);
  expect(1e-4 * at(6, 1, 1e-9 / 1e-4)).toBeCloseTo(1e-9, 20);
});

test('constant, and a run that is all warm-up', () => {
  expect(factors('constant', 2, 3)).toEqual([0, 0.5, 1, 1, 1]);
  expect(factors('linear', 2, 2)).toEqual([0, 0.5, 0, 0]);
  expect(() => factors('linear', 3, 2)).toThrow(ArgumentError);
});

const spans = [
  { name: 'embeddings.word_embeddings.weight', offset: 0, size: 30 },
  { name: 'embeddings.LayerNorm.weight', offset: 32, size: 4 },
  { name: 'embeddings.LayerNorm.bias', offset: 36, size: 4 },
  { name: 'encoder.layer.0.output.dense.weight', offset: 40, size: 16 },
  { name: 'encoder.layer.0.output.dense.bias', offset: 56, size: 4 },
];

test('biases and layer norms do not decay; neighbours with equal settings are one group', () => {
  const { ends, settings } = parameterGroups(spans, 64, { weightDecay: 0.5 });
  expect([...ends]).toEqual([32, 40, 56, 64]);
  expect([...settings]).toEqual([1, 0.5, 1, 0, 1, 0.5, 1, 0]);
  const plain = parameterGroups(spans, 64, { weightDecay: 0.5, noDecay: [] });
  expect([[...plain.ends], [...plain.settings]]).toEqual([[64], [1, 0.5]]);
});

test('learning-rate factors by pattern; one that matches nothing is a mistake', () => {
  const options = { weightDecay: 0, learningRateFactors: { '^embeddings': 0.25, dense: 2 } };
  const { ends, settings } = parameterGroups(spans, 64, options);
  expect([[...ends], [...settings]]).toEqual([
    [40, 64],
    [0.25, 0, 2, 0],
  ]);
  const wrong = (pattern: string) => () =>
    parameterGroups(spans, 64, { weightDecay: 0, learningRateFactors: { [pattern]: 2 } });
  expect(wrong('pooler')).toThrow(/"pooler" to match a parameter but it matches none of 5/);
  expect(() => parameterGroups(spans, 64, { weightDecay: 1, noDecay: ['bias$', 'nothing'] })).toThrow(
    /"nothing" to match a parameter but it matches none of 5/,
  );
  expect(wrong('(')).toThrow(/expected a regular expression but received "\("/);
});

test('for LAMB every parameter is a group, which adapts unless it is left out of decay', () => {
  const { ends, settings } = tensorGroups({ parameters: spans, size: 64 }, { weightDecay: 0.5 });
  expect([...ends]).toEqual([32, 36, 40, 56, 64]);
  expect([...settings]).toEqual([1, 0.5, 1, 1, 0, 0, 1, 0, 0, 1, 0.5, 1, 1, 0, 0]);
  const undecayed = tensorGroups({ parameters: spans, size: 64 }, { weightDecay: 0 });
  expect([...undecayed.settings]).toEqual([1, 0, 1, 1, 0, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0]);
});
