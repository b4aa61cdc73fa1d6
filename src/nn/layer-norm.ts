// Layer normalisation with its parameters `weight` (gamma) and `bias` (beta).
import { layerNorm } from '../ops/layer-norm.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import type { ParameterReader } from './parameter-reader.ts';

export class LayerNorm extends Module {
  readonly gamma: Tensor; // [width]
  readonly beta: Tensor; // [width]
  readonly epsilon: number;

  constructor(gamma: Tensor, beta: Tensor, epsilon: number) {
    super();
    this.gamma = this.own(gamma);
    this.beta = this.own(beta);
    this.epsilon = epsilon;
  }

  /** Reads `LayerNorm.weight` and `LayerNorm.bias` below the reader's prefix. @throws ModelError */
  static async load(reader: ParameterReader, width: number, epsilon: number): Promise<LayerNorm> {
    const gamma = await reader.tensor('LayerNorm.weight', [width]);
    return new LayerNorm(gamma, await reader.tensor('LayerNorm.bias', [width]), epsilon);
  }

  /** `layerNorm(input + residual)`. @param input [rows, width] */
  forward(input: Tensor, residual?: Tensor): Tensor {
    return layerNorm(input, { gamma: this.gamma, beta: this.beta, epsilon: this.epsilon, residual });
  }
}
