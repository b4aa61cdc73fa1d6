// What a checkpoint belongs to: the data, the untrained model and the settings that decide what the run computes. Where
// they differ, continuing would give weights that no single run has, so it is refused, and what changed is named.

import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { sha256OfFile } from '../io/file-hash.ts';
import { listFolder } from '../io/folder-path.ts';
import type { TrainConfig } from './config.ts';

/** By what it is of: `batchSize`, `data.0`, `model: config.json`. */
export type Fingerprint = Record<string, string>;

/** Settings that do not change what is computed, only where it is written, how often and how fast. */
const withoutEffect = new Set([
  'model',
  'data',
  'output',
  'overwrite',
  'checkpointSteps',
  'keepCheckpoints',
  'logSteps',
  'threads',
  'backend',
  'nanPolicy',
]);

const modelFiles =
  /^(config\.json|modules\.json|sentence_bert_config\.json|tokenizer.*\.json|vocab\..*|merges\.txt|.*\.safetensors)$/;

/** The fingerprint of a run. `data` and `model` are of the content of their files, wherever those lie. */
export function fingerprintOf(
  config: TrainConfig,
  data: readonly { fingerprint: string }[],
  model: Readonly<Record<string, string>>,
): Fingerprint {
  const settings = Object.entries(config).filter(([key]) => !withoutEffect.has(key));
  return {
    ...Object.fromEntries(settings.map(([key, value]) => [key, JSON.stringify(value)])),
    ...Object.fromEntries(
      data.flatMap(({ fingerprint }, index) => {
        const {
          path: _path,
          onCorrupt: _policy,
          ...rest
        } = config.data[index] as TrainConfig['data'][number];
        return [
          [`data.${index} (its rows)`, fingerprint],
          [`data.${index}`, JSON.stringify(rest)],
        ];
      }),
    ),
    ...Object.fromEntries(Object.entries(model).map(([name, sum]) => [`model (${name})`, sum])),
  };
}

/** @throws ConfigError naming what differs */
export function checkFingerprint(saved: Fingerprint, now: Fingerprint): void {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(now)])].filter(
    (name) => saved[name] !== now[name],
  );
  if (names.length === 0) return;
  const changes = names.map((name) => {
    const [before, after] = [saved[name], now[name]];
    const short =
      [before, after].every((value) => value === undefined || value.length < 60) && !name.includes('(');
    return short ? `${name} (${before ?? 'not set'} before, ${after ?? 'not set'} now)` : name;
  });
  throw new ConfigError(
    `expected the data, model and settings of the run that is resumed but these changed: ${changes.join(', ')}; ` +
      'put them back, or begin another run in another output',
  );
}

/** SHA-256 of each of a model folder's files that decide what it computes. @throws FileError */
export async function modelFingerprint(folder: string): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const name of await listFolder(folder)) {
    if (modelFiles.test(name)) sums[name] = await sha256OfFile(join(folder, name));
  }
  return sums;
}
