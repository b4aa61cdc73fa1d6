// likewise/kernels on plain typed arrays: the golden cases on every backend, and what it does with its arguments.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  ArgumentError,
  BackendError,
  DTypeError,
  ExecutionError,
  type LikewiseError,
  ShapeError,
} from '../src/errors.ts';
import {
  type CosineSoftmaxLossOptions,
  cosineSoftmaxLoss,
  covariance,
  type FusedAttentionOptions,
  fusedAttention,
  symmetricSvd,
} from '../src/kernels.ts';
import { loadAddon } from '../src/native/load.ts';

interface GoldenCase {
  name: string;
  heads: number;
  scale: number;
  cuSeqlensQ: number[];
  cuSeqlensK: number[];
  rankQ: number[] | null;
  rankK: number[] | null;
  strict: boolean;
  q: number[];
  k: number[];
  v: number[];
  output: number[];
  logSumExp: (number | null)[];
}

const golden = JSON.parse(readFileSync(new URL('golden/attention.json', import.meta.url), 'utf8')) as {
  cases: GoldenCase[];
};
const backends = loadAddon().description.backends.filter(
  ({ name, available }) => available && name !== 'mock',
);

/** A golden case's options; its scale is left out where it is the default. */
function optionsOf(given: GoldenCase): FusedAttentionOptions {
  const dim = given.q.length / (given.cuSeqlensQ.at(-1) || 1) / given.heads;
  const usual = given.q.length === 0 || Math.abs(given.scale - 1 / Math.sqrt(dim)) < 1e-6;
  const ints = (values: number[]) => Int32Array.from(values);
  return {
    query: Float32Array.from(given.q),
    key: Float32Array.from(given.k),
    value: Float32Array.from(given.v),
    cuSeqlens: ints(given.cuSeqlensQ),
    keyCuSeqlens: ints(given.cuSeqlensK),
    heads: given.heads,
    strict: given.strict,
    ...(given.rankQ === null ? {} : { rank: ints(given.rankQ) }),
    ...(given.rankK === null ? {} : { keyRank: ints(given.rankK) }),
    ...(usual ? {} : { scale: given.scale }),
  };
}

/** The largest difference relative to 1 + |expected|; null stands for -Infinity, which must be met exactly. */
function difference(actual: Float32Array, expected: readonly (number | null)[]): number {
  expect(actual.length).toBe(expected.length);
  return expected.reduce<number>((largest, wanted, index) => {
    const got = actual[index] as number;
    const error =
      wanted === null ? Number(got !== -Infinity) : Math.abs(got - wanted) / (1 + Math.abs(wanted));
    return Math.max(largest, Number.isNaN(error) ? Infinity : error);
  }, 0);
}

describe.each(backends)('fusedAttention on $name', ({ name: backend }) => {
  it.each(golden.cases)('$name', async (given) => {
    const { output, logSumExp } = await fusedAttention({ ...optionsOf(given), backend });
    expect(difference(output, given.output)).toBeLessThan(2e-6);
    expect(difference(logSumExp, given.logSumExp)).toBeLessThan(2e-6);
  });
});

const causal = golden.cases.find(({ name }) => name.startsWith('causal, twelve')) as GoldenCase;

