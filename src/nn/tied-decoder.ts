// Words from states: the product with the word embeddings themselves, to which every head over the vocabulary adds a bias
// of its own (Press and Wolf, 2017). Heads of one model share the decoder, and with it the packed table.
import type { ParameterStore } from '../autograd/parameter-store.ts';
import { noGrad } from '../autograd/tape.ts';
import { add, equal, multiply, subtract } from '../ops/elementwise.ts';
import { linear, type PackedWeight, packParameter, packWeight } from '../ops/linear.ts';
import { largest, mean, sum } from '../ops/reduce.ts';
import { reshape } from '../ops/slices.ts';
import { logSumExp } from '../ops/softmax.ts';
import { gatherRows } from '../ops/table-rows.ts';
import { keep } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';

/** How well words were predicted, both real [1]. */
export interface Prediction {
  /** Mean cross-entropy in nats. */
  loss: Tensor;
  /** Share of words that no other word had a higher logit than. */
  accuracy: Tensor;
}

export class TiedDecoder extends Module {
  readonly words: Tensor; // [vocabulary, embedding]
  readonly packed: PackedWeight;

  private constructor(words: Tensor, packed: PackedWeight) {
    super();
    this.words = words;
    this.packed = this.own(packed);
  }

  /** The decoder of an encoder that is trained: it follows the table as that changes. */
  static ofStore(store: ParameterStore, bfloat16 = false): TiedDecoder {
    const parameter = store.parameter('embeddings.word_embeddings.weight');
    const decoder = new TiedDecoder(keep(parameter.view()), packParameter(parameter, { bfloat16 }));
    decoder.own(decoder.words);
    return decoder;
  }

  /** The decoder of an encoder in inference. @param words the encoder's table, which must live as long */
  static ofTable(words: Tensor, bfloat16 = false): TiedDecoder {
    const packed = packWeight(words, { bfloat16 });
    keep(packed.tensor);
    return new TiedDecoder(words, packed);
  }

  /**
   * @param states real [rows, embedding]
   * @param bias real [vocabulary]
   * @returns [rows, vocabulary]
   */
  logits(states: Tensor, bias: Tensor): Tensor {
    return linear(states, this.packed, { bias });
  }

  /**
   * How well `words` are predicted from the states at their places.
   * @param states real [places, embedding]
   * @param bias real [vocabulary]
   * @param words [places]
   */
  predict(states: Tensor, bias: Tensor, words: Int32Array): Prediction {
    const logits = this.logits(states, bias);
    const ids = Tensor.from(states.engine, words);
    const own = sum(multiply(states, gatherRows(this.words, ids)), 'columns'); // [places, 1]
    const column = reshape(bias, [bias.shape[0] as number, 1]);
    const loss = mean(subtract(logSumExp(logits), add(own, gatherRows(column, ids))));
    return { loss, accuracy: accuracyOf(logits, words) };
  }
}

/**
 * Share of rows whose own column is the largest.
 * @param logits real [rows, columns]
 * @param own [rows]
 * @returns [1]
 */
export function accuracyOf(logits: Tensor, own: Int32Array): Tensor {
  return noGrad(() => mean(equal(ownColumns(logits, own), largest(logits, 'columns'))));
}

/** One element of each row. @param logits real [rows, columns] @param own [rows] @returns [rows, 1] */
export function ownColumns(logits: Tensor, own: Int32Array): Tensor {
  const [rows = 0, columns = 0] = logits.shape;
  const places = own.map((column, row) => row * columns + column);
  return gatherRows(reshape(logits, [rows * columns, 1]), Tensor.from(logits.engine, places));
}
