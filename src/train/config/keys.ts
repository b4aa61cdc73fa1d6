// What the schemas of configurations are made of: kinds of values with their messages, and two ways to write less, a text in
// place of a table (`shorthand`) and one value in place of a list of one (`oneOrMore`), which `--set` and messages know of.

import { z } from 'zod';

/** A text that is not empty. */
export const text = z.string('expected a text').min(1, 'expected a text that is not empty');
/** A whole number from `least`. */
export const whole = (least: number) =>
  z.int(`expected a whole number from ${least}`).min(least, `expected a whole number from ${least}`);
/** A finite number. */
export const number = z.number('expected a number').finite();
/** A number above 0. */
export const positive = number.gt(0, 'expected a number above 0');
/** A number from 0. */
export const fromZero = number.min(0, 'expected a number from 0');
/** A number from 0, below 1. */
export const share = fromZero.lt(1, 'expected a number from 0, below 1');
/** true or false. */
export const flag = z.boolean('expected true or false');

/** A table of known keys. */
export const table = <S extends z.core.$ZodLooseShape>(shape: S, expected = 'expected a table of keys') =>
  z.strictObject(shape, expected);

/** One of these names. */
export const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, `expected one of ${names.join(', ')}`);

const column = z.union(
  [text, whole(1).transform(String)],
  'expected the name of a column, or its number from 1',
);

/** Columns of a file, by name or number. */
export const columns = z.array(column, 'expected a list of columns').min(1, 'expected a list of columns');

/** Steps, or a share of all steps when it is below 1. */
export const warmup = fromZero.refine(
  (value) => value < 1 || Number.isInteger(value),
  'expected steps, a whole number, or a share below 1',
);

/** A key whose value may be a text alone: the most important of the values it stands for. */
export function shorthand<S extends z.ZodType, K extends keyof z.input<S> & string>(key: K, schema: S) {
  const short = z.preprocess(
    (value: z.input<S>[K] | z.input<S>) =>
      typeof value === 'string' ? ({ [key]: value } as z.input<S>) : (value as z.input<S>),
    schema,
  );
  return Object.assign(short, { shorthandKey: key });
}

/** A list, of which one element may stand alone. */
export function oneOrMore<S extends z.ZodType>(element: S, expected: string) {
  const list = z.preprocess(
    (value: z.input<S> | z.input<S>[]) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(element, expected).min(1, expected),
  );
  return Object.assign(list, { oneStandsAlone: true });
}
