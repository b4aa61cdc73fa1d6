// BERT's head for masked language modelling: a dense layer with the encoder's activation and a layer norm, then a product
// with the word embeddings themselves and a bias of its own per word (Devlin et al., 2018). RoBERTa's lm_head and ELECTRA's
// generator have the same one under other names (src/io/model-folder/head-weights.ts); so have their causal language models.
import type { ParameterSpec } from '../../autograd/parameter.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { EncoderConfig } from '../encoder/encoder-config.ts';
import { layerNormParameters, linearParameters } from '../encoder/encoder-parameters.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import { Linear } from '../layers/linear.ts';
import { Module } from '../layers/module.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import type { Prediction, TiedDecoder } from './tied-decoder.ts';

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

/** BERT's head for masked language modelling, over the word embeddings themselves. */
export class MaskedLanguageHead extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  readonly decoder: TiedDecoder;
  readonly bias: Tensor; // [vocabulary]

  constructor(dense: Linear, norm: LayerNorm, decoder: TiedDecoder, bias: Tensor) {
    super();
    this.dense = this.own(dense);
    this.norm = this.own(norm);
    this.decoder = this.own(decoder);
    this.bias = this.own(bias);
  }

  /**
   * Reads `cls.predictions.*` below the reader's root.
   * @param decoder of the encoder, which belongs to the head then
   * @throws ModelError, ArgumentError
   */
  static async load(
    reader: ParameterReader,
    config: EncoderConfig,
    decoder: TiedDecoder,
  ): Promise<MaskedLanguageHead> {
    const own = reader.child(path);
    const transform = own.child('transform');
    const { hiddenSize: inputs, embeddingSize: outputs } = config;
    // the other families have gelu here whatever the encoder's activation is
    const activation = config.modelType === 'bert' ? config.activation : 'gelu_erf';
    const dense = await Linear.load(transform.child('dense'), { inputs, outputs, activation });
    const norm = await LayerNorm.load(transform, outputs, config.layerNormEpsilon);
    const bias = await own.tensor('bias', [config.vocabularySize]);
    return new MaskedLanguageHead(dense, norm, decoder, bias);
  }

  /** @param hidden real [places, hidden] @returns [places, vocabulary] */
  logits(hidden: Tensor): Tensor {
    return this.decoder.logits(this.#states(hidden), this.bias);
  }

  /**
   * How well `words` are predicted from the hidden states at their places.
   * @param hidden real [places, hidden]
   * @param words [places]
   */
  predict(hidden: Tensor, words: Int32Array): Prediction {
    return this.decoder.predict(this.#states(hidden), this.bias, words);
  }

  /** @returns [places, embedding] */
  #states(hidden: Tensor): Tensor {
    return this.norm.forward(this.dense.forward(hidden));
  }
}