describe('arguments', () => {
  it('keys are laid out and ranked as the queries by default', async () => {
    const { keyCuSeqlens, keyRank, ...rest } = optionsOf(causal);
    const { output } = await fusedAttention(rest);
    expect(difference(output, causal.output)).toBeLessThan(2e-6);
    expect([keyCuSeqlens, keyRank]).toEqual([rest.cuSeqlens, rest.rank]);
  });

  it('are copied when called: they may be changed and transferred at once', async () => {
    const options = optionsOf(causal);
    const arrays = [
      options.query,
      options.key,
      options.value,
      options.cuSeqlens,
      options.rank,
      options.keyRank,
    ];
    const result = fusedAttention(options);
    for (const array of arrays) array?.fill(-7);
    structuredClone(options.query.buffer, { transfer: [options.query.buffer as ArrayBuffer] });
    expect(difference((await result).output, causal.output)).toBeLessThan(2e-6);
  });

  it('may be views into larger buffers', async () => {
    const options = optionsOf(causal);
    const wide = new Float32Array(options.query.length + 9);
    wide.set(options.query, 3);
    const query = wide.subarray(3, 3 + options.query.length);
    expect(difference((await fusedAttention({ ...options, query })).output, causal.output)).toBeLessThan(
      2e-6,
    );
  });

  const shared = (array: Float32Array) => {
    const copy = new Float32Array(new SharedArrayBuffer(array.byteLength));
    copy.set(array);
    return copy;
  };
  const resizable = (array: Float32Array) => {
    const Resizable = ArrayBuffer as unknown as new (
      n: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer;
    const copy = new Float32Array(new Resizable(array.byteLength, { maxByteLength: 2 * array.byteLength }));
    copy.set(array);
    return copy;
  };
  type Refused = [
    string,
    (options: FusedAttentionOptions) => object,
    new (m: string) => LikewiseError,
    RegExp,
  ];
  it.each<Refused>([
    ['a shared buffer', ({ query }) => ({ query: shared(query) }), ArgumentError, /shared or resizable/],
    [
      'a resizable buffer',
      ({ value }) => ({ value: resizable(value) }),
      ArgumentError,
      /shared or resizable/,
    ],
    [
      'a query of broken rows',
      ({ query }) => ({ query: query.subarray(1) }),
      ShapeError,
      /query.* whole rows/,
    ],
    [
      'a key of another length',
      ({ key }) => ({ key: key.subarray(10) }),
      ShapeError,
      /expected key of 12 x 10/,
    ],
    [
      'a value of another length',
      ({ value }) => ({ value: value.subarray(1) }),
      ShapeError,
      /expected value of/,
    ],
    ['heads that do not divide', () => ({ heads: 3 }), ShapeError, /multiple of 3 heads but query/],
    ['no heads', () => ({ heads: 0 }), ArgumentError, /heads to be a positive integer but received 0/],
    [
      'a rank of another length',
      () => ({ rank: new Int32Array(3) }),
      ShapeError,
      /expected rank of one number per token, 12/,
    ],
    [
      'a keyRank of another length',
      () => ({ keyRank: new Int32Array(3) }),
      ShapeError,
      /expected keyRank of/,
    ],
    [
      'a keyRank alone',
      ({ rank }) => ({ rank: undefined, keyRank: rank }),
      ArgumentError,
      /rank with keyRank/,
    ],
    [
      'no offsets',
      () => ({ cuSeqlens: new Int32Array(0) }),
      ArgumentError,
      /cuSeqlens to end with the number/,
    ],
    [
      'negative offsets',
      () => ({ keyCuSeqlens: Int32Array.of(0, -1) }),
      ArgumentError,
      /keyCuSeqlens to end/,
    ],
    [
      'more sequences of keys',
      () => ({ keyCuSeqlens: Int32Array.of(0, 1, 12) }),
      ShapeError,
      /keyCuSeqlens of as many/,
    ],
    [
      'offsets that fall',
      () => ({ cuSeqlens: Int32Array.of(0, 13, 12) }),
      ArgumentError,
      /cuSeqlens.* 12 after 13/,
    ],
    [
      'offsets that fall below',
      () => ({ keyCuSeqlens: Int32Array.of(0, -3, 12) }),
      ArgumentError,
      /keyCuSeqlens.*-3 after 0/,
    ],
    [
      'offsets from 1',
      () => ({ cuSeqlens: Int32Array.of(1, 12) }),
      ArgumentError,
      /cuSeqlens to start at 0.* 1 first/,
    ],
    [
      'offsets from below 0',
      () => ({ cuSeqlens: Int32Array.of(-1, 12) }),
      ArgumentError,
      /cuSeqlens to start at 0.*-1 first/,
    ],
    [
      'a query of another type',
      () => ({ query: new Float64Array(120) }),
      DTypeError,
      /query to be a Float32Array/,
    ],
    ['a key of another type', () => ({ key: new Float64Array(120) }), DTypeError, /key to be a Float32Array/],
    ['a missing value', () => ({ value: undefined }), DTypeError, /value to be a Float32Array/],
    ['offsets of another type', () => ({ cuSeqlens: [0, 12] }), DTypeError, /cuSeqlens to be an Int32Array/],
    ['ranks of another type', () => ({ rank: new Float32Array(12) }), DTypeError, /rank to be an Int32Array/],
    ['a name with a slip', () => ({ ranks: 1 }), ArgumentError, /"ranks"; did you mean rank\?/],
    ['a word for a flag', () => ({ strict: 'no' }), ArgumentError, /strict to be true or false/],
    ['a scale that is no number', () => ({ scale: Number.NaN }), ArgumentError, /scale to be finite/],
    [
      'strict without ranks',
      () => ({ strict: true, rank: undefined, keyRank: undefined }),
      ArgumentError,
      /strict/,
    ],
    [
      'the mock device of our tests',
      () => ({ backend: 'mock' }),
      BackendError,
      /one of the backends .*received mock/,
    ],
    ['a backend that does not exist', () => ({ backend: 'avx1024' }), BackendError, /avx1024/],
  ])('%s is refused', async (_name, change, errorClass, message) => {
    const options = optionsOf(causal);
    const call = fusedAttention({ ...options, ...change(options) } as FusedAttentionOptions);
    const error = await call.then(
      () => 'accepted',
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(errorClass);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toMatch(/\[attention\]|queryRank|Offsets/);
  });
});

describe('cosineSoftmaxLoss', () => {
  const rows = () => Float32Array.of(1, 2, -1, 0.5, 3, 1);
  const options = (): CosineSoftmaxLossOptions => ({
    queries: rows(),
    candidates: rows().reverse(),
    dim: 2,
    scale: 20,
  });

  it('copies its arrays when called: they may be changed and transferred at once', async () => {
    const expected = await cosineSoftmaxLoss(options());
    expect(expected.loss).toBeGreaterThan(0);
    expect(expected.gradQueries).toHaveLength(6);
    const given = { ...options(), positives: Int32Array.of(0, 1, 2) };
    const result = cosineSoftmaxLoss(given);
    given.positives.fill(-7);
    given.candidates.fill(Number.NaN);
    structuredClone(given.queries.buffer, { transfer: [given.queries.buffer as ArrayBuffer] });
    expect(await result).toEqual(expected);
  });

  it('gives NaN for NaN, and zero gradients where no query has a positive', async () => {
    const queries = rows();
    queries[3] = Number.NaN;
    expect((await cosineSoftmaxLoss({ ...options(), queries })).loss).toBeNaN();
    const none = await cosineSoftmaxLoss({ ...options(), positives: Int32Array.of(-1, -1, -1) });
    expect(none).toEqual({
      loss: 0,
      gradQueries: new Float32Array(6),
      gradCandidates: new Float32Array(6),
      gradScale: 0,
    });
  });

  type Refused = [string, object, new (m: string) => LikewiseError, RegExp];
  it.each<Refused>([
    ['broken rows', { queries: new Float32Array(5) }, ShapeError, /queries to hold whole rows of dim 2/],
    ['no dim', { dim: undefined }, ArgumentError, /dim to be a positive integer but received undefined/],
    [
      'queries of another type',
      { queries: new Float64Array(6) },
      DTypeError,
      /queries to be a Float32Array but received Float64Array/,
    ],
    ['missing candidates', { candidates: undefined }, DTypeError, /a Float32Array but received undefined/],
    ['a name with a slip', { posetives: 1 }, ArgumentError, /unknown option "posetives"; did you mean posit/],
    ['a word for a flag', { symmetric: 'no' }, ArgumentError, /symmetric to be true or false .* a string/],
    ['positives of another type', { positives: [0, 1, 2] }, DTypeError, /positives to be an Int32Array/],
    ['too few positives', { positives: Int32Array.of(0) }, ShapeError, /positives of shape \[3\]/],
    ['fewer candidates', { candidates: rows().subarray(2) }, ShapeError, /as many candidates as queries/],
    ['half a range', { excluded: Int32Array.of(0, 1, 2) }, ShapeError, /pairs of bounds for each of 3/],
    [
      'ids of one side',
      { queryIds: Int32Array.of(0, 1, 2) },
      ArgumentError,
      /both queryIds and candidateIds/,
    ],
    [
      'groups in both directions',
      { rowGroups: Int32Array.of(0, 0, 0), symmetric: true },
      ArgumentError,
      /rowGroups or symmetric/,
    ],
    ['no scale', { scale: undefined }, ArgumentError, /scale to be finite/],
    ['an infinite logWeight', { logWeight: Infinity }, ArgumentError, /logWeight to be finite/],
    ['a backend that does not exist', { backend: 'avx1024' }, BackendError, /avx1024/],
    [
      'a positive beyond',
      { positives: Int32Array.of(0, 1, 3) },
      ExecutionError,
      /positives\[2\] to be a cand/,
    ],
    ['a group beyond', { rowGroups: Int32Array.of(0, 1, 3) }, ExecutionError, /rowGroups\[2\] to be a query/],
    [
      'a range beyond',
      { excluded: Int32Array.of(0, 1, 0, 1, 2, 4) },
      ExecutionError,
      /excluded\[2\] to hold/,
    ],
  ])('%s is refused', async (_name, change, errorClass, message) => {
    const error = await cosineSoftmaxLoss({ ...options(), ...change }).then(
      () => 'accepted',
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(errorClass);
    expect((error as Error).message).toMatch(message);
  });

  it('is told what is missing when it is called without options', async () => {
    const calls: ((options: never) => Promise<unknown>)[] = [
      cosineSoftmaxLoss,
      fusedAttention,
      covariance,
      symmetricSvd,
    ];
    for (const call of calls) {
      await expect(call(undefined as never)).rejects.toThrow(
        /\] expected its arguments in one object, \{ .* \}, but received undefined/,
      );
    }
  });
});
