// Words from states: the product with the word embeddings themselves, to which every head over the vocabulary adds a bias
// of its own (Press and Wolf, 2017). Heads of one model share the decoder. How well
// words are predicted is read off the table where it lies; only logits want it packed.
import type { ParameterStore } from '../../autograd/parameter-store.ts';
import { noGrad } from '../../autograd/tape.ts';
import { linear, type PackedWeight, packParameter, packWeight } from '../../ops/linear/linear.ts';
import { vocabularyLoss } from '../../ops/loss/vocabulary-loss.ts';
import { mean } from '../../ops/plain/reduce.ts';
import { keep } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { Module } from '../layers/module.ts';

/** How well words were predicted, both real [1]. */
export interface Prediction {
  /** Mean cross-entropy in nats. */
  loss: Tensor;
  /** Share of words that no other word had a higher logit than. */
  accuracy: Tensor;
}

/** A product with the word embeddings themselves and a bias for each word. */
export class TiedDecoder extends Module {
  readonly words: Tensor; // [vocabulary, embedding]
  readonly bfloat16: boolean;
  readonly #pack: () => PackedWeight;
  #packed: PackedWeight | undefined;

  private constructor(words: Tensor, bfloat16: boolean, pack: () => PackedWeight) {
    super();
    this.words = words;
    this.bfloat16 = bfloat16;
    this.#pack = pack;
  }

  /** The decoder of an encoder that is trained: it follows the table as that changes. */
  static ofStore(store: ParameterStore, bfloat16 = false): TiedDecoder {
    const parameter = store.parameter('embeddings.word_embeddings.weight');
    const words = keep(parameter.view());
    const decoder = new TiedDecoder(words, bfloat16, () => packParameter(parameter, { bfloat16 }));
    decoder.own(words);
    return decoder;
  }

  /** The decoder of an encoder in inference. @param words the encoder's table, which must live as long */
  static ofTable(words: Tensor, bfloat16 = false): TiedDecoder {
    return new TiedDecoder(words, bfloat16, () => {
      const packed = packWeight(words, { bfloat16 });
      keep(packed.tensor);
      return packed;
    });
  }

  /**
   * @param states real [rows, embedding]
   * @param bias real [vocabulary]
   * @returns [rows, vocabulary]
   */
  logits(states: Tensor, bias: Tensor): Tensor {
    this.#packed ??= this.own(this.#pack());
    return linear(states, this.#packed, { bias });
  }

  /**
   * How well `words` are predicted from the states at their places.
   * @param states real [places, embedding]
   * @param bias real [vocabulary]
   * @param words [places]
   */
  predict(states: Tensor, bias: Tensor, words: Int32Array): Prediction {
    const ids = Tensor.from(states.engine, words);
    const { losses, hits } = vocabularyLoss(states, this.words, ids, { bias, bfloat16: this.bfloat16 });
    return { loss: mean(losses), accuracy: noGrad(() => mean(hits)) };
  }
}
