// Which task a configuration is of: the one that its key `task` names, else the default one.

import { ConfigError } from '../errors.ts';
import { nearestName } from '../options/nearest-name.ts';
import { describe } from '../train/config/check-config.ts';
import type { Task } from '../train/task.ts';
import { allTasks, DEFAULT_TASK } from './index.ts';

/** @throws ConfigError for a name that is no task's */
export function chooseTask(config: unknown, source: string): Task {
  const name = (config as { task?: unknown } | null | undefined)?.task ?? DEFAULT_TASK;
  const tasks: readonly Task[] = allTasks();
  const task = tasks.find((each) => each.name === name);
  if (task !== undefined) return task;
  const names = tasks.map((each) => each.name);
  const near = typeof name === 'string' ? nearestName(name, names) : undefined;
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new ConfigError(
    `${source}: key "task": expected one of ${names.join(', ')} but found ${describe(name)}${hint}`,
  );
}
