// The name that was probably meant: the one with the fewest typing mistakes (Damerau-Levenshtein distance, neighbouring
// letters exchanged counting as one), if they are few enough.

/** The nearest of `known`, or undefined when none is near. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of known) {
    const mistakes = distance(name.toLowerCase(), candidate.toLowerCase());
    if (mistakes < fewest) [best, fewest] = [candidate, mistakes];
  }
  return best;
}

function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1] ? 0 : 1;
      let fewest = Math.min(
        (last[column] as number) + 1,
        (current[column - 1] as number) + 1,
        (last[column - 1] as number) + same,
      );
      const exchanged = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (row > 1 && column > 1 && exchanged)
        fewest = Math.min(fewest, (beforeLast[column - 2] as number) + 1);
      current.push(fewest);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length] as number;
}
