// The precision in which an encoder's weight matrices are held and multiplied. Whatever passes from one op to the next,
// attention, layer norm and the residual stream among it, is float32 in any of them.
import { ArgumentError } from '../errors.ts';

export const PRECISIONS = ['float32', 'int8'] as const;

/** One of {@link PRECISIONS}. */
export type Precision = (typeof PRECISIONS)[number];

/** @throws ArgumentError naming what there is */
export function checkPrecision(value: unknown): Precision {
  const known = PRECISIONS.find((precision) => precision === value);
  if (known !== undefined) return known;
  throw new ArgumentError(
    `expected precision to be ${PRECISIONS.join(' or ')} but received ${String(value)}`,
  );
}
