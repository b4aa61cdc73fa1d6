// What the keys of the pretraining task must not say together: a key that would be without effect, or that another one rules
// out, is refused by name.

import { type RuleProblem, runProblems } from '../../train/config/run-rules.ts';
import { learnedObjectives, type ObjectiveName, type PretrainingConfig } from './config.ts';
import { isModelName } from './model-configurations.ts';

/** The problems of a configuration that is otherwise sound. */
export function pretrainingProblems(config: PretrainingConfig): RuleProblem[] {
  return [
    ...objectiveProblems(config),
    ...modelProblems(config),
    ...maskingProblems(config),
    ...phaseProblems(config),
    ...textProblems(config),
    ...runProblems(config, config.evaluation !== undefined),
  ];
}

const problem = (wrong: boolean, path: RuleProblem['path'], message: string): RuleProblem[] =>
  wrong ? [{ path, message }] : [];

function objectiveProblems(config: PretrainingConfig): RuleProblem[] {
  const { examples, masking } = config;
  const learned = new Set<ObjectiveName>(learnedObjectives(config).map(({ name }) => name));
  const of = (name: ObjectiveName, wrong: boolean, message: string) =>
    problem(learned.has(name) && wrong, ['objectives', name], message);
  const hides = masking.name !== 'none' && masking.name !== 'permutation';
  return [
    ...problem(learned.size === 0, ['objectives'], 'expected a weight above 0 for at least one objective'),
    ...of('maskedWords', !hides, `expected masking that hides words, but it is ${masking.name}`),
    ...of('nextSentence', examples !== 'pairs', 'expected examples=pairs, which it learns from'),
    ...of(
      'spanBoundary',
      masking.name !== 'geometric' && masking.name !== 'phrase',
      `expected masking of spans, geometric or phrase, but it is ${masking.name}`,
    ),
    ...of('permutationLanguage', masking.name === 'none', 'expected masking, which chooses what it predicts'),
    ...problem(
      learned.size === 1 && learned.has('causalLanguage') && masking.name !== 'none',
      ['masking'],
      'expected none if only causalLanguage is learned, because it predicts every word: set masking=none',
    ),
    ...problem(
      examples === 'pairs' && !learned.has('nextSentence') && learned.size > 0,
      ['examples'],
      'expected single, because nextSentence is not learned: set it, or objectives.nextSentence',
    ),
  ];
}

function modelProblems({ model, tokenizer, weights }: PretrainingConfig): RuleProblem[] {
  const named = isModelName(model);
  return [
    ...problem(
      named && tokenizer === undefined,
      ['tokenizer'],
      `expected a folder with a tokenizer for the model that ${model} names: train one with likewise vocab`,
    ),
    ...problem(
      named && weights === 'model',
      ['weights'],
      `expected random, because ${model} names a shape without weights: set weights=random, or name a model folder`,
    ),
    ...problem(
      !named && tokenizer !== undefined,
      ['tokenizer'],
      'expected none with a model folder, which has its own: leave it out, or name a shape such as bert-small',
    ),
  ];
}

function maskingProblems({ masking, maxLength, phases }: PretrainingConfig): RuleProblem[] {
  const { name, maxPredictions, stopProbability, maxSpanLength } = masking;
  const only = (value: unknown, key: string, names: readonly string[]) =>
    problem(
      value !== undefined && !names.includes(name),
      ['masking', key],
      `expected masking ${names.join(' or ')}, which has it, but it is ${name}: leave it out`,
    );
  const shortest = Math.min(maxLength, ...(phases ?? []).map((phase) => phase.maxLength ?? maxLength));
  return [
    ...only(maxPredictions, 'maxPredictions', ['subword', 'whole-word']),
    ...only(stopProbability, 'stopProbability', ['geometric']),
    ...only(maxSpanLength, 'maxSpanLength', ['geometric']),
    ...problem(
      name === 'geometric' && shortest < (maxSpanLength ?? 10) + 4,
      ['maxLength'],
      `expected at least ${(maxSpanLength ?? 10) + 4}, a span of ${maxSpanLength ?? 10} words with a word at each side, ` +
        `[CLS] and [SEP], but it is ${shortest}`,
    ),
  ];
}

function phaseProblems({ phases, epochs, maxSteps }: PretrainingConfig): RuleProblem[] {
  if (phases === undefined) return [];
  const shares = phases.filter(({ steps }) => steps < 1);
  const sum = phases.reduce((total, { steps }) => total + steps, 0);
  return [
    ...problem(
      epochs !== undefined,
      ['phases'],
      'expected none with phases, because their steps set the length of the run; set maxSteps instead',
    ),
    ...problem(
      shares.length > 0 && shares.length < phases.length,
      ['phases'],
      'expected steps of all phases as whole numbers, or all as shares of the run',
    ),
    ...problem(
      shares.length > 0 && maxSteps === undefined,
      ['maxSteps'],
      'expected the steps of the run, because the steps of its phases are shares',
    ),
    ...problem(
      shares.length === phases.length && Math.abs(sum - 1) > 1e-6,
      ['phases'],
      `expected shares of phases that add up to 1 but they add up to ${sum}`,
    ),
    ...problem(
      shares.length === 0 && maxSteps !== undefined && sum !== maxSteps,
      ['maxSteps'],
      `expected the ${sum} steps of all phases, or none, but it is ${maxSteps}`,
    ),
  ];
}

function textProblems(config: PretrainingConfig): RuleProblem[] {
  const { masking, phrases, annotationField, examples, longSentences } = config;
  return [
    ...problem(
      masking.name === 'phrase' && phrases === undefined && annotationField === undefined,
      ['phrases'],
      'expected phrases that masking=phrase masks: entities or noun-phrases, or an annotationField',
    ),
    ...problem(
      masking.name !== 'phrase' && phrases !== undefined,
      ['phrases'],
      `expected masking=phrase, which masks them, but it is ${masking.name}: leave it out`,
    ),
    ...problem(
      examples === 'pairs' && longSentences !== undefined,
      ['longSentences'],
      'expected none with examples=pairs, which cuts long sentences at both ends: leave it out',
    ),
  ];
}
