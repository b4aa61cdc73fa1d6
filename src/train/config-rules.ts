// What a configuration's keys must not say together: a key that would be without effect, or that another one rules out, is
// refused by name.

import type { ObjectiveConfig, TrainConfig } from './config.ts';

/** A key, and what is wrong with it. */
export interface RuleProblem {
  path: (string | number)[];
  message: string;
}

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
  'su-ntxent': ['head', 'maskedLanguageWeight', 'learnableTemperature'],
  triplet: ['head', 'margin', 'distance'],
  'cosine-regression': ['head'],
};

/** The problems of a configuration that is otherwise sound. */
export function checkRules(config: TrainConfig): RuleProblem[] {
  const own = config.data.flatMap(({ objective }, index) =>
    objective === undefined ? [] : [{ objective, path: ['data', index, 'objective'] }],
  );
  const headless = own.filter(({ objective }) => objective.head !== undefined);
  return [
    ...headless.map(({ path }) => ({
      path: [...path, 'head'],
      message: 'expected no head for one data set, since all share one: set objective.head',
    })),
    ...[{ objective: config.objective, path: ['objective'] }, ...own].flatMap(({ objective, path }) =>
      problemsOf(objective, config).map(({ path: key, message }) => ({ path: [...path, ...key], message })),
    ),
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
        'expected 0 with gradCache, for the pass over masked texts needs the memory of the whole batch: leave out one ' +
        'of the two, or bound the memory with recompute and accumulation',
    });
  }
  if (objective.learnableTemperature === true && temperature < 0.01) {
    problems.push({
      path: ['learnableTemperature'],
      message: `expected a temperature from 0.01, the least that is learned, but it begins at ${temperature}`,
    });
  }
  return problems;
}
