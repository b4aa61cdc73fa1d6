// Attention on plain arrays (`likewise/kernels`).
import { ArgumentError, ShapeError } from '../errors.ts';
import { Engine, type EngineOptions } from '../native/engine.ts';
import { attentionWithLogSumExp } from '../ops/attention/attention.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkArguments, checkFlag, checkFloats, checkInts } from './array-arguments.ts';

/** Arguments of {@link fusedAttention}. */
export interface FusedAttentionOptions extends EngineOptions {
  /** [query tokens, heads * headDim], sequences laid end to end, row-major. */
  query: Float32Array;
  /** [key tokens, heads * headDim] */
  key: Float32Array;
  /** [key tokens, heads * headDim] */
  value: Float32Array;
  /** [sequences + 1]; sequence s owns tokens cuSeqlens[s] to cuSeqlens[s + 1] of the queries, and of the keys by default. */
  cuSeqlens: Int32Array;
  /** [sequences + 1] of the keys, where they are fewer or more than the queries. */
  keyCuSeqlens?: Int32Array;
  heads: number;
  /**
   * [query tokens]; query i sees key j of its sequence when `keyRank[j] <= rank[i]`. None: all keys. The position: causal.
   * 0 over a source, then 1, 2, 3 …: UniLM's sequence-to-sequence mask.
   */
  rank?: Int32Array;
  /** [key tokens]; `rank` by default. */
  keyRank?: Int32Array;
  /** See only keys of a rank below one's own. */
  strict?: boolean;
  /** Factor of the dot products; 1 / sqrt(headDim) by default. */
  scale?: number;
}

const KEYS = 'query key value cuSeqlens keyCuSeqlens heads rank keyRank strict scale'.split(' ');

/** The output, and what a backward pass needs. */
export interface FusedAttentionResult {
  /** [query tokens, heads * headDim]; zeros for a query that sees nothing */
  output: Float32Array;
  /** [query tokens, heads]; log of the sum of exp(scale * query . key); -Infinity for a query that sees nothing */
  logSumExp: Float32Array;
}

/**
 * Multi-head softmax attention over a ragged batch, without padding and without a matrix of length x length.
 * @throws ArgumentError, ShapeError, DTypeError; BackendError
 */
export async function fusedAttention(options: FusedAttentionOptions): Promise<FusedAttentionResult> {
  checkArguments('fusedAttention', options, KEYS);
  const { query, key, value, cuSeqlens, heads, strict, scale } = options;
  checkFlag('fusedAttention', 'strict', strict);
  const keyCuSeqlens = options.keyCuSeqlens ?? cuSeqlens;
  const { tokens, keyTokens, width } = checkOptions(options, keyCuSeqlens);
  const engine = Engine.shared({ backend: options.backend, threads: options.threads });
  const result = scope(() => {
    const matrix = (name: string, data: Float32Array, rows: number) => {
      if (checkFloats('fusedAttention', name, data).length === rows * width)
        return Tensor.from(engine, data, [rows, width]);
      throw new ShapeError(
        `[fusedAttention] expected ${name} of ${rows} x ${width} elements, the size given by query and cuSeqlens, but received ${data.length}`,
      );
    };
    const ints = (name: string, data: Int32Array | undefined) =>
      data && Tensor.from(engine, checkInts('fusedAttention', name, data));
    return attentionWithLogSumExp(
      matrix('query', query, tokens),
      matrix('key', key, keyTokens),
      matrix('value', value, keyTokens),
      {
        heads,
        strict,
        scale,
        queryOffsets: Tensor.from(engine, cuSeqlens),
        keyOffsets: Tensor.from(engine, keyCuSeqlens),
        queryRank: ints('rank', options.rank),
        keyRank: ints('keyRank', options.keyRank),
      },
    );
  });
  const reading = [result.output.float32Data(), result.logSumExp.float32Data()] as const;
  result.output.dispose();
  result.logSumExp.dispose();
  const [output, logSumExp] = await Promise.all(reading);
  return { output, logSumExp };
}

/** Everything that the op underneath would refuse, in the names of the caller's options. */
function checkOptions(options: FusedAttentionOptions, keyCuSeqlens: Int32Array) {
  const { query, key, cuSeqlens, heads, rank, strict, scale } = options;
  if (!Number.isInteger(heads) || heads < 1) {
    throw new ArgumentError(`[fusedAttention] expected heads to be a positive integer but received ${heads}`);
  }
  const tokens = tokensOf('cuSeqlens', cuSeqlens);
  const keyTokens = tokensOf('keyCuSeqlens', keyCuSeqlens);
  if (keyCuSeqlens.length !== cuSeqlens.length) {
    throw new ShapeError(
      `[fusedAttention] expected keyCuSeqlens of as many sequences as cuSeqlens, ${cuSeqlens.length - 1}, but received ${keyCuSeqlens.length - 1}`,
    );
  }
  const width = widthOf('query', query, tokens) ?? widthOf('key', key, keyTokens) ?? heads;
  if (width % heads !== 0) {
    throw new ShapeError(
      `[fusedAttention] expected rows of a multiple of ${heads} heads but query has rows of ${width}`,
    );
  }
  const keyRank = options.keyRank ?? rank;
  const source = options.keyRank === undefined ? 'keyRank, which is rank by default,' : 'keyRank';
  for (const [name, ranks, length] of [
    ['rank', rank, tokens],
    [source, keyRank, keyTokens],
  ] as const) {
    if (ranks === undefined || checkInts('fusedAttention', name, ranks).length === length) continue;
    throw new ShapeError(
      `[fusedAttention] expected ${name} of one number per token, ${length}, but received ${ranks.length}`,
    );
  }
  if ((rank === undefined) !== (keyRank === undefined)) {
    throw new ArgumentError(
      '[fusedAttention] expected rank with keyRank, because they are compared with each other',
    );
  }
  if (strict === true && rank === undefined) {
    throw new ArgumentError('[fusedAttention] expected rank with strict: without ranks every key is seen');
  }
  if (scale !== undefined && !Number.isFinite(scale)) {
    throw new ArgumentError(`[fusedAttention] expected scale to be finite but received ${scale}`);
  }
  return { tokens, keyTokens, width };
}

/** The number of tokens that offsets describe: they start at 0 and never fall. */
function tokensOf(name: string, offsets: Int32Array): number {
  const last = checkInts('fusedAttention', name, offsets).at(-1);
  if (last === undefined || last < 0) {
    throw new ArgumentError(
      `[fusedAttention] expected ${name} to end with the number of tokens but received ${last}`,
    );
  }
  const fall = offsets.findIndex(
    (offset, index) => offset < (index === 0 ? 0 : (offsets[index - 1] as number)),
  );
  if (offsets[0] === 0 && fall < 0) return last;
  const found = fall > 0 ? `${offsets[fall]} after ${offsets[fall - 1]}` : `${offsets[0]} first`;
  throw new ArgumentError(
    `[fusedAttention] expected ${name} to start at 0 and never to decrease but received ${found}`,
  );
}

function widthOf(name: string, data: Float32Array, rows: number): number | undefined {
  checkFloats('fusedAttention', name, data);
  if (rows === 0) return undefined;
  if (data.length % rows === 0) return data.length / rows;
  throw new ShapeError(
    `[fusedAttention] expected ${name} to hold whole rows for ${rows} tokens but received ${data.length} elements`,
  );
}
