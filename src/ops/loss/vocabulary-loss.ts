// The cross-entropy of predicting words over a whole vocabulary, in one op: logits are made by tiles of the table, which is
// read where it lies, and never kept for more than a few hundred positions. Backward is the same op once more, with what
// comes in as the positions' weights; it adds the gradients of table and bias to where those lie.
import { record, recording } from '../../autograd/tape.ts';
import { checkOptions } from '../../options/check-options.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';

/** Settings of the loss over a vocabulary. */
export interface VocabularyLossOptions {
  bias?: Tensor | undefined; // [words]
  /** Rounds states, table and derivatives to bfloat16 where they are multiplied; all tensors are float32 then. */
  bfloat16?: boolean | undefined;
}

/** Of each position, both real [positions]. */
export interface VocabularyLosses {
  /** In nats: `log(sum_j exp z_ij) - z_it`, t its target. */
  losses: Tensor;
  /** 1 where no word has a larger logit than the target, else 0; without a gradient. */
  hits: Tensor;
}

const optionNames = ['bias', 'bfloat16'];

/**
 * How well each state predicts its word: `z_ij = states[i] . table[j] + bias[j]`.
 * @param states real [positions, width]
 * @param table real [words, width]
 * @param targets int32 [positions], rows of the table
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when a target is no row of the table
 */
export function vocabularyLoss(
  states: Tensor,
  table: Tensor,
  targets: Tensor,
  options: VocabularyLossOptions = {},
): VocabularyLosses {
  checkOptions('vocabularyLoss', options, optionNames);
  const { bias } = options;
  const recorded = recording('vocabularyLoss', [states, table, bias]);
  const { losses, hits } = vocabularyLossAndGradients(states, table, targets, options);
  if (recorded) {
    const saved = [states, table, targets, bias] as const;
    record('vocabularyLoss', [losses], saved, (step, [x, words, ids, shift]) => {
      const weights = step.outputGradient;
      step.into([states, table, bias], ([state, word, shifted], accumulate) => {
        const gradients = { states: state, table: word, bias: shifted, accumulate: accumulate === 1 };
        const again = { ...options, bias: shift, weights, gradients };
        const made = vocabularyLossAndGradients(x as Tensor, words as Tensor, ids as Tensor, again);
        for (const tensor of Object.values(made)) tensor.dispose();
      });
    });
  }
  return { losses, hits };
}

/** Where the gradients of `sum_i weights[i] losses[i]` go, each of the shape of what it is the gradient of. */
export interface VocabularyLossGradients {
  states?: Tensor | undefined;
  table?: Tensor | undefined;
  bias?: Tensor | undefined;
  /** Adds those of table and bias to what is there instead of overwriting it. */
  accumulate?: boolean | undefined;
}

export interface VocabularyLossRun extends VocabularyLossOptions {
  weights?: Tensor | undefined; // [positions]; 1 each by default
  gradients?: VocabularyLossGradients | undefined;
}

/** {@link vocabularyLoss}, and its gradients as far as they are wanted, in one go. */
export function vocabularyLossAndGradients(
  states: Tensor,
  table: Tensor,
  targets: Tensor,
  { bias, bfloat16 = false, weights, gradients = {} }: VocabularyLossRun,
): VocabularyLosses {
  const [positions, width] = matrixShape('vocabularyLoss', 'states', states);
  const [words] = matrixShape('vocabularyLoss', 'table', table);
  checkShape('vocabularyLoss', 'table', table, [words, width]);
  checkShape('vocabularyLoss', 'targets', targets, [positions]);
  checkShape('vocabularyLoss', 'bias', bias, [words]);
  checkShape('vocabularyLoss', 'weights', weights, [positions]);
  checkShape('vocabularyLoss', 'stateGradient', gradients.states, [positions, width]);
  checkShape('vocabularyLoss', 'tableGradient', gradients.table, [words, width]);
  checkShape('vocabularyLoss', 'biasGradient', gradients.bias, [words]);
  const losses = Tensor.allocate(states.engine, states.dtype, [positions]);
  const hits = Tensor.allocate(states.engine, states.dtype, [positions]);
  const accumulate = gradients.accumulate === true ? 1 : 0;
  runOp(
    bfloat16 ? 'vocabulary_loss_bfloat16' : 'vocabulary_loss',
    [states, table, bias, targets, weights],
    [losses, hits, gradients.states, gradients.table, gradients.bias],
    [accumulate],
  );
  return { losses, hits };
}
