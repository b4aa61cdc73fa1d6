// What a checkpoint belongs to: the data, the untrained model and the settings that decide what the run computes. Files
// count by their content, wherever they lie. Where anything differs, continuing would give weights that no single run has,
// so it is refused, and what changed is named. Another backend gives other bits of the same numbers, and a run may have to
// go on where the first one is not to be had: that is told.

import { join, relative } from 'node:path';
import { ConfigError } from '../errors.ts';
import { sha256OfFile } from '../io/files/file-hash.ts';
import { kindOf, listFolder } from '../io/files/folder-path.ts';
import { readModules } from '../io/model-folder/sentence-transformers.ts';
import type { TrainConfig } from './config.ts';

/** By what it is of: `batchSize`, `optimizer.beta1`, `data.0 (its rows)`, `model (config.json)`, `backend`. */
export type Fingerprint = Readonly<Record<string, string>>;

/** Rows of a file, by their content. */
export interface RowsContent {
  rows: number;
  /** SHA-256, hexadecimal. */
  sum: string;
}

/** The learner's, whether it was chosen or the best of the machine. */
const backendName = 'backend';

/** Settings that do not change what is computed, only what of it is written, where, how often and how fast. */
const withoutEffect = new Set([
  'model',
  'data',
  'evaluation',
  'keepBest',
  'output',
  'overwrite',
  'checkpointSteps',
  'keepCheckpoints',
  'logSteps',
  'threads',
  backendName,
  'nanPolicy',
]);

/** The same of a data set and of the evaluation: the rows that were read are looked at instead. */
const asRows = new Set(['path', 'onCorrupt']);
const asPairs = new Set(['data', 'columns', 'format', 'header']);

/** The fingerprint of a run. */
export function fingerprintOf(
  config: TrainConfig,
  data: readonly { length: number; fingerprint: string }[],
  { fingerprint: model, engine }: { fingerprint: Fingerprint; engine: { backend: string } },
  evaluation: RowsContent | undefined,
): Fingerprint {
  const content = data.map(({ length, fingerprint }) => ({ rows: length, sum: fingerprint }));
  return {
    ...settingsOf(config, '', withoutEffect),
    ...Object.assign({}, ...config.data.map((set, index) => settingsOf(set, `data.${index}.`, asRows))),
    ...settingsOf(config.evaluation ?? {}, 'evaluation.', asPairs),
    ...Object.fromEntries(content.map((rows, index) => [`data.${index} (its rows)`, textOf(rows)])),
    ...(evaluation && { 'evaluation.data (its rows)': textOf(evaluation) }),
    ...Object.fromEntries(Object.entries(model).map(([name, sum]) => [`model (${name})`, sum])),
    [backendName]: engine.backend,
  };
}

/** Each value of a table, and of the tables in it, by its path. */
function settingsOf(table: object, path: string, without: ReadonlySet<string>): Fingerprint {
  const settings: Record<string, string> = {};
  for (const [key, value] of Object.entries(table)) {
    if (value === undefined || without.has(key)) continue;
    const inner = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (inner) Object.assign(settings, settingsOf(value, `${path}${key}.`, new Set()));
    else settings[`${path}${key}`] = JSON.stringify(value);
  }
  return settings;
}

const textOf = ({ rows, sum }: RowsContent) => `${rows} rows, ${sum}`;

/**
 * @returns what is to be told of a resumed run
 * @throws ConfigError naming what differs
 */
export function checkFingerprint(saved: Fingerprint, now: Fingerprint): string[] {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])].filter(
    (name) => saved[name] !== now[name],
  );
  if (names.every((name) => name === backendName)) return names.map(() => backendWarning(saved, now));
  const changes = names.map((name) => describeChange(name, saved[name], now[name]));
  throw new ConfigError(
    `expected the data, model and settings of the run that is resumed but these changed: ${changes.join(', ')}; ` +
      'put them back, or begin another run in another output',
  );
}

function backendWarning({ backend: before }: Fingerprint, { backend: now }: Fingerprint): string {
  return (
    `the run was computed by the backend ${before} and goes on with ${now}: the last bits of its weights will not be those ` +
    `of an undisturbed run; backend=${before} gives those, on a machine that has it`
  );
}

/** `batchSize (8 before, 4 now)`, `data.0 (80 rows before, other content now)`, `model (config.json)`. */
function describeChange(name: string, before: string | undefined, now: string | undefined): string {
  if (name.startsWith('model (')) {
    return before === undefined || now === undefined
      ? `${name.slice(0, -1)}: ${before === undefined ? 'not there before' : 'not there now'})`
      : name;
  }
  const rows = ' (its rows)';
  if (name.endsWith(rows)) {
    const [had, has] = [before, now].map((text) => text?.split(',', 1)[0]);
    const after = had === has ? 'other content' : (has ?? 'none');
    return `${name.slice(0, -rows.length)} (${had ?? 'none'} before, ${after} now)`;
  }
  const short = [before, now].every((value) => value === undefined || value.length < 60);
  return short ? `${name} (${before ?? 'not set'} before, ${now ?? 'not set'} now)` : name;
}

const modelFiles =
  /^(.*config.*\.json|modules\.json|tokenizer.*\.json|special_tokens_map\.json|added_tokens\.json|vocab\..*|merges\.txt|.*\.safetensors)$/;

/** SHA-256 of each of a model folder's files that decide what it computes, those of its modules too. @throws FileError */
export async function modelFingerprint(path: string): Promise<Record<string, string>> {
  const modules = (await readModules(path)) ?? [];
  const sums: Record<string, string> = {};
  for (const folder of new Set([path, ...modules.map((module) => module.path)])) {
    if ((await kindOf(folder)) !== 'folder') continue; // that of a Normalize is often missing
    for (const name of await listFolder(folder)) {
      if (!modelFiles.test(name)) continue;
      sums[relative(path, join(folder, name))] = await sha256OfFile(join(folder, name));
    }
  }
  return sums;
}
