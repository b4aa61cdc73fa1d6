// Runs of pretraining: every ready configuration learns and writes what its objectives make; phases have lengths, steps and
// schedules of their own; stopped anywhere and resumed, a run ends with the same bytes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AbortedError, ConfigError, DataError } from '../../../src/errors.ts';
import { pretrainingTask } from '../../../src/tasks/pretraining/pretraining-task.ts';
import { readyConfigs } from '../../../src/tasks/read-config.ts';
import type { TrainListener } from '../../../src/train/log/run-report.ts';
import { temporaryFile, temporaryFolder } from '../../temporary-file.ts';
import { architectureOf, metricsOf, run, smallConfig, smallText, writeTexts } from './small-run.ts';

const pairs = ['maskedWords', 'maskedAccuracy', 'maskedPerplexity', 'nextSentence', 'nextSentenceAccuracy'];
const masked = ['maskedWords', 'maskedAccuracy', 'maskedPerplexity'];
const expected: Record<string, [architecture: string, measured: string[]]> = {
  bert: ['BertForPreTraining', pairs],
  'bert-whole-word': ['BertForPreTraining', pairs],
  spanbert: ['BertForMaskedLM', [...masked, 'spanBoundary']],
  roberta: ['BertForMaskedLM', masked],
  causal: ['BertLMHeadModel', ['causalLanguage', 'causalAccuracy', 'causalPerplexity']],
  permutation: ['BertForMaskedLM', ['permutationLanguage', 'permutationAccuracy', 'permutationPerplexity']],
  'domain-adapt': ['BertForMaskedLM', masked],
  'spanbert-subword': ['BertForPreTraining', pairs],
  'spanbert-whole-word': ['BertForPreTraining', pairs],
  'spanbert-named-entity': ['BertForPreTraining', pairs],
  'spanbert-noun-phrase': ['BertForPreTraining', pairs],
  'spanbert-geometric': ['BertForPreTraining', pairs],
  'spanbert-2seq-nsp': ['BertForPreTraining', pairs],
  'spanbert-1seq': ['BertForMaskedLM', masked],
  'spanbert-1seq-sbo': ['BertForMaskedLM', [...masked, 'spanBoundary']],
};

it('has a ready configuration for every recipe, each of them tried here', () => {
  expect(Object.keys(pretrainingTask().readyConfigs).sort()).toEqual(Object.keys(expected).sort());
  for (const name of Object.keys(expected)) expect(readyConfigs()[name]?.task).toBe('pretraining');
});

const withoutPhrases = Object.entries(expected).filter(([name]) => !/entity|phrase/.test(name));

it.each(withoutPhrases)(
  '%s learns, and measures each loss by itself',
  async (name, [architecture, measured]) => {
    const folder = temporaryFolder();
    const config = smallConfig(name, folder, { maxSteps: 12 });
    const { steps, loss } = await run(config);
    expect(steps).toBe(12);
    expect(loss).toBeLessThan(8);
    expect(architectureOf(config.output)).toBe(architecture);
    const lines = metricsOf(config.output).filter(({ kind }) => kind === 'train');
    for (const figure of measured) expect([figure, lines[0]?.[figure]]).toEqual([figure, expect.any(Number)]);
    const losses = lines.map((line) => line.loss as number);
    expect(Math.min(...losses.slice(-3))).toBeLessThan(losses[0] as number);
  },
);

describe('phases', () => {
  const phases = [
    { steps: 4, maxLength: 8, warmup: 2 },
    { steps: 2, maxLength: 30, warmup: 0.5, learningRate: 5e-4 },
  ];

  it('have steps, lengths and schedules of their own', async () => {
    const folder = temporaryFolder();
    const config = smallConfig('roberta', folder, { phases, maxSteps: undefined });
    const { steps } = await run(config);
    expect(steps).toBe(6);
    const lines = metricsOf(config.output).filter(({ kind }) => kind === 'train');
    const rates = [0, 5e-4, 1e-3, 5e-4, 0, 5e-4];
    for (const [index, line] of lines.entries())
      expect(line.learningRate).toBeCloseTo(rates[index] as number, 9);
    const perSequence = lines.map(({ tokens, examples }, index) => {
      const before = lines[index - 1] ?? { tokens: 0, examples: 0 };
      return (
        ((tokens as number) - (before.tokens as number)) /
        ((examples as number) - (before.examples as number))
      );
    });
    expect(Math.max(...perSequence.slice(0, 4))).toBeLessThanOrEqual(8);
    expect(Math.min(...perSequence.slice(4))).toBeGreaterThan(12);
  });

  it('as shares take their part of maxSteps; a part of no step is refused', async () => {
    const shares = [
      { steps: 0.75, maxLength: 8 },
      { steps: 0.25, maxLength: 30 },
    ];
    const folder = temporaryFolder();
    expect((await run(smallConfig('roberta', folder, { phases: shares, maxSteps: 4 }))).steps).toBe(4);
    const none = smallConfig('roberta', temporaryFolder(), { phases: shares, maxSteps: 1 });
    await expect(run(none)).rejects.toThrow(ConfigError);
    await expect(run(none)).rejects.toThrow(/phases\.1\.steps/);
  });
});

