// The STS tasks of a year: several subsets, which papers join in different ways, so that a result names its aggregation.
//   all    one correlation over the pairs of every subset (SimCSE, sentence-transformers)
//   mean   the mean of the subsets' correlations
//   wmean  the same, weighted by their pairs (BERT-flow, BERT-whitening)
// Figures of different aggregations are not comparable.

import type { ScoredPair } from '../data/readers/read-scored-pairs.ts';
import type { EncodeOptions } from '../embed/encoder/encode-options.ts';
import { DataError } from '../errors.ts';
import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import {
  chosenSimilarity,
  chosenWhitening,
  evaluateSts,
  reportOf,
  type StsOptions,
  type StsWhiteningReport,
  type TextsEncoder,
} from './sts.ts';

export const STS_AGGREGATIONS = ['all', 'mean', 'wmean'] as const;
export type StsAggregation = (typeof STS_AGGREGATIONS)[number];

/** Both correlations, in [-1, 1]; NaN when all scores or all similarities are equal. */
export interface Correlations {
  spearman: number;
  pearson: number;
}

/** Scored pairs under the name of their subset, as `headlines`. */
export interface StsSubset {
  name: string;
  pairs: readonly ScoredPair[];
}

/** The figures of the aggregation asked for, and everything they could have been. */
export interface StsSubsetsResult extends Correlations {
  aggregation: StsAggregation;
  /** The measure that vectors were compared by. */
  similarity: SimilarityFunction;
  /** Pairs that were scored. */
  pairs: number;
  /** Pairs left out because their score is empty. */
  skipped: number;
  /** Wall time of encoding and scoring. */
  seconds: number;
  aggregations: Record<StsAggregation, Correlations>;
  subsets: (Correlations & { name: string; pairs: number; undefinedBecause?: string })[];
  /** Why the figures are undefined; only where they are. */
  undefinedBecause?: string;
  whitening?: StsWhiteningReport;
}

/**
 * `evaluateSts` on each subset and over all; each different text is encoded once, and a whitening is fitted once, on all.
 *
 * @throws {DataError} A subset has fewer than two pairs with a score; the message names it.
 */
export async function evaluateStsSubsets(
  encoder: TextsEncoder,
  subsets: readonly StsSubset[],
  aggregation: StsAggregation = 'all',
  options: StsOptions = {},
): Promise<StsSubsetsResult> {
  const { encoding, whiten } = options;
  const similarity = chosenSimilarity(encoder, options);
  for (const { name, pairs } of subsets) {
    const scored = pairs.filter(({ score }) => score !== null).length;
    if (scored < 2)
      throw new DataError(`${name}: expected at least two pairs with a score but found ${scored}`);
  }
  const started = performance.now();
  const every = subsets.flatMap(({ pairs }) => pairs);
  const known = await encodedOnce(encoder, every, encoding);
  const fitted = whiten && (await chosenWhitening(whiten, await sentenceVectors(known, every)));
  const chosen = { similarity, whiten: fitted && { whitening: fitted, fitOptions: whiten?.fitOptions } };
  const overall = await evaluateSts(known, every, chosen);
  const each: StsSubsetsResult['subsets'] = [];
  for (const { name, pairs } of subsets) {
    const {
      spearman,
      pearson,
      pairs: scored,
      undefinedBecause: reason,
    } = await evaluateSts(known, pairs, chosen);
    each.push({ name, spearman, pearson, pairs: scored, ...(reason && { undefinedBecause: reason }) });
  }
  const subset = each.find((one) => one.undefinedBecause !== undefined);
  const ofSubset = subset && `${subset.name}: ${subset.undefinedBecause}`;
  const undefinedBecause = aggregation === 'all' ? overall.undefinedBecause : ofSubset;
  const average = (weight: (pairs: number) => number): Correlations => ({
    spearman: each.reduce((sum, { spearman, pairs }) => sum + spearman * weight(pairs), 0),
    pearson: each.reduce((sum, { pearson, pairs }) => sum + pearson * weight(pairs), 0),
  });
  const aggregations = {
    all: { spearman: overall.spearman, pearson: overall.pearson },
    mean: average(() => 1 / each.length),
    wmean: average((pairs) => pairs / overall.pairs),
  };
  return {
    aggregation,
    similarity,
    ...aggregations[aggregation],
    pairs: overall.pairs,
    skipped: overall.skipped,
    seconds: (performance.now() - started) / 1000,
    aggregations,
    subsets: each,
    ...(undefinedBecause !== undefined && { undefinedBecause }),
    ...(fitted && { whitening: reportOf(fitted, whiten?.whitening === 'fit') }),
  };
}

/** The vectors of both sentences of every scored pair, when they are asked for. */
async function sentenceVectors(known: TextsEncoder, pairs: readonly ScoredPair[]) {
  const texts = pairs.filter(({ score }) => score !== null).flatMap(({ first, second }) => [first, second]);
  const vectors = await known.encode(texts);
  return () => texts.map((_, index) => vectors.row(index));
}

/** An encoder that knows the vectors of these pairs' texts already. */
async function encodedOnce(
  encoder: TextsEncoder,
  pairs: readonly ScoredPair[],
  options?: EncodeOptions,
): Promise<TextsEncoder> {
  const scored = pairs.filter(({ score }) => score !== null);
  const texts = [...new Set(scored.flatMap(({ first, second }) => [first, second]))];
  const embeddings = await encoder.encode(texts, options);
  const rows = new Map(texts.map((text, index) => [text, embeddings.row(index)]));
  return {
    encode: (asked) => {
      const found = asked.map((text) => rows.get(text) as Float32Array);
      return Promise.resolve({ row: (index) => found[index] as Float32Array });
    },
  };
}
