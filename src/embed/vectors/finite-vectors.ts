// What an encoder gives is finite, or an error: a NaN in an index or a mean spoils everything beside it, and says nothing of
// where it came from. Weights are finite when they are loaded, but may be so large (damaged scales, say) that sums overflow.
import { ExecutionError } from '../../errors.ts';
import { indexOfNonFinite } from '../../io/safetensors/float-convert.ts';

/**
 * One look at each number: of encoding a short sentence with all-MiniLM-L6-v2 in int8 0.02 %, of its tokens 0.2 %.
 * @param vectors [rows, dimension]
 * @param model the folder that is to be looked at
 * @param textOf the number of a row's text, the row's own by default
 * @throws ExecutionError naming the text
 */
export function checkFinite(
  vectors: Float32Array,
  dimension: number,
  model: string,
  textOf = (row: number) => row,
): void {
  const bad = indexOfNonFinite(vectors);
  if (bad < 0) return;
  const text = textOf(Math.floor(bad / dimension));
  throw new ExecutionError(
    `expected finite vectors but that of text ${text} holds ${vectors[bad]} in component ${bad % dimension}: look at the ` +
      `weights of '${model}', of which some are so large that sums overflow, and fetch them again`,
  );
}
