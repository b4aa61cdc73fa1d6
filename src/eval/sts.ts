// Semantic textual similarity: how well the similarity of two texts' vectors, by the measure that the model names, follows
// people's scores, as Spearman's and Pearson's correlation over all pairs (Cer et al. 2017, arXiv 1708.00055).

import type { ScoredPair } from '../data/readers/read-scored-pairs.ts';
import type { EncodeOptions } from '../embed/encoder/encode-options.ts';
import { gatherVectors } from '../embed/vectors/vector-source.ts';
import { type FitOptions, Whitening } from '../embed/whitening/whitening.ts';
import { DataError } from '../errors.ts';
import type { SimilarityFunction } from '../io/model-folder/similarity-function.ts';
import { pearson, spearman } from './correlation.ts';
import { pairSimilarity } from './pair-similarity.ts';

/** What an evaluation needs of an encoder. */
export interface TextsEncoder {
  /** How its vectors are compared; cosine by default. */
  readonly similarityFunction?: SimilarityFunction;
  encode(texts: string[], options?: EncodeOptions): Promise<{ row(index: number): Float32Array }>;
}

/** Whitening of the vectors before they are compared: one that was fitted elsewhere, or on the evaluated sentences. */
export interface StsWhitening {
  /** `fit`: on all sentences of the pairs as they stand, repeated ones too, without scores, as the original does. */
  whitening: Whitening | 'fit';
  /** Components to keep. */
  components?: number | undefined;
  fitOptions?: FitOptions | undefined;
}

export interface StsOptions {
  /** Passed to `encoder.encode`. */
  encoding?: EncodeOptions | undefined;
  /** Instead of the measure that the model names; whitened vectors are compared by their cosine. */
  similarity?: SimilarityFunction | undefined;
  whiten?: StsWhitening | undefined;
}

/** What was done to the vectors. */
export interface StsWhiteningReport {
  /** `evaluated sentences`, or `another corpus`. */
  fittedOn: string;
  /** Vectors it was fitted on. */
  vectors: number;
  variant: string;
  components: number;
  rank: number;
  epsilon: number;
}

/** The result of {@link evaluateSts}. */
export interface StsResult {
  /** The measure that vectors were compared by. */
  similarity: SimilarityFunction;
  /** Spearman's correlation, in [-1, 1]; NaN when all scores or all similarities are equal, or a vector is not finite. */
  spearman: number;
  /** Pearson's correlation, in [-1, 1]; NaN as for `spearman`. */
  pearson: number;
  /** Pairs that were scored. */
  pairs: number;
  /** Pairs left out because their score is empty. */
  skipped: number;
  /** Wall time of encoding and scoring. */
  seconds: number;
  /** Why the correlations are undefined; only where they are. */
  undefinedBecause?: string;
  whitening?: StsWhiteningReport;
}

/**
 * Evaluates an encoder on scored pairs. Each different text is encoded once; similarities are summed in float64, and the
 * cosine of a vector of zeros counts as 0.
 *
 * @throws {DataError} Fewer than two pairs have a score.
 * @throws {ArgumentError} More components are asked for than the whitening has.
 */
export async function evaluateSts(
  encoder: TextsEncoder,
  pairs: Iterable<ScoredPair> | AsyncIterable<ScoredPair>,
  options: StsOptions = {},
): Promise<StsResult> {
  const { encoding, whiten } = options;
  const similarity = chosenSimilarity(encoder, options);
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
  const raw = await encoder.encode([...rowOf.keys()], encoding);
  const sentences = () => rows.flatMap((pair) => pair.map((index) => raw.row(index)));
  const whitening = whiten && (await chosenWhitening(whiten, sentences));
  const all = Array.from({ length: rowOf.size }, (_, index) => index);
  const embeddings =
    whitening === undefined
      ? raw
      : await whitening.transform(await gatherVectors(all.map((index) => raw.row(index))), {
          threads: whiten?.fitOptions?.threads,
          backend: whiten?.fitOptions?.backend,
        });
  const compare = pairSimilarity(similarity);
  const similarities = rows.map(([first, second]) => compare(embeddings.row(first), embeddings.row(second)));
  const undefinedBecause = reasonUndefined(similarities, scores);
  return {
    similarity,
    spearman: undefinedBecause === undefined ? spearman(similarities, scores) : Number.NaN,
    pearson: undefinedBecause === undefined ? pearson(similarities, scores) : Number.NaN,
    pairs: scores.length,
    skipped,
    seconds: (performance.now() - started) / 1000,
    ...(undefinedBecause !== undefined && { undefinedBecause }),
    ...(whitening && { whitening: reportOf(whitening, whiten?.whitening === 'fit') }),
  };
}

/** The measure asked for; of a whitening, what the model says that it is built into; or the encoder's own. */
export function chosenSimilarity(
  encoder: TextsEncoder,
  { similarity, whiten }: StsOptions,
): SimilarityFunction {
  return similarity ?? (whiten === undefined ? (encoder.similarityFunction ?? 'cosine') : 'cosine');
}

/** Why two lists have no correlation: a value that is not finite, or all of a list equal. */
export function reasonUndefined(
  similarities: readonly number[],
  scores: readonly number[],
): string | undefined {
  const equal = (values: readonly number[]) => values.every((value) => value === values[0]);
  const broken = similarities.filter((value) => !Number.isFinite(value)).length;
  if (broken > 0) return `the vectors of ${broken} of ${similarities.length} pairs are not finite`;
  if (equal(scores)) return `all ${scores.length} scores are ${scores[0]}`;
  if (equal(similarities)) return `all ${similarities.length} similarities are ${similarities[0]}`;
  return undefined;
}

/** All components that numpy's would have, in float64: the sentences are few. */
export function chosenWhitening(
  { whitening, components, fitOptions }: StsWhitening,
  sentences: () => Float32Array[],
): Promise<Whitening> | Whitening {
  if (whitening !== 'fit') return components === undefined ? whitening : whitening.truncate(components);
  return Whitening.fit(sentences(), { precision: 'float64', ...fitOptions, components });
}

/** What is told of a whitening. @param fitted whether on the evaluated sentences */
export function reportOf({ data, components, variant }: Whitening, fitted: boolean): StsWhiteningReport {
  const { count, rank, epsilon } = data;
  const fittedOn = fitted ? 'evaluated sentences' : 'another corpus';
  return { fittedOn, vectors: count, variant, components, rank, epsilon };
}
