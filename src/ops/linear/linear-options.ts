// What a linear product does beside the product, whatever the precision of its weight.
import type { Tensor } from '../../tensor/tensor.ts';
import type { Activation } from './activation.ts';

export interface LinearOptions {
  bias?: Tensor | undefined; // [outputs]
  activation?: Activation | undefined;
  residual?: Tensor | undefined; // [rows, outputs]
  /** Where to write, for instance columns of a wider matrix. */
  output?: Tensor | undefined; // [rows, outputs]
  /** Where to write `input * weight^T + bias`, which the activation's gradient needs. */
  preActivation?: Tensor | undefined; // [rows, outputs]
}
