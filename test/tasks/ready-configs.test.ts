// Every ready configuration is in the docs with its values, names its task and has a name that no other has.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { allTasks, DEFAULT_TASK } from '../../src/tasks/index.ts';
import type { ReadyConfig, Task } from '../../src/train/task.ts';

const folder = join(import.meta.dirname, '..', '..', 'docs');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
const docs = pages.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');

/** `batchSize=64 learningRate=3e-5`, as --set takes them. */
function settingsOf(config: object, prefix = ''): string {
  const pairs = Object.entries(config).flatMap(([key, value]) => {
    if (value === undefined || key === 'task') return [];
    if (typeof value === 'object' && !Array.isArray(value)) return [settingsOf(value, `${prefix}${key}.`)];
    return [`${prefix}${key}=${written(value)}`];
  });
  return pairs.join(' ');
}

function written(value: unknown): string {
  if (typeof value === 'number' && value > 0 && value < 1e-3) return value.toExponential();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const ready: [string, ReadyConfig, Task][] = allTasks().flatMap((task: Task) =>
  Object.entries(task.readyConfigs).map(([name, config]): [string, ReadyConfig, Task] => [
    name,
    config,
    task,
  ]),
);

test.each(ready)('%s: its values are in the docs, and it names its task', (name, config, task) => {
  expect(docs).toContain(`| \`${name}\` | \`${settingsOf(config)}\` |`);
  expect(config.task ?? DEFAULT_TASK).toBe(task.name);
});

test('no two have one name', () => {
  const names = ready.map(([name]) => name);
  expect(new Set(names).size).toBe(names.length);
});
