// What the keys of the sentence task must not say together: a key that would be without effect, or that another one rules out, is
// refused by name. A key that is left at its default says nothing.

import { type RuleProblem, runProblems } from '../../train/config/run-rules.ts';
import { type ObjectiveConfig, objectiveOf, sentenceSchema, type TrainConfig } from './config.ts';

type Option = Exclude<keyof ObjectiveConfig, 'name'>;

/** Which options each objective has. */
const options: Record<ObjectiveConfig['name'], readonly Option[]> = {
  'simcse-unsupervised': ['head', 'hideEqualTexts', 'maskedLanguageWeight', 'learnableTemperature'],
  'simcse-supervised': [
    'head',
    'hardNegativeWeight',
    'hideEqualTexts',
    'maskedLanguageWeight',
    'learnableTemperature',
  ],
  'multiple-negatives': ['head', 'directions', 'partition', 'learnableTemperature'],
  'su-ntxent': ['head', 'maskedLanguageWeight', 'learnableTemperature'],
  triplet: ['head', 'margin', 'distance'],
  'cosine-regression': ['head'],
  custom: ['head', 'texts', 'scored'],
};

const defaults = sentenceSchema.parse({ model: '-', data: '-', output: '-' });

/** The problems of a configuration that is otherwise sound. */
export function sentenceProblems(config: TrainConfig): RuleProblem[] {
  const own = config.data.flatMap(({ objective }, index) =>
    objective === undefined ? [] : [{ objective, path: ['data', index, 'objective'] }],
  );
  const headless = own.filter(({ objective }) => objective.head !== undefined);
  return [
    ...headless.map(({ path }) => ({
      path: [...path, 'head'],
      message: 'expected no head for a single data set, because all share one: set objective.head',
    })),
    ...[{ objective: config.objective, path: ['objective'] }, ...own].flatMap(({ objective, path }) =>
      problemsOf(objective, config).map(({ path: key, message }) => ({ path: [...path, ...key], message })),
    ),
    ...withoutEffect(config),
    ...runProblems(config, config.evaluation !== undefined),
    ...replacedEverywhere(config),
  ];
}

function problemsOf(objective: ObjectiveConfig, { gradCache, temperature }: TrainConfig): RuleProblem[] {
  const { name, ...given } = objective;
  const known = options[name];
  const foreign = Object.entries(given)
    .filter(([key, value]) => value !== undefined && !known.includes(key as Option))
    .map(([key]) => ({ path: [key], message: `expected an option of ${name}: ${known.join(', ')}` }));
  const problems: RuleProblem[] = [...foreign];
  if ((objective.maskedLanguageWeight ?? 0) > 0 && gradCache > 0) {
    problems.push({
      path: ['maskedLanguageWeight'],
      message:
        'expected 0 with gradCache, because the pass over masked texts needs the memory of the whole batch: leave out one ' +
        'of the two, or bound the memory with recompute and accumulation',
    });
  }
  if (objective.learnableTemperature === true && temperature < 0.01) {
    problems.push({
      path: ['learnableTemperature'],
      message: `expected a temperature of at least 0.01, the smallest that is learned, but it starts at ${temperature}`,
    });
  }
  return problems;
}

/** Keys that nothing in the configuration looks at. */
function withoutEffect(config: TrainConfig): RuleProblem[] {
  const { data, temperature, mixing } = config;
  const learned = data.map((set) => ({ set, objective: objectiveOf(set, config) }));
  const tempered = learned.some(({ objective }) => options[objective.name].includes('learnableTemperature'));
  const [{ objective: first }] = learned as [(typeof learned)[number]];
  const problems: (RuleProblem | false)[] = [
    !tempered &&
      temperature !== defaults.temperature && {
        path: ['temperature'],
        message: `expected an objective that divides cosines by it, but ${first.name} does not: leave it out`,
      },
    mixing !== defaults.mixing &&
      data.length === 1 && { path: ['mixing'], message: 'expected several data sets to mix: leave it out' },
    ...learned.map(
      ({ set, objective }, index) =>
        (objective.hardNegativeWeight ?? 0) !== 0 &&
        set.columns?.length === 2 && {
          path: [...(set.objective === undefined ? [] : ['data', index]), 'objective', 'hardNegativeWeight'],
          message: `expected triplets, but data.${index}.columns names pairs: leave it out, or name a third column`,
        },
    ),
  ];
  return problems.filter((problem) => problem !== false);
}

/** The run's, where every data set has its own; the head alone is the run's in any case. */
function replacedEverywhere(config: TrainConfig): RuleProblem[] {
  const keys = (['batchSize', 'noDuplicates'] as const).filter((key) => config[key] !== defaults[key]);
  const { name, head: _, ...rest } = config.objective;
  const given = Object.entries(rest).filter(
    ([, value]) => value !== undefined && value !== false && value !== 0,
  );
  const ofObjective =
    name === defaults.objective.name ? given.map(([key]) => ['objective', key]) : [['objective']];
  return [...keys.map((key) => [key]), ...ofObjective].flatMap((path) => {
    const [key] = path as [(typeof keys)[number] | 'objective'];
    if (config.data.some((set) => set[key] === undefined)) return [];
    const what = key === 'objective' ? 'an objective' : key;
    const message = `expected a data set without ${what} of its own, but every one has it: set it here or there, not in both; with a ready configuration that sets it, name none and give its other keys with --set`;
    return [{ path, message }];
  });
}
