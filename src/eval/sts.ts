// Semantic textual similarity: how well the cosine of two texts' vectors follows people's scores, as Spearman's and
// Pearson's correlation over all pairs (Cer et al. 2017, arXiv 1708.00055).

import type { ScoredPair } from '../data/read-scored-pairs.ts';
import type { EncodeOptions } from '../embed/encode-options.ts';
import { DataError } from '../errors.ts';
import { pearson, spearman } from './correlation.ts';
import { cosine } from './cosine.ts';

/** What an evaluation needs of an encoder. */
export interface TextsEncoder {
  encode(texts: string[], options?: EncodeOptions): Promise<{ row(index: number): Float32Array }>;
}

/** The result of {@link evaluateSts}. */
export interface StsResult {
  /** Spearman's correlation, in [-1, 1]; NaN when every score or every cosine is equal. */
  spearman: number;
  /** Pearson's correlation, in [-1, 1]; NaN as for `spearman`. */
  pearson: number;
  /** Pairs that were scored. */
  pairs: number;
  /** Pairs left out because their score is empty. */
  skipped: number;
  /** Wall time of encoding and scoring. */
  seconds: number;
}

/**
 * Evaluates an encoder on scored pairs. Each different text is encoded once; cosines are summed in float64, and an
 * undefined cosine counts as 0.
 *
 * @param options Passed to `encoder.encode`.
 * @throws {DataError} Fewer than two pairs have a score.
 */
export async function evaluateSts(
  encoder: TextsEncoder,
  pairs: Iterable<ScoredPair> | AsyncIterable<ScoredPair>,
  options?: EncodeOptions,
): Promise<StsResult> {
  const scores: number[] = [];
  const rows: [number, number][] = [];
  const rowOf = new Map<string, number>();
  const row = (text: string) => {
    const known = rowOf.get(text);
    if (known !== undefined) return known;
    rowOf.set(text, rowOf.size);
    return rowOf.size - 1;
  };
  let skipped = 0;
  for await (const { first, second, score } of pairs) {
    if (score === null) {
      skipped += 1;
      continue;
    }
    scores.push(score);
    rows.push([row(first), row(second)]);
  }
  if (scores.length < 2) {
    throw new DataError(
      `expected at least two pairs with a score but found ${scores.length} (${skipped} without)`,
    );
  }
  const started = performance.now();
  const embeddings = await encoder.encode([...rowOf.keys()], options);
  const cosines = rows.map(([first, second]) => cosine(embeddings.row(first), embeddings.row(second)));
  return {
    spearman: spearman(cosines, scores),
    pearson: pearson(cosines, scores),
    pairs: scores.length,
    skipped,
    seconds: (performance.now() - started) / 1000,
  };
}
