// A configuration as the command line gives it: ready by name, or from a file, changed by `key=value` pairs.

import { ArgumentError } from '../errors.ts';
import { nearestName } from '../options/nearest-name.ts';
import { isConfigFile, readConfigFile } from '../train/config/config-file.ts';
import { setKey } from '../train/config/set-key.ts';
import type { ReadyConfig } from '../train/task.ts';
import { chooseTask } from './choose-task.ts';
import { allTasks } from './index.ts';

type Table = Record<string, unknown>;

/** Of every task, by name. */
export const readyConfigs = (): Readonly<Record<string, ReadyConfig>> =>
  Object.assign({}, ...allTasks().map((task) => task.readyConfigs));

/**
 * Reads a ready configuration by its name, or a file.
 * @throws FileError, FormatError, ConfigError
 */
export async function readConfig(nameOrPath: string): Promise<Table> {
  const ready = readyConfigs();
  if (Object.hasOwn(ready, nameOrPath)) return { ...ready[nameOrPath] };
  if (isConfigFile(nameOrPath)) return readConfigFile(nameOrPath);
  const names = Object.keys(ready);
  const near = nearestName(nameOrPath, names);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  throw new ArgumentError(
    `expected ${names.join(', ')}, or a file named .json or .yaml, but received ${nameOrPath}${hint}`,
  );
}

/**
 * Sets `a.b.c=value` in a configuration, by the keys of the task that it names.
 * @throws ArgumentError when the pair has no `=` or goes below something that is no table; ConfigError for an unknown task
 */
export function setValue(config: Table, pair: string): void {
  if (Object.hasOwn(readyConfigs(), pair) || isConfigFile(pair)) {
    const hint = "a configuration's name or file comes first, before --set";
    throw new ArgumentError(`expected key=value but received "${pair}": ${hint}`);
  }
  setKey(config, pair, chooseTask(config, 'the command line').schema);
}
