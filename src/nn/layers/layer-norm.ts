// Layer normalisation with its parameters `weight` (gamma) and `bias` (beta).
import { layerNorm } from '../../ops/rows/layer-norm.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { EncoderBatch } from '../encoder/encoder-batch.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import { type ForwardContext, rowDropout, siteOf } from './forward-context.ts';
import { Module } from './module.ts';

export class LayerNorm extends Module {
  readonly gamma: Tensor; // [width]
  readonly beta: Tensor; // [width]
  readonly epsilon: number;
  /** Of its dropout. */
  readonly site: number;

  constructor(gamma: Tensor, beta: Tensor, epsilon: number, site: number) {
    super();
    this.gamma = this.own(gamma);
    this.beta = this.own(beta);
    this.epsilon = epsilon;
    this.site = site;
  }

  /** Reads `LayerNorm.weight` and `LayerNorm.bias` below the reader's prefix. @throws ModelError */
  static async load(reader: ParameterReader, width: number, epsilon: number): Promise<LayerNorm> {
    const gamma = await reader.tensor('LayerNorm.weight', [width]);
    const beta = await reader.tensor('LayerNorm.bias', [width]);
    return new LayerNorm(gamma, beta, epsilon, siteOf(reader.path));
  }

  /**
   * `layerNorm(dropout(input) + residual)`.
   * @param input, residual [rows, width]
   * @param batch whose tokens the rows are, for dropout
   */
  forward(
    input: Tensor,
    residual?: Tensor,
    batch?: Pick<EncoderBatch, 'rowKeys'>,
    context?: ForwardContext,
  ): Tensor {
    const { gamma, beta, epsilon, site } = this;
    return layerNorm(input, { gamma, beta, epsilon, residual, ...rowDropout(context, site, batch) });
  }
}
