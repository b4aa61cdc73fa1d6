// BERT's input layer: word, position and token-type embeddings, summed and normalised; factorised models (ELECTRA, the
// small SimBERTs) then project the narrow embedding up to the hidden size.

import type { QuantizedMatrix } from '../../ops/linear/quantize-weight.ts';
import { dropout } from '../../ops/rows/dropout.ts';
import { embedding } from '../../ops/rows/embedding.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ForwardContext, rowDropout } from '../layers/forward-context.ts';
import { LayerNorm } from '../layers/layer-norm.ts';
import { Linear } from '../layers/linear.ts';
import { Module } from '../layers/module.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import type { EncoderBatch } from './encoder-batch.ts';
import type { EncoderConfig } from './encoder-config.ts';

export class Embeddings extends Module {
  readonly word: Tensor | QuantizedMatrix; // [vocabulary, embedding]
  readonly position: Tensor; // [positions, embedding]
  readonly type: Tensor; // [types, embedding]
  readonly norm: LayerNorm;
  readonly projection: Linear | undefined; // embedding -> hidden

  constructor(parts: {
    word: Tensor | QuantizedMatrix;
    position: Tensor;
    type: Tensor;
    norm: LayerNorm;
    projection: Linear | undefined;
  }) {
    super();
    this.word = this.own(parts.word);
    this.position = this.own(parts.position);
    this.type = this.own(parts.type);
    this.norm = this.own(parts.norm);
    this.projection = parts.projection && this.own(parts.projection);
  }

  /** Reads `embeddings.*` and, in factorised models, `embeddings_project.*`. @throws ModelError */
  static async load(reader: ParameterReader, config: EncoderConfig): Promise<Embeddings> {
    const tables = reader.child('embeddings');
    const width = config.embeddingSize;
    const projection =
      width === config.hiddenSize
        ? undefined
        : await Linear.load(reader.child('embeddings_project'), {
            inputs: width,
            outputs: config.hiddenSize,
          });
    return new Embeddings({
      word: await tables.table('word_embeddings.weight', config.vocabularySize, width),
      position: await tables.tensor('position_embeddings.weight', [config.maxPositions, width]),
      type: await tables.tensor('token_type_embeddings.weight', [config.typeVocabularySize, width]),
      norm: await LayerNorm.load(tables, width, config.layerNormEpsilon),
      projection,
    });
  }

  /** @returns [tokens, hidden] */
  forward(
    batch: Pick<EncoderBatch, 'tokenIds' | 'positionIds' | 'typeIds' | 'rowKeys'>,
    context?: ForwardContext,
  ): Tensor {
    const { gamma, beta, epsilon, site } = this.norm;
    const { word, position, type } = this;
    const sum = embedding(batch, { word, position, type, gamma, beta, epsilon });
    const { rowKeys, ...drawn } = rowDropout(context, site, batch);
    const kept = rowKeys === undefined ? sum : dropout(sum, { ...drawn, rowKeys });
    return this.projection === undefined ? kept : this.projection.forward(kept);
  }
}
