// Files whose names do not tell their format, in a run's words: a name that was mistyped is no file at all, and what is
// missing is a key of the configuration.

import { stat } from 'node:fs/promises';
import { formatByName } from '../../data/formats/file-format.ts';
import { ConfigError } from '../../errors.ts';
import { fileError } from '../../io/files/file-error.ts';
import type { TrainConfig } from './config.ts';

/** @throws FileError for one that is not there; ConfigError naming the key to set */
export async function checkFormats({ data, evaluation }: TrainConfig): Promise<void> {
  const keyOf = (index: number) => (data.length > 1 ? `data.${index}.format` : 'data.format');
  const files = data.map(({ path, format }, index) => ({
    path,
    format,
    key: keyOf(index),
    known: 'txt, jsonl, csv, tsv',
  }));
  if (evaluation !== undefined) {
    const { data: path, format } = evaluation;
    files.push({ path, format, key: 'evaluation.format', known: 'csv, tsv' });
  }
  for (const { path, format, key, known } of files) {
    if (format !== undefined || formatByName(path) !== undefined) continue;
    await stat(path).catch((error) => {
      throw fileError('read', path, error);
    });
    throw new ConfigError(
      `key "${key}": expected one of ${known}, because the name of '${path}' does not say, but it is missing`,
    );
  }
}
