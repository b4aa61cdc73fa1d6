// Multi-head attention over ragged batches with a streaming softmax, and its gradient, which makes the probabilities
// again: nothing of size length x length is stored. One rule describes every mask: query i sees key j of the same
// sequence when keyRank[j] <= queryRank[i]. No ranks is bidirectional (BERT), rank = position is causal, 0 over a source
// and 1, 2, 3 … over a target is UniLM's.

import type { BackwardStep } from '../../autograd/backward-step.ts';
import { record, recording } from '../../autograd/tape.ts';
import { ArgumentError, ShapeError } from '../../errors.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

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
  /** Probability of dropout on the probabilities of attention, 0 (by default) to below 1; what is kept is scaled up. */
  dropout?: number | undefined;
  /** What dropout is drawn by, beside `sequenceIds`: of the run and step, whole, 0 (by default) to 2^32 - 1. */
  seed?: number | undefined;
  /** The same, of the place in the model. */
  site?: number | undefined;
  /** int32 [sequences]; needed for dropout: a sequence's decisions depend on its id, not on its batch. */
  sequenceIds?: Tensor | undefined;
  /**
   * What the factors of products are, here and in the gradient: as they come, 'float32' (by default), or rounded to
   * 'bfloat16'. Softmax and sums are the same in both, and so are the tensors' dtypes.
   */
  precision?: 'float32' | 'bfloat16' | undefined;
}

export interface AttentionResult {
  output: Tensor; // [query tokens, heads * head dimension]
  logSumExp: Tensor; // [query tokens, heads]
}

export interface AttentionGradients {
  query: Tensor; // [query tokens, heads * head dimension]
  key: Tensor; // [key tokens, heads * head dimension]
  value: Tensor; // [key tokens, heads * head dimension]
}

/**
 * Softmax attention per sequence and head; a query that sees nothing gives zeros.
 * @param query real [query tokens, heads * head dimension]
 * @param key, value real [key tokens, heads * head dimension]
 * @throws ShapeError, DTypeError, ArgumentError; ExecutionError on the next wait when offsets are not a ragged batch
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions): Tensor {
  return attend(query, key, value, options, false).output;
}

/**
 * Attention of tokens to those of their own sequence, over queries, keys and values that lie side by side, as one linear
 * layer makes them; their gradients are written side by side too.
 * @param fused real [tokens, 3 * heads * head dimension]
 * @returns real [tokens, heads * head dimension]
 * @throws as {@link attention}
 */
export function selfAttention(
  fused: Tensor,
  options: Omit<AttentionOptions, 'keyOffsets' | 'keyRank'>,
): Tensor {
  const recorded = recording('selfAttention', [fused]);
  const parts = thirds('selfAttention', fused);
  const { output, logSumExp } = queueAttention(parts.query, parts.key, parts.value, options, recorded);
  if (!recorded) return output;
  const saved = [fused, output, logSumExp as Tensor] as const;
  recordAttention('selfAttention', output, saved, options, (step, [f, o, sums], same) => {
    const gradient = Tensor.allocate(f.engine, f.dtype, f.shape);
    const { query, key, value } = thirds('selfAttention', f);
    const result = { output: o, logSumExp: sums };
    attentionGradient(
      step.outputGradient,
      query,
      key,
      value,
      result,
      same,
      thirds('selfAttention', gradient),
    );
    step.give(fused, gradient);
  });
  return output;
}

/** Queries, keys and values, or their gradients, as columns of one matrix. @throws ShapeError */
export function thirds(op: string, fused: Tensor): AttentionGradients {
  const [, width] = matrixShape(op, 'fused', fused);
  if (width % 3 !== 0) {
    throw new ShapeError(`[${op}] expected fused of a width divisible by 3 but received ${width}`);
  }
  const part = (index: number) => fused.columns((index * width) / 3, ((index + 1) * width) / 3);
  return { query: part(0), key: part(1), value: part(2) };
}

/** Records with `saved` the tensors among the options, and gives both back when the gradient is made. */
function recordAttention<S extends readonly Tensor[]>(
  op: string,
  output: Tensor,
  saved: readonly [...S],
  options: AttentionOptions,
  backward: (step: BackwardStep, saved: readonly [...S], same: AttentionOptions) => void,
): void {
  const { queryOffsets, keyOffsets, queryRank, keyRank, sequenceIds } = options;
  const tensors = [queryOffsets, keyOffsets, queryRank, keyRank, sequenceIds, ...saved];
  record(op, [output], tensors, (step, [starts, keyStarts, rank, rankOfKey, ids, ...rest]) => {
    const same = {
      ...options,
      queryOffsets: starts as Tensor,
      keyOffsets: keyStarts,
      queryRank: rank,
      keyRank: rankOfKey,
      sequenceIds: ids,
    };
    backward(step, rest as unknown as readonly [...S], same);
  });
}

/**
 * {@link attention} with each row's `log(sum(exp(scale * query . key)))`, which its backward needs; only the output has a
 * gradient.
 */
export function attentionWithLogSumExp(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
): AttentionResult {
  return attend(query, key, value, options, true) as AttentionResult;
}

