// BERT's head for next sentence prediction: two logits from the pooled first token, tanh of the pooler's dense layer. Label
// 0 says that the second segment follows the first one, 1 that it was drawn at random (Devlin et al., 2018).
import type { ParameterSpec } from '../../autograd/parameter.ts';
import { noGrad } from '../../autograd/tape.ts';
import { ModelError } from '../../errors.ts';
import { linear } from '../../ops/linear/linear.ts';
import { equal, negate } from '../../ops/plain/elementwise.ts';
import { largest, mean } from '../../ops/plain/reduce.ts';
import { reshape } from '../../ops/plain/slices.ts';
import { logSoftmax } from '../../ops/plain/softmax.ts';
import { gatherRows } from '../../ops/rows/table-rows.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { EncoderConfig } from '../encoder/encoder-config.ts';
import { linearParameters } from '../encoder/encoder-parameters.ts';
import { Linear } from '../layers/linear.ts';
import { Module } from '../layers/module.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import type { Prediction } from './tied-decoder.ts';

const path = 'cls.seq_relationship';

/** What the head has beside the encoder's pooler. */
export function nextSentenceParameters(config: EncoderConfig): ParameterSpec[] {
  return linearParameters(path, config.hiddenSize, 2);
}

/** BERT's head for next sentence prediction. */
export class NextSentenceHead extends Module {
  readonly pooler: Linear;
  readonly relationship: Linear;

  constructor(pooler: Linear, relationship: Linear) {
    super();
    this.pooler = pooler;
    this.relationship = this.own(relationship);
  }

  /**
   * Reads `cls.seq_relationship.*` below the reader's root.
   * @param pooler the encoder's
   * @throws ModelError also when the encoder has no pooler
   */
  static async load(
    reader: ParameterReader,
    config: EncoderConfig,
    pooler: Linear | undefined,
  ): Promise<NextSentenceHead> {
    if (pooler === undefined) {
      throw new ModelError(
        'next sentence prediction needs the weights pooler.dense, which this model does not have',
      );
    }
    const shape = { inputs: config.hiddenSize, outputs: 2 };
    return new NextSentenceHead(pooler, await Linear.load(reader.child(path), shape));
  }

  /** @param first real [sequences, hidden], the first tokens' last states @returns [sequences, 2] */
  logits(first: Tensor): Tensor {
    const { weight, bias } = this.pooler;
    return this.relationship.forward(linear(first, weight, { bias, activation: 'tanh' }));
  }

  /** The mean loss of the targets, and the share that is guessed right. @param first real [sequences, hidden] @param labels [sequences], 0 or 1 */
  predict(first: Tensor, labels: Int32Array): Prediction {
    const logits = this.logits(first);
    const loss = negate(mean(ownColumns(logSoftmax(logits), labels)));
    return { loss, accuracy: accuracyOf(logits, labels) };
  }
}

/**
 * Share of rows whose own column is the largest.
 * @param logits real [rows, columns]
 * @param own [rows]
 * @returns [1]
 */
function accuracyOf(logits: Tensor, own: Int32Array): Tensor {
  return noGrad(() => mean(equal(ownColumns(logits, own), largest(logits, 'columns'))));
}

/** One element of each row. @param logits real [rows, columns] @param own [rows] @returns [rows, 1] */
function ownColumns(logits: Tensor, own: Int32Array): Tensor {
  const [rows = 0, columns = 0] = logits.shape;
  const places = own.map((column, row) => row * columns + column);
  return gatherRows(reshape(logits, [rows * columns, 1]), Tensor.from(logits.engine, places));
}
