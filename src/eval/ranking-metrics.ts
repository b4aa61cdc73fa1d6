// Measures of ranked lists with binary relevance, as sentence-transformers' InformationRetrievalEvaluator has them:
//   accuracy@k   queries with a relevant document among the first k
//   precision@k  relevant among the first k / k        recall@k  relevant among the first k / all relevant
//   MRR@k        1 / rank of the first relevant, 0 past k
//   NDCG@k       sum over relevant of 1 / log2(rank + 1), over that of an ideal list
//   MAP@k        mean over min(k, all relevant) of the precision at each relevant rank
// each the mean over the queries.

/** The cut-offs that are measured. */
export const CUTOFFS = { accuracy: [1, 3, 5, 10], precision: [1, 3, 5, 10], recall: [1, 3, 5, 10] } as const;
export const LONGEST_RANKING = 100;

/** By name and cut-off: `recall@5`, `mrr@10`, `ndcg@10`, `map@100` and so on, in [0, 1]. */
export type RankingMetrics = Record<string, number>;

/** What a ranked list and the number of relevant documents give. @param hits whether rank 1, 2, … is relevant */
function ofOneQuery(hits: readonly boolean[], relevant: number): RankingMetrics {
  const among = (k: number) => hits.slice(0, k).filter(Boolean).length;
  const first = hits.slice(0, 10).indexOf(true);
  const gains = Array.from({ length: 10 }, (_, rank) => 1 / Math.log2(rank + 2));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  let found = 0;
  const precisions = hits.slice(0, LONGEST_RANKING).map((hit, rank) => {
    if (hit) found += 1;
    return hit ? found / (rank + 1) : 0;
  });
  return {
    ...Object.fromEntries(CUTOFFS.accuracy.map((k) => [`accuracy@${k}`, among(k) > 0 ? 1 : 0])),
    ...Object.fromEntries(CUTOFFS.precision.map((k) => [`precision@${k}`, among(k) / k])),
    ...Object.fromEntries(CUTOFFS.recall.map((k) => [`recall@${k}`, among(k) / relevant])),
    'mrr@10': first < 0 ? 0 : 1 / (first + 1),
    'ndcg@10':
      sum(gains.filter((_, rank) => hits[rank] === true)) / sum(gains.slice(0, Math.min(10, relevant))),
    'map@100': sum(precisions) / Math.min(LONGEST_RANKING, relevant),
  };
}

/**
 * @param rankings for each query, the ids of its best documents, best first
 * @param relevant for each query, the ids that are relevant, at least one
 */
export function rankingMetrics(
  rankings: readonly (readonly string[])[],
  relevant: readonly ReadonlySet<string>[],
): RankingMetrics {
  const totals: RankingMetrics = {};
  for (const [query, ranking] of rankings.entries()) {
    const ids = relevant[query] as ReadonlySet<string>;
    const hits = ranking.map((id) => ids.has(id));
    for (const [name, value] of Object.entries(ofOneQuery(hits, ids.size)))
      totals[name] = (totals[name] ?? 0) + value;
  }
  return Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / rankings.length]));
}
