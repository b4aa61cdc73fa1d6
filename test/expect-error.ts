// What every refusal is held to: one of our errors, of one class, with a message of one line.

import { expect } from 'vitest';

import { LikewiseError } from '../src/errors.ts';

/** Awaits a rejection with one of our errors, of this class and with this message. */
export async function expectError(
  promise: Promise<unknown>,
  errorClass: new (message: string) => LikewiseError,
  message: RegExp,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, 'expected a rejection').toBeInstanceOf(LikewiseError);
  expect((error as LikewiseError).message).toMatch(message);
  expect((error as LikewiseError).message).not.toMatch(/\n/);
  expect((error as LikewiseError).constructor.name).toBe(errorClass.name);
}
