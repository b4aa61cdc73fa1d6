// Files whose names do not tell their format, before anything is read: those that are not there, and which key is missing.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, FileError } from '../../../src/errors.ts';
import { checkFormats } from '../../../src/tasks/sentence/check-formats.ts';
import { sentenceTask } from '../../../src/tasks/sentence/sentence-task.ts';
import { train } from '../../../src/tasks/train.ts';
import { checkConfig } from '../../../src/train/config/check-config.ts';
import { expectError } from '../../expect-error.ts';
import { scratchFolder } from '../../temporary-file.ts';
import { makeRun } from './small-run.ts';

const nameless = join(scratchFolder(), 'texts');
writeFileSync(nameless, 'a text\n');

test.each([
  [
    { data: nameless },
    /^key "data\.format": expected one of txt, jsonl, csv, tsv, .*'.*texts' does not say, but it is/,
  ],
  [{ data: ['x.txt', nameless] }, /^key "data\.1\.format": expected one of txt, jsonl, csv, tsv, /],
  [{ data: 'x.txt', evaluation: nameless }, /^key "evaluation\.format": expected one of csv, tsv, /],
])('a name that does not tell: the key to set is named: %j', async (change, message) => {
  const config = checkConfig(sentenceTask(), { model: 'm', output: 'o', ...change }, 'here');
  await expectError(checkFormats(config), ConfigError, message);
});

test('a name that was mistyped is of no file, and that is said, not that its format is unknown', async () => {
  const { folder, config } = makeRun('simcse-unsupervised');
  const typo = join(folder, 'typo');
  await expectError(train({ ...config, data: typo }), FileError, /^cannot read '.*typo': it does not exist/);
  await expectError(
    train({ ...config, evaluation: typo }),
    FileError,
    /^cannot read '.*typo': it does not exist/,
  );
});

test('with the format given, any name will do', async () => {
  const set = { path: nameless, format: 'txt' };
  const evaluation = { data: nameless, format: 'csv' };
  const config = checkConfig(sentenceTask(), { model: 'm', output: 'o', data: set, evaluation }, 'here');
  expect(await checkFormats(config)).toBeUndefined();
});
