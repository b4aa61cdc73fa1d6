// What a checkpoint belongs to: the data, the untrained model and the settings that decide what the run computes. Files
// count by their content, wherever they lie. Where anything differs, continuing would give weights that no single run has,
// so it is refused, and what changed is named. Another backend gives other bits of the same numbers, and a run may have to
// go on where the first one is not to be had: that is told.

import { ConfigError } from '../../errors.ts';
import type { RunConfig } from '../config/run-config.ts';
import type { OpenedTask, Task } from '../task.ts';

/** By what it is of: `batchSize`, `optimizer.beta1`, `data.0 (its rows)`, `model (config.json)`, `backend`. */
export type Fingerprint = Readonly<Record<string, string>>;

/** The learner's, whether it was chosen or the best of the machine. */
const backendName = 'backend';

/** The run's settings that do not change what is computed, only what of it is written, where, how often and how fast. */
const withoutEffect = [
  'keepBest',
  'output',
  'overwrite',
  'checkpointSteps',
  'keepCheckpoints',
  'logSteps',
  'threads',
  backendName,
  'nanPolicy',
];

/** The fingerprint of a run: every setting counts that is not known to be without effect. */
export function fingerprintOf(
  config: RunConfig,
  { name, comparedByContent }: Pick<Task, 'name' | 'comparedByContent'>,
  { source, learner, evaluation }: OpenedTask,
): Fingerprint {
  const model = Object.entries(learner.fingerprint).map(([what, sum]) => [`model (${what})`, sum]);
  return {
    ...settingsOf(config, '', [...withoutEffect, ...comparedByContent]),
    ...source.fingerprint,
    ...evaluation?.fingerprint,
    ...Object.fromEntries(model),
    task: name,
    [backendName]: learner.engine.backend,
  };
}

/** Each value of a table, and of the tables in it, by its path. @param without keys at its top that do not count */
export function settingsOf(table: object, path: string, without: readonly string[] = []): Fingerprint {
  const settings: Record<string, string> = {};
  for (const [key, value] of Object.entries(table)) {
    if (value === undefined || without.includes(key)) continue;
    const inner = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (inner) Object.assign(settings, settingsOf(value, `${path}${key}.`));
    else settings[`${path}${key}`] = JSON.stringify(value);
  }
  return settings;
}

/**
 * What was read, by its content: `data.0 (its rows)`.
 * @param amount `80 rows`, which a message names
 * @param sum SHA-256, hexadecimal
 */
export function contentOf(name: string, what: string, amount: string, sum: string): Fingerprint {
  return { [`${name} (its ${what})`]: `${amount}, ${sum}` };
}

/** Its schedule was laid out for the steps that it has done, so more of them are another run. */
const howToGoOn = (output: string) =>
  `. That run has ended: to train its model further, start a new run from it, with model=${output} and another output`;

/**
 * @param ended the output of a run that had done all its steps
 * @returns what is to be told of a resumed run
 * @throws ConfigError naming what differs
 */
export function checkFingerprint(saved: Fingerprint, now: Fingerprint, ended?: string): string[] {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])].filter(
    (name) => saved[name] !== now[name],
  );
  if (names.every((name) => name === backendName)) return names.map(() => backendWarning(saved, now));
  const changes = names.map((name) => describeChange(name, saved[name], now[name]));
  throw new ConfigError(
    `expected the data, model and settings of the run that is resumed but these changed: ${changes.join(', ')}; ` +
      `put them back, or start another run in another output${ended === undefined ? '' : howToGoOn(ended)}`,
  );
}

function backendWarning({ backend: before }: Fingerprint, { backend: now }: Fingerprint): string {
  return (
    `the run was computed by the backend ${before} and continues with ${now}: the last bits of its weights will differ from those ` +
    `of an uninterrupted run; backend=${before} avoids that, on a machine that has it`
  );
}

/** `batchSize (8 before, 4 now)`, `data.0 (80 rows before, other content now)`, `model (config.json)`. */
function describeChange(name: string, before: string | undefined, now: string | undefined): string {
  if (name.startsWith('model (')) {
    return before === undefined || now === undefined
      ? `${name.slice(0, -1)}: ${before === undefined ? 'not there before' : 'not there now'})`
      : name;
  }
  const [content] = / \(its [^)]+\)$/.exec(name) ?? [];
  if (content !== undefined) {
    const [had, has] = [before, now].map((text) => text?.split(',', 1)[0]);
    const after = had === has ? 'other content' : (has ?? 'none');
    return `${name.slice(0, -content.length)} (${had ?? 'none'} before, ${after} now)`;
  }
  const short = [before, now].every((value) => value === undefined || value.length < 60);
  return short ? `${name} (${before ?? 'not set'} before, ${now ?? 'not set'} now)` : name;
}
