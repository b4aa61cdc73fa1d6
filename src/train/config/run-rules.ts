// What the run's keys must not say together: a key that would be without effect, or that another one rules out, is refused by
// name. A key that is left at its default says nothing.

import type { RunConfig } from './run-config.ts';

/** A key, and what is wrong with it. */
export interface RuleProblem {
  path: readonly (string | number)[];
  message: string;
}

/** The problems of a configuration that is otherwise sound. @param evaluated whether the task has an evaluation */
export function runProblems(
  { earlyStopping, noDecay, weightDecay, optimizer, schedule, power, endLearningRate }: RunConfig,
  evaluated: boolean,
): RuleProblem[] {
  const problems: (RuleProblem | false)[] = [
    earlyStopping !== undefined &&
      !evaluated && {
        path: ['earlyStopping'],
        message: 'expected an evaluation, which it depends on: set evaluation, or leave this out',
      },
    noDecay !== undefined &&
      noDecay.length > 0 &&
      weightDecay === 0 &&
      optimizer.name !== 'lamb' && {
        path: ['noDecay'],
        message: 'expected a weightDecay above 0 to exempt parameters from: set it, or leave this out',
      },
    ...Object.entries({ power, endLearningRate }).map(
      ([key, value]) =>
        value !== undefined &&
        schedule !== 'polynomial' && {
          path: [key],
          message: 'expected the schedule polynomial, which has this option: set it, or leave this out',
        },
    ),
  ];
  return problems.filter((problem) => problem !== false);
}