function attend(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
  withLogSumExp: boolean,
) {
  const recorded = recording('attention', [query, key, value]);
  const { output, logSumExp } = queueAttention(query, key, value, options, withLogSumExp || recorded);
  if (!recorded) return { output, logSumExp };
  const saved = [query, key, value, output, logSumExp as Tensor] as const;
  recordAttention('attention', output, saved, options, (step, [q, k, v, o, sums], same) => {
    const result = { output: o, logSumExp: sums };
    const gradients = attentionGradient(step.outputGradient, q, k, v, result, same);
    step.give(query, gradients.query);
    step.give(key, gradients.key);
    step.give(value, gradients.value);
  });
  return { output, logSumExp };
}

/**
 * The gradients of {@link attentionWithLogSumExp}, with the same options: dropout is drawn again, to the same bits.
 * @param outputGradient real [query tokens, heads * head dimension]
 * @param result what the forward gave; its logSumExp has no gradient of its own
 * @param into where the gradients go, new tensors by default; columns of one wide matrix will do
 * @throws ShapeError, DTypeError, ArgumentError; ExecutionError on the next wait when offsets are not a ragged batch
 */
export function attentionGradient(
  outputGradient: Tensor,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  result: AttentionResult,
  options: AttentionOptions,
  into?: AttentionGradients,
): AttentionGradients {
  const call = describe('attentionGradient', query, key, value, options);
  checkShape('attentionGradient', 'outputGradient', outputGradient, query.shape);
  checkShape('attentionGradient', 'output', result.output, query.shape);
  checkShape('attentionGradient', 'logSumExp', result.logSumExp, [call.tokens, call.heads]);
  const gradients = into ?? {
    query: Tensor.allocate(query.engine, query.dtype, query.shape),
    key: Tensor.allocate(query.engine, query.dtype, key.shape),
    value: Tensor.allocate(query.engine, query.dtype, key.shape),
  };
  checkShape('attentionGradient', 'queryGradient', gradients.query, query.shape);
  checkShape('attentionGradient', 'keyGradient', gradients.key, key.shape);
  checkShape('attentionGradient', 'valueGradient', gradients.value, key.shape);
  runOp(
    call.inBfloat16 ? 'attention_gradient_bfloat16' : 'attention_gradient',
    [
      outputGradient,
      query,
      key,
      value,
      options.queryOffsets,
      call.keyOffsets,
      options.queryRank,
      call.keyRank,
      options.sequenceIds,
      result.output,
      result.logSumExp,
    ],
    [gradients.query, gradients.key, gradients.value],
    [call.heads, call.scale, call.strict, call.dropout, call.seed, call.site],
  );
  return gradients;
}

function queueAttention(
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: AttentionOptions,
  withLogSumExp: boolean,
) {
  const call = describe('attention', query, key, value, options);
  const { engine, dtype } = query;
  const output = Tensor.allocate(engine, dtype, query.shape);
  const logSumExp = withLogSumExp ? Tensor.allocate(engine, dtype, [call.tokens, call.heads]) : undefined;
  runOp(
    call.inBfloat16 ? 'attention_bfloat16' : 'attention',
    [
      query,
      key,
      value,
      options.queryOffsets,
      call.keyOffsets,
      options.queryRank,
      call.keyRank,
      options.sequenceIds,
    ],
    [output, logSumExp],
    [call.heads, call.scale, call.strict, call.dropout, call.seed, call.site],
  );
  return { output, logSumExp };
}

/** The shapes of a call checked, and what its options leave open filled in. */
function describe(op: string, query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions) {
  const [tokens, width] = matrixShape(op, 'query', query);
  const [keyTokens] = matrixShape(op, 'key', key);
  checkShape(op, 'key', key, [keyTokens, width]);
  checkShape(op, 'value', value, [keyTokens, width]);
  const { heads, dropout = 0, seed = 0, site = 0, precision = 'float32' } = options;
  if (!Number.isInteger(heads) || heads < 1) {
    throw new ArgumentError(`[${op}] expected heads to be a positive integer but received ${heads}`);
  }
  if (width % heads !== 0) {
    throw new ShapeError(
      `[${op}] expected query's width to be a multiple of ${heads} heads but received ${width}`,
    );
  }
  const keyRank = options.keyRank ?? options.queryRank;
  checkShape(op, 'queryRank', options.queryRank, [tokens]);
  checkShape(op, 'keyRank', keyRank, [keyTokens]);
  if (!(dropout >= 0 && dropout < 1)) {
    throw new ArgumentError(`[${op}] expected dropout to be at least 0 and below 1 but received ${dropout}`);
  }
  if (dropout > 0 && options.sequenceIds === undefined) {
    throw new ArgumentError(`[${op}] expected sequenceIds, which dropout is drawn from`);
  }
  if (precision !== 'float32' && precision !== 'bfloat16') {
    throw new ArgumentError(
      `[${op}] expected precision to be float32 or bfloat16 but received ${String(precision)}`,
    );
  }
  const keyOffsets = options.keyOffsets ?? options.queryOffsets;
  const scale = options.scale ?? 1 / Math.sqrt(width / heads);
  return {
    tokens,
    heads,
    keyOffsets,
    keyRank,
    scale,
    inBfloat16: precision === 'bfloat16',
    strict: Number(options.strict === true),
    dropout,
    seed,
    site,
  };
}
