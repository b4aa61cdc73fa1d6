// Configurations of pretraining: what is refused and why, names of models, and that help names every key.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import type { PretrainingConfigInput } from '../../../src/tasks/pretraining/config.ts';
import { MODEL_NAMES, namedConfig, openModel } from '../../../src/tasks/pretraining/model-configurations.ts';
import { pretrainingTask } from '../../../src/tasks/pretraining/pretraining-task.ts';
import { checkConfig } from '../../../src/train/config/check-config.ts';
import { describeKeys } from '../../../src/train/config/config-help.ts';
import { tinyModel } from './small-run.ts';

const least = { model: './model', data: './text', output: './out' };
const check = (changes: Partial<PretrainingConfigInput>) =>
  checkConfig(pretrainingTask(), { ...least, ...changes }, 'the configuration');

it.each(Object.entries(pretrainingTask().readyConfigs))('%s is sound', (_, ready) => {
  expect(check(ready).task).toBe('pretraining');
});

describe('recipes', () => {
  const { readyConfigs } = pretrainingTask();

  it.each(['bert', 'bert-whole-word'])("%s has google-research/bert's rate and optimizer", (name) => {
    const { schedule, optimizer, weightDecay, noDecay, maxGradientNorm } = check(readyConfigs[name] ?? {});
    expect(schedule).toBe('bert'); // which falls from the first step on, and jumps where the warm-up ends
    expect([optimizer.convention, weightDecay, noDecay, maxGradientNorm]).toEqual([
      'bert',
      0.01,
      undefined,
      1,
    ]);
  });

  it.each(Object.keys(readyConfigs).filter((name) => name.startsWith('spanbert')))(
    '%s decays every parameter, as fairseq does',
    (name) => {
      const { schedule, endLearningRate, weightDecay, noDecay } = check(readyConfigs[name] ?? {});
      expect([schedule, endLearningRate, weightDecay, noDecay]).toEqual(['polynomial', 1e-9, 0.01, []]);
    },
  );

  it('without decay spanbert needs no list of what does not decay', () => {
    expect(check({ ...readyConfigs.spanbert, weightDecay: 0 }).weightDecay).toBe(0);
  });
});

describe('keys that contradict', () => {
  it.each<[Partial<PretrainingConfigInput>, RegExp]>([
    [{ objectives: { maskedWords: 0 } }, /"objectives": expected a weight above 0/],
    [{ objectives: { maskedWords: 1, nextSentence: 1 } }, /nextSentence.*examples=pairs/],
    [{ examples: 'pairs' }, /"examples": expected single/],
    [{ objectives: { maskedWords: 1, spanBoundary: 1 } }, /spanBoundary.*geometric or phrase/],
    [{ objectives: { causalLanguage: 1 } }, /"masking": expected none/],
    [{ masking: 'none' }, /maskedWords.*hides words/],
    [{ masking: 'permutation' }, /maskedWords.*hides words/],
    [{ masking: 'none', objectives: { permutationLanguage: 1 } }, /permutationLanguage.*expected masking/],
    [{ masking: 'phrase' }, /"phrases": expected phrases/],
    [{ phrases: 'entities' }, /"phrases": expected masking=phrase/],
    [{ masking: { name: 'subword', maxSpanLength: 3 } }, /maxSpanLength.*geometric/],
    [{ masking: { name: 'geometric', maxPredictions: 3 } }, /maxPredictions.*subword or whole-word/],
    [{ masking: 'geometric', maxLength: 12 }, /"maxLength": expected at least 14/],
    [{ masking: { name: 'geometric', maxSpanLength: 3 }, maxLength: 6 }, /at least 7/],
    [{ model: 'bert-small' }, /"tokenizer": expected a folder/],
    [{ model: 'bert-small', tokenizer: './t' }, /"weights": expected random/],
    [{ tokenizer: './t' }, /"tokenizer": expected none/],
    [{ phases: [{ steps: 1 }], epochs: 2 }, /"phases": expected none with phases/],
    [{ phases: [{ steps: 0.5 }, { steps: 5 }] }, /all as shares/],
    [{ phases: [{ steps: 0.5 }, { steps: 0.5 }] }, /"maxSteps": expected the steps of the run/],
    [{ phases: [{ steps: 0.5 }, { steps: 0.4 }], maxSteps: 10 }, /add up to 1/],
    [{ phases: [{ steps: 3 }], maxSteps: 4 }, /"maxSteps": expected the 3 steps/],
    [{ phases: [{ steps: 0 }] }, /"phases.0.steps": expected/],
    [{ masking: 'geometrik' as never }, /"masking.name": expected one of/],
    [{ maskng: 'subword' } as never, /unknown key "maskng".*masking/],
    [{ objectives: { maskedWord: 1 } as never }, /unknown key "objectives.maskedWord"; did you mean/],
  ])('%j', (changes, message) => {
    expect(() => check(changes)).toThrow(ConfigError);
    expect(() => check(changes)).toThrow(message);
  });
});

describe('models by name', () => {
  it('have the published shapes', () => {
    const millions = (name: (typeof MODEL_NAMES)[number]) => {
      const {
        layers,
        hiddenSize: h,
        intermediateSize: i,
        embeddingSize: e,
        ...config
      } = namedConfig(name, 30522, 0);
      const layer = 4 * h * h + 2 * h * i + 9 * h + i;
      const tables = (config.vocabularySize + config.maxPositions + 2) * e + 2 * e;
      return (layers * layer + tables + (e === h ? 0 : (e + 1) * h) + h * h + h) / 1e6;
    };
    const published = {
      'bert-tiny': 4.4,
      'bert-mini': 11.2,
      'bert-small': 28.8,
      'bert-medium': 41.4,
      'bert-base': 109.5,
    };
    for (const [name, size] of Object.entries(published)) {
      expect(millions(name as 'bert-tiny')).toBeCloseTo(size, 1);
    }
    expect(millions('bert-large')).toBeCloseTo(335.1, 0);
    for (const name of MODEL_NAMES)
      expect(namedConfig(name, 100, 0).hiddenSize % namedConfig(name, 100, 0).heads).toBe(0);
  });

  it('take their vocabulary from a tokenizer', async () => {
    const { config, transformer } = await openModel('bert-tiny', tinyModel);
    expect(config).toMatchObject({ vocabularySize: 60, hiddenSize: 128, padTokenId: 0, modelType: 'bert' });
    expect(transformer.path).toBe(tinyModel);
    expect((await openModel('factorised-tiny', tinyModel)).config).toMatchObject({
      modelType: 'electra',
      embeddingSize: 128,
    });
    expect((await openModel(tinyModel, undefined)).path).toBe(tinyModel);
    await expect(openModel('bert-smal', undefined)).rejects.toThrow(/did you mean bert-small/);
    await expect(openModel(join(tinyModel, 'none'), undefined)).rejects.toThrow(ConfigError);
  });
});

it('help has a line for every key', () => {
  const help = describeKeys(pretrainingTask());
  for (const key of [
    'masking.maxSpanLength',
    'objectives.spanBoundary',
    'phases.steps',
    'evaluation.maxTokens',
    'batchTokens',
    'learningRate',
  ]) {
    expect(help).toContain(key);
  }
});
