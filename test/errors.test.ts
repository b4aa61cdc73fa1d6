// The list of errors: each code has one class, and docs/errors.md lists them all.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as errors from '../src/errors.ts';

type ErrorClass = new (message: string, options?: ErrorOptions) => errors.LikewiseError;

const classes = Object.entries(errors as Record<string, unknown>).filter(
  (entry): entry is [string, ErrorClass] => typeof entry[1] === 'function' && entry[0] !== 'LikewiseError',
);

test('every code has exactly one class, and every class a code of the list', () => {
  const codes = classes.map(([, ErrorClass]) => new ErrorClass('').code);
  expect(codes.toSorted()).toEqual([...errors.ERROR_CODES].sort());
});

test.each(classes)('%s keeps its name, message and cause', (name, ErrorClass) => {
  const cause = new Error('because');
  const error = new ErrorClass('expected this but received that', { cause });
  expect(error).toBeInstanceOf(errors.LikewiseError);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name, message: 'expected this but received that', cause });
});

test('docs/errors.md lists every code with its class, a cause and a remedy, in order', () => {
  const text = readFileSync(join(import.meta.dirname, '..', 'docs', 'errors.md'), 'utf8');
  const rows = [...text.matchAll(/^\| `(LIKEWISE_\w+)` \| `(\w+)` \| (.{20,}) \| (.{20,}) \|$/gm)];
  expect(rows.map((row) => row[1])).toEqual([...errors.ERROR_CODES]);
  for (const [, code, name] of rows) {
    const ErrorClass = classes.find(([known]) => known === name)?.[1];
    expect(ErrorClass && new ErrorClass('').code).toBe(code);
  }
});
