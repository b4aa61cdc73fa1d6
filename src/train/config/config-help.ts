// Every key of a task's configuration in a line each, with its default: what `likewise train --help` prints.

import type { KeyHelp, Task } from '../task.ts';
import { runDefaults, runHelp } from './run-config.ts';

/** All keys, a line each: the task's own at the top, the run's, then those of tables. */
export function describeKeys({ help }: Pick<Task, 'help'>): string {
  const top = help.filter(({ prefix }) => prefix === '');
  const own = new Set(top.flatMap(({ lines }) => Object.keys(lines)));
  const lines = Object.fromEntries(Object.entries(runHelp).filter(([key]) => !own.has(key)));
  const run = { prefix: '', lines, defaults: runDefaults };
  return [...top, run, ...help.filter(({ prefix }) => prefix !== '')].flatMap(linesOf).join('\n');
}

function linesOf({ prefix, lines, defaults }: KeyHelp): string[] {
  return Object.entries(lines).map(([key, line]) => {
    const value = defaults[key];
    const shown =
      value === undefined ? '' : ` [${typeof value === 'string' ? value : JSON.stringify(value)}]`;
    return `  ${`${prefix}${key}`.padEnd(32)}${line}${shown}`;
  });
}
