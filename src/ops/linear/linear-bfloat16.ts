// The panels of a weight in bfloat16, and the product with them: y = activation(x W^T + b) + residual with both factors
// rounded to bfloat16 inside the op, everything else float32. What linear.ts does for a weight whose panels are these.
import type { Engine } from '../../native/engine.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { runOp } from '../run-op.ts';

/** How deep the panels' kernels step at most; they are filled with zeros to a multiple. */
const depthStep = 32;

/** Panels for a weight [outputs, inputs], yet to be written: bfloat16 [ceil(outputs / width), inputs in steps of 32, width]. */
export function emptyBFloat16Panels(engine: Engine, outputs: number, inputs: number): Tensor {
  const width = engine.panelWidth;
  const depth = Math.ceil(inputs / depthStep) * depthStep;
  return Tensor.allocate(engine, 'bfloat16', [Math.ceil(outputs / width), depth, width]);
}

/** Rounds a weight float32 [outputs, inputs], or its transpose, into its panels. @throws ShapeError, DTypeError */
export function packBFloat16(weight: Tensor, panels: Tensor, transposed: boolean): void {
  runOp('pack_weight_bfloat16', [weight], [panels], [transposed ? 1 : 0]);
}

/** The tensors of `linear`, shapes checked: all float32 but for the panels. @throws DTypeError */
export interface BFloat16Product {
  input: Tensor; // [rows, inputs]
  panels: Tensor;
  bias: Tensor | undefined; // [outputs]
  residual: Tensor | undefined; // [rows, outputs]
  output: Tensor; // [rows, outputs]
  preActivation: Tensor | undefined; // [rows, outputs]
}

export function multiplyBFloat16(product: BFloat16Product, activation: number): void {
  const { input, panels, bias, residual, output, preActivation } = product;
  runOp('linear_bfloat16', [input, panels, bias, residual], [output, preActivation], [activation]);
}
