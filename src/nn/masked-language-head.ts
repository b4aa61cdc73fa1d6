// BERT's head for masked language modelling: a dense layer with the encoder's activation and a layer norm, then a product
// with the word embeddings themselves and a bias of its own per word (Devlin et al., 2018).
import type { ParameterSpec } from '../autograd/parameter.ts';
import type { ParameterStore } from '../autograd/parameter-store.ts';
import { add, multiply, subtract } from '../ops/elementwise.ts';
import { linear, type PackedWeight, packParameter } from '../ops/linear.ts';
import { mean, sum } from '../ops/reduce.ts';
import { reshape } from '../ops/slices.ts';
import { logSumExp } from '../ops/softmax.ts';
import { gatherRows } from '../ops/table-rows.ts';
import { keep } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EncoderConfig } from './encoder-config.ts';
import { layerNormParameters, linearParameters } from './encoder-parameters.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';
import type { ParameterReader } from './parameter-reader.ts';

const path = 'cls.predictions';

/** What the head has beside the word embeddings. */
export function maskedLanguageParameters(config: EncoderConfig): ParameterSpec[] {
  const { hiddenSize, embeddingSize, vocabularySize } = config;
  return [
    ...linearParameters(`${path}.transform.dense`, hiddenSize, embeddingSize),
    ...layerNormParameters(`${path}.transform`, embeddingSize),
    { names: [`${path}.bias`], shape: [vocabularySize] },
  ];
}

export class MaskedLanguageHead extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  readonly words: Tensor; // [vocabulary, embedding], the encoder's
  readonly packedWords: PackedWeight;
  readonly bias: Tensor; // [vocabulary]

  constructor(dense: Linear, norm: LayerNorm, words: Tensor, packedWords: PackedWeight, bias: Tensor) {
    super();
    this.dense = this.own(dense);
    this.norm = this.own(norm);
    this.words = this.own(words);
    this.packedWords = this.own(packedWords);
    this.bias = this.own(bias);
  }

  /**
   * Reads `cls.predictions.*` below the reader's root.
   * @param store of the encoder and of {@link maskedLanguageParameters}
   * @throws ModelError, ArgumentError
   */
  static async load(
    reader: ParameterReader,
    config: EncoderConfig,
    store: ParameterStore,
  ): Promise<MaskedLanguageHead> {
    const own = reader.child(path);
    const transform = own.child('transform');
    const { hiddenSize: inputs, embeddingSize: outputs, activation } = config;
    const dense = await Linear.load(transform.child('dense'), { inputs, outputs, activation });
    const norm = await LayerNorm.load(transform, outputs, config.layerNormEpsilon);
    const bias = await own.tensor('bias', [config.vocabularySize]);
    const words = store.parameter('embeddings.word_embeddings.weight');
    return new MaskedLanguageHead(dense, norm, keep(words.view()), packParameter(words), bias);
  }

  /**
   * The mean cross-entropy of predicting `words` from the hidden states at their places.
   * @param hidden real [places, hidden]
   * @param words int32 [places]
   * @returns [1]
   */
  loss(hidden: Tensor, words: Tensor): Tensor {
    const state = this.norm.forward(this.dense.forward(hidden)); // [places, embedding]
    const logits = linear(state, this.packedWords, { bias: this.bias }); // [places, vocabulary]
    const own = sum(multiply(state, gatherRows(this.words, words)), 'columns'); // [places, 1]
    const column = reshape(this.bias, [this.bias.shape[0] as number, 1]);
    return mean(subtract(logSumExp(logits), add(own, gatherRows(column, words))));
  }
}
