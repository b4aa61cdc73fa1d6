// The precision in which an encoder's weight matrices are held and multiplied. Whatever passes from one op to the next, layer
// norm, softmax, sums and the residual stream among it, is float32 in any of them.
import { ArgumentError, BackendError } from '../../errors.ts';
import type { Engine } from '../../native/engine.ts';

/** `emulated-bfloat16` has the results of bfloat16 on a CPU that does not multiply in it, at float32's speed or less. */
export const PRECISIONS = ['float32', 'bfloat16', 'int8', 'emulated-bfloat16'] as const;

/** One of {@link PRECISIONS}. */
export type Precision = (typeof PRECISIONS)[number];

/** What an encoder can be trained in: rounding to int8 has no gradient. */
export const TRAINING_PRECISIONS = ['float32', 'bfloat16', 'emulated-bfloat16'] as const;

/** One of {@link TRAINING_PRECISIONS}. */
export type TrainingPrecision = (typeof TRAINING_PRECISIONS)[number];

/** What weights are stored in; bfloat16 is made from float32 when they are loaded. */
export type StoredPrecision = Extract<Precision, 'float32' | 'int8'>;

/** Whether the factors of products are rounded to bfloat16. */
export function roundsToBFloat16(precision: Precision): boolean {
  return precision === 'bfloat16' || precision === 'emulated-bfloat16';
}

/** @throws ArgumentError naming what there is */
export function checkPrecision(value: unknown): Precision {
  const known = PRECISIONS.find((precision) => precision === value);
  if (known !== undefined) return known;
  const choices = `${PRECISIONS.slice(0, -1).join(', ')} or ${PRECISIONS.at(-1)}`;
  throw new ArgumentError(`expected precision to be ${choices} but received ${String(value)}`);
}

/**
 * @param others to choose from instead
 * @throws BackendError for bfloat16 where the engine's backend has no instructions for it
 */
export function checkSupported(
  precision: Precision,
  { backend, nativeBFloat16 }: Engine,
  others: readonly Precision[],
): void {
  if (precision !== 'bfloat16' || nativeBFloat16) return;
  throw new BackendError(
    `expected instructions for bfloat16 (AVX-512-BF16 or AMX) but backend ${backend} has none: choose precision ` +
      `${others.join(' or ')}, or emulated-bfloat16, which gives its results without its speed`,
  );
}
