// A dense layer: `activation(x W^T + b)`, parameters `weight` [outputs, inputs] and `bias` [outputs].

import { type Activation, type LinearWeight, linear } from '../../ops/linear/linear.ts';
import { checkOptions } from '../../options/check-options.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { ParameterReader } from '../parameters/parameter-reader.ts';
import { Module } from './module.ts';

export interface LinearConfig {
  inputs: number;
  outputs: number;
  activation?: Activation;
  bias?: boolean;
}

/** A dense layer: activation(x W^T + b). */
export class Linear extends Module {
  readonly weight: LinearWeight;
  readonly bias: Tensor | undefined;
  readonly activation: Activation;

  constructor(weight: LinearWeight, bias: Tensor | undefined, activation: Activation = 'identity') {
    super();
    this.weight = this.own(weight);
    this.bias = bias && this.own(bias);
    this.activation = activation;
  }

  /** Reads `weight` and `bias` below the reader's prefix. @throws ModelError */
  static async load(reader: ParameterReader, config: LinearConfig): Promise<Linear> {
    checkOptions('Linear.load', config, ['inputs', 'outputs', 'activation', 'bias']);
    const weight = await reader.packed(['weight'], config.outputs, config.inputs);
    const bias = config.bias === false ? undefined : await reader.tensor('bias', [config.outputs]);
    return new Linear(weight, bias, config.activation);
  }

  /** @param input [rows, inputs] @returns [rows, outputs] */
  forward(input: Tensor): Tensor {
    return linear(input, this.weight, { bias: this.bias, activation: this.activation });
  }
}
