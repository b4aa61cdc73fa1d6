// The largest few of many numbers.

/**
 * Indices of the `count` largest values, the largest first; of equal ones the earlier index comes first.
 * @param values without NaN
 */
export function likeliest(values: Float32Array, count: number): number[] {
  const kept: number[] = [];
  for (const [index, value] of values.entries()) {
    if (kept.length === count && value <= (values[kept[count - 1] as number] as number)) continue;
    let place = kept.length;
    while (place > 0 && value > (values[kept[place - 1] as number] as number)) place--;
    kept.splice(place, 0, index);
    if (kept.length > count) kept.pop();
  }
  return kept;
}
