// Multi-head attention over ragged batches with a streaming softmax: nothing of size length x length is stored. One
// rule describes every mask: query i sees key j of the same sequence when keyRank[j] <= queryRank[i]. No ranks is
// bidirectional (BERT), rank = position is causal, 0 over a source and 1, 2, 3 … over a target is UniLM's.
import { ArgumentError, ShapeError } from '../errors.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from './run-op.ts';

export interface AttentionOptions {
  heads: number;
  queryOffsets: Tensor; // int32 [sequences + 1]
  keyOffsets?: Tensor | undefined; // int32 [sequences + 1]; the queries' by default
  queryRank?: Tensor | undefined; // int32 [query tokens]
  keyRank?: Tensor | undefined; // int32 [key tokens]; the queries' by default
  /** `keyRank < queryRank` instead of `<=`: a query does not see its own rank (XLNet's query stream). */
  strict?: boolean | undefined;
  /** Factor of the dot products; 1 / sqrt(head dimension) by default. */
  scale?: number | undefined;
}

export interface AttentionResult {
  output: Tensor; // [query tokens, heads * head dimension]
  logSumExp: Tensor; // [query tokens, heads]
}

/**
 * Softmax attention per sequence and head; a query that sees nothing gives zeros.
 * @param query real [query tokens, heads * head dimension]
 * @param key, value real [key tokens, heads * head dimension]
 * @throws ShapeError, DTypeError, ArgumentError; ExecutionError on the next wait when offsets are not a ragged batch
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  return queueAttention(query, key, value, options, false).output;
}

/** {@link attention} with each row's `log(sum(exp(scale * query . key)))`, which its backward needs. */
export function attentionWithLogSumExp(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
): AttentionResult {
  return queueAttention(query, key, value, options, true) as AttentionResult;
}

function queueAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
  withLogSumExp: boolean,
) {
  const [tokens, width] = matrixShape('attention', 'query', query);
  const [keyTokens] = matrixShape('attention', 'key', key);
  checkShape('attention', 'key', key, [keyTokens, width]);
  checkShape('attention', 'value', value, [keyTokens, width]);
  const { heads } = options;
  if (!Number.isInteger(heads) || heads < 1) {
    throw new ArgumentError(`[attention] expected heads to be a positive integer but received ${heads}`);
  }
  if (width % heads !== 0) {
    throw new ShapeError(
      `[attention] expected query's width to be a multiple of ${heads} heads but received ${width}`,
    );
  }
  const keyRank = options.keyRank ?? options.queryRank;
  checkShape('attention', 'queryRank', options.queryRank, [tokens]);
  checkShape('attention', 'keyRank', keyRank, [keyTokens]);
  const output = Tensor.allocate(query.engine, query.dtype, [tokens, width]);
  const logSumExp = withLogSumExp ? Tensor.allocate(query.engine, query.dtype, [tokens, heads]) : undefined;
  runOp(
    'attention',
    [
      query,
      key,
      value,
      options.queryOffsets,
      options.keyOffsets ?? options.queryOffsets,
      options.queryRank,
      keyRank,
    ],
    [output, logSumExp],
    [heads, options.scale ?? 1 / Math.sqrt(width / heads), options.strict === true ? 1 : 0],
  );
  return { output, logSumExp };
}