describe('stopped and resumed', () => {
  const cases = {
    pairs: {
      stops: [1, 3],
      name: 'bert',
      changes: {
        phases: [
          { steps: 3, maxLength: 14, warmup: 1 },
          { steps: 3, maxLength: 30, warmup: 1 },
        ],
        maxSteps: undefined,
        accumulation: 2,
        duplicates: 2,
      },
    },
    spans: { stops: [4], name: 'spanbert', changes: { maxSteps: 6, maxLength: 24, shuffleTokens: 120 } },
    orders: { stops: [2], name: 'permutation', changes: { maxSteps: 6, maxLength: 24 } },
  } as const;

  it.each(Object.entries(cases))(
    '%s: at any step, the bytes are those of a run that was not',
    async (_, { name, changes, stops }) => {
      const once = temporaryFolder();
      const { heldOut } = writeTexts(once);
      const more = { ...changes, evaluation: { data: heldOut, format: 'sentences', steps: 2 } } as never;
      const whole = smallConfig(name, once, more);
      await run(whole);
      const sumOf = (output: string) =>
        createHash('sha256')
          .update(readFileSync(join(output, 'model.safetensors')))
          .digest('hex');
      const log = (output: string) =>
        metricsOf(output).filter(({ kind }) => kind !== 'event' && kind !== 'speed');
      for (const stop of stops) {
        const config = { ...smallConfig(name, temporaryFolder(), more), data: whole.data };
        const controller = new AbortController();
        const listener: TrainListener = {
          onStep: ({ step }) => {
            if (step === stop) controller.abort();
          },
        };
        await expect(run(config, { signal: controller.signal, listener })).rejects.toThrow(AbortedError);
        const { resumedFrom, steps } = await run(config, { resume: true });
        expect(resumedFrom).toBeGreaterThanOrEqual(stop);
        expect(steps).toBe(6);
        expect(sumOf(config.output)).toBe(sumOf(whole.output));
        expect(log(config.output)).toEqual(log(whole.output));
      }
    },
  );
});

describe('epochs', () => {
  it('are as long as their batches, counted beforehand', async () => {
    const config = smallConfig('domain-adapt', temporaryFolder(), {
      maxSteps: undefined,
      epochs: 2,
      maxLength: 16,
    });
    const { steps, tokens } = await run(config);
    const one = await run(
      smallConfig('domain-adapt', temporaryFolder(), { maxSteps: undefined, maxLength: 16 }),
    );
    expect(steps).toBeGreaterThan(one.steps);
    expect(tokens).toBe(2 * one.tokens);
  });
});

describe('text that cannot be used', () => {
  it.each([
    ['an empty file', 'bert', '', /empty/],
    ['blank lines', 'bert', '\n\n \n', /blank|expected text/],
    ['one document, for pairs', 'bert', smallText(1), /one document/],
    ['documents of one sentence, for pairs', 'bert', smallText(5, 1), /two sentences/],
  ])('%s is refused before anything is written', async (_, name, content, message) => {
    const data = temporaryFile('text.txt', content);
    const config = { ...smallConfig(name, temporaryFolder()), data };
    await expect(run(config)).rejects.toThrow(DataError);
    await expect(run(config)).rejects.toThrow(message);
  });

  it('sentences longer than a sequence are told of', async () => {
    const notes: string[] = [];
    const config = smallConfig('spanbert-1seq', temporaryFolder(), {
      maxLength: 9,
      masking: 'subword',
    });
    await run(config, { listener: { onNote: (note) => notes.push(note) } });
    expect(notes.join('\n')).toMatch(/longer than a sequence and are left out \(longSentences\)/);
  });
});
