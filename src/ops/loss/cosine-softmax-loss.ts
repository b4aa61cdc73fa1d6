// The contrastive loss in one op, forward and gradients, without a matrix of queries x candidates: which rows belong
// together, which pairs do not count and which logits are raised describe SimCSE's loss, NT-Xent (Chen et al., 2020; Su's
// and SimBERT's form) and sentence-transformers' directions; objectives/contrastive-pairs.ts writes them down.

import { currentTape, record, recording } from '../../autograd/tape.ts';
import { ShapeError } from '../../errors.ts';
import { checkOptions } from '../../options/check-options.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { multiply } from '../plain/elementwise.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

export interface CosineSoftmaxLossOptions {
  /** What cosines are multiplied by, 1 / temperature; a tensor [1] to have its gradient. */
  scale: number | Tensor;
  /** int32 [queries]: each query's own candidate, -1 for none; query i's is candidate i by default. Never hidden. */
  positives?: Tensor | undefined;
  /** int32 [queries, 2 ranges]: from which candidate on, and up to before which, a query does not see them. */
  excluded?: Tensor | undefined;
  /** int32 [queries] and [candidates]: a query does not see candidates of its own id, equal texts say. */
  queryIds?: Tensor | undefined;
  candidateIds?: Tensor | undefined;
  /** int32 [queries]: a candidate whose logit `logWeight` is added to, -1 for none. */
  weighted?: Tensor | undefined;
  logWeight?: number | undefined;
  /** int32 [queries], below the number of queries: rows of one group share one sum of exponentials. */
  rowGroups?: Tensor | undefined;
  /** The mean of both directions: each positive among all queries too. */
  symmetric?: boolean | undefined;
  /** Shorter rows count as this long. 1e-12 by default. */
  epsilon?: number | undefined;
}

const optionNames = [
  'scale',
  'positives',
  'excluded',
  'queryIds',
  'candidateIds',
  'weighted',
  'logWeight',
  'rowGroups',
  'symmetric',
  'epsilon',
];

export interface CosineSoftmaxLossGradients {
  loss: Tensor; // [1]
  queryGradient: Tensor | undefined; // [queries, width]
  candidateGradient: Tensor | undefined; // [candidates, width]
  scaleGradient: Tensor | undefined; // [1]
}

/**
 * The mean over the queries with a positive p of `log(sum_j exp z_ij) - z_ip`, `z_ij = scale cos(queries[i], candidates[j])`.
 * @param queries real [queries, width], of any length
 * @param candidates real [candidates, width], of any length; may be the queries
 * @returns real [1]
 * @throws ShapeError, DTypeError, ArgumentError; ExecutionError on the next wait when a number names no candidate
 */
export function cosineSoftmaxLoss(
  queries: Tensor,
  candidates: Tensor,
  options: CosineSoftmaxLossOptions,
): Tensor {
  checkOptions('cosineSoftmaxLoss', options, optionNames);
  const scale = options.scale instanceof Tensor ? options.scale : undefined;
  const recorded = recording('cosineSoftmaxLoss', [queries, candidates, scale]);
  const wants = (tensor: Tensor | undefined) =>
    recorded && tensor !== undefined && currentTape()?.tracks(tensor) === true;
  const wanted = { queries: wants(queries), candidates: wants(candidates), scale: wants(scale) };
  const result = cosineSoftmaxLossAndGradients(queries, candidates, options, wanted);
  const { loss, queryGradient, candidateGradient, scaleGradient } = result;
  const gradients = [queryGradient, candidateGradient, scaleGradient] as const;
  if (recorded) {
    record('cosineSoftmaxLoss', [loss], gradients, (step, saved) => {
      for (const [index, input] of [queries, candidates, scale].entries()) {
        const gradient = saved[index];
        if (gradient && step.wants(input)) step.give(input, multiply(gradient, step.outputGradient));
      }
    });
  }
  for (const gradient of gradients) gradient?.dispose();
  return loss;
}

/** {@link cosineSoftmaxLoss} with its gradients by the rows themselves and by the scale, as far as they are wanted. */
export function cosineSoftmaxLossAndGradients(
  queries: Tensor,
  candidates: Tensor,
  options: CosineSoftmaxLossOptions,
  wanted: { queries: boolean; candidates: boolean; scale: boolean },
): CosineSoftmaxLossGradients {
  const [rows, width] = matrixShape('cosineSoftmaxLoss', 'queries', queries);
  const [columns] = matrixShape('cosineSoftmaxLoss', 'candidates', candidates);
  checkShape('cosineSoftmaxLoss', 'candidates', candidates, [columns, width]);
  const { engine, dtype } = queries;
  const allocate = (needed: boolean, shape: readonly number[]) =>
    needed ? Tensor.allocate(engine, dtype, shape) : undefined;
  const loss = Tensor.allocate(engine, dtype, [1]);
  const queryGradient = allocate(wanted.queries || wanted.scale, [rows, width]);
  const candidateGradient = allocate(wanted.candidates, [columns, width]);
  const scaleGradient = allocate(wanted.scale, [1]);
  const positives = options.positives ?? ownPositives(queries, rows, columns);
  const { excluded, queryIds, candidateIds, weighted, rowGroups } = options;
  const learnedScale = options.scale instanceof Tensor ? options.scale : undefined;
  const scale = options.scale instanceof Tensor ? 1 : options.scale;
  const [logWeight, epsilon] = [options.logWeight ?? 0, options.epsilon ?? 1e-12];
  const symmetric = options.symmetric === true ? 1 : 0;
  runOp(
    'cosine_softmax_loss',
    [queries, candidates, positives, excluded, queryIds, candidateIds, weighted, rowGroups, learnedScale],
    [loss, queryGradient, candidateGradient, scaleGradient],
    [scale, logWeight, symmetric, epsilon],
  );
  if (options.positives === undefined) positives.dispose();
  return { loss, queryGradient, candidateGradient, scaleGradient };
}

function ownPositives({ engine }: Tensor, rows: number, columns: number): Tensor {
  if (rows > columns) {
    throw new ShapeError(
      `[cosineSoftmaxLoss] expected at least as many candidates as queries, or positives, but received ${columns} for ${rows}`,
    );
  }
  return Tensor.from(
    engine,
    Int32Array.from({ length: rows }, (_, index) => index),
  );
}
