// The contrastive loss and its gradients on plain arrays (`likewise/kernels`).
import { ArgumentError, ShapeError } from '../errors.ts';
import { Engine, type EngineOptions } from '../native/engine.ts';
import { cosineSoftmaxLossAndGradients } from '../ops/loss/cosine-softmax-loss.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { checkArguments, checkFlag, checkFloats, checkInts } from './array-arguments.ts';

/** Arguments of {@link cosineSoftmaxLoss}. */
export interface CosineSoftmaxLossOptions extends EngineOptions {
  /** [queries, dim], row-major, of any length. */
  queries: Float32Array;
  /** [candidates, dim]; may be the queries themselves, whose gradient is then the sum of both. */
  candidates: Float32Array;
  dim: number;
  /** What cosines are multiplied by: 1 / temperature. */
  scale: number;
  /** [queries]; each query's own candidate, -1 for none; query i's is candidate i by default. Never hidden. */
  positives?: Int32Array;
  /**
   * [queries, 2 ranges]; query i does not see candidates `excluded[i][2 m]` up to `excluded[i][2 m + 1]`, the latter
   * not included. NT-Xent, where no row is its own candidate: i, i + 1.
   */
  excluded?: Int32Array;
  /** [queries] and [candidates], together: a query does not see candidates of its own id, equal texts say. */
  queryIds?: Int32Array;
  candidateIds?: Int32Array;
  /** [queries]; a candidate whose logit `logWeight` is added to, -1 for none: SimCSE's own hard negative. */
  weighted?: Int32Array;
  logWeight?: number;
  /** [queries], each below the number of queries: queries of one group share one sum of exponentials. */
  rowGroups?: Int32Array;
  /** The mean of both directions: each positive among all queries too. */
  symmetric?: boolean;
  /** Rows shorter than this count as this long; 1e-12 by default. */
  epsilon?: number;
}

const KEYS =
  'queries candidates dim scale positives excluded queryIds candidateIds weighted logWeight rowGroups symmetric epsilon'.split(
    ' ',
  );

/** The loss and its gradients. */
export interface CosineSoftmaxLossResult {
  loss: number;
  /** [queries, dim], of the queries as given, not of their unit vectors */
  gradQueries: Float32Array;
  /** [candidates, dim] */
  gradCandidates: Float32Array;
  gradScale: number;
}

/**
 * The contrastive loss over cosines with its gradients, in memory proportional to the rows: the mean over the queries with
 * a positive p of `log(sum_j exp z_ij) - z_ip`, `z_ij = scale cos(queries[i], candidates[j])`.
 * @throws ArgumentError, ShapeError, DTypeError; rejects with ExecutionError when a number names no candidate
 */
export async function cosineSoftmaxLoss(options: CosineSoftmaxLossOptions): Promise<CosineSoftmaxLossResult> {
  const op = 'cosineSoftmaxLoss';
  checkArguments(op, options, KEYS);
  const { queries, candidates, dim, scale, logWeight, symmetric, epsilon } = options;
  checkFlag(op, 'symmetric', symmetric);
  if (!Number.isInteger(dim) || dim < 1) {
    throw new ArgumentError(`[${op}] expected dim to be a positive integer but received ${dim}`);
  }
  if (!Number.isFinite(scale)) {
    throw new ArgumentError(`[${op}] expected scale to be finite but received ${scale}`);
  }
  const engine = Engine.shared({ backend: options.backend, threads: options.threads });
  const result = scope(() => {
    const matrix = (name: string, data: Float32Array) => {
      if (checkFloats(op, name, data).length % dim === 0)
        return Tensor.from(engine, data, [data.length / dim, dim]);
      throw new ShapeError(
        `[${op}] expected ${name} to hold whole rows of dim ${dim} but received ${data.length} elements`,
      );
    };
    const [left, right] = [matrix('queries', queries), matrix('candidates', candidates)];
    const rows = left.shape[0] as number;
    const ints = (name: 'positives' | 'queryIds' | 'candidateIds' | 'weighted' | 'rowGroups') => {
      const data = options[name];
      return data && Tensor.from(engine, checkInts(op, name, data));
    };
    return cosineSoftmaxLossAndGradients(
      left,
      right,
      {
        scale,
        logWeight,
        symmetric,
        epsilon,
        positives: ints('positives'),
        excluded: options.excluded && rangesOf(engine, options.excluded, rows),
        queryIds: ints('queryIds'),
        candidateIds: ints('candidateIds'),
        weighted: ints('weighted'),
        rowGroups: ints('rowGroups'),
      },
      { queries: true, candidates: true, scale: true },
    );
  });
  const tensors = [
    result.loss,
    result.queryGradient,
    result.candidateGradient,
    result.scaleGradient,
  ] as Tensor[];
  const reading = tensors.map((tensor) => tensor.float32Data());
  for (const tensor of tensors) tensor.dispose();
  const [loss, gradQueries, gradCandidates, gradScale] = (await Promise.all(reading)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  return { loss: loss[0] as number, gradQueries, gradCandidates, gradScale: gradScale[0] as number };
}

function rangesOf(engine: Engine, excluded: Int32Array, rows: number): Tensor {
  const { length } = checkInts('cosineSoftmaxLoss', 'excluded', excluded);
  const columns = rows === 0 ? 0 : length / rows;
  if (columns % 2 === 0) return Tensor.from(engine, excluded, [rows, columns]);
  throw new ShapeError(
    `[cosineSoftmaxLoss] expected excluded to hold as many pairs of bounds for each of ${rows} queries but received ${length} numbers`,
  );
}
