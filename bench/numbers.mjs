// Numbers that a case and its peer in Python make alike.

/** Numbers in [-1, 1) from the element's index by an integer hash, the same as in peers/numbers_of.py. */
export function hashedNumbers(count, first, size = 1) {
  return Float32Array.from({ length: count }, (_, index) => {
    let x = Math.imul(first + index, 2654435761);
    x = Math.imul(x ^ (x >>> 16), 2246822519);
    return ((x ^ (x >>> 13)) / 2 ** 31) * size;
  });
}
