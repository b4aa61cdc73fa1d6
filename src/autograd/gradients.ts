// The gradients known at one moment of a backward pass, by the tensor they belong to. Two tensors may have one gradient
// between them (both sides of a residual connection), so those who refer to the same memory are counted: only a gradient
// that nobody shares is added to in place.
import { currentScope, keep } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

export class Gradients {
  readonly #gradients = new Map<Tensor, Tensor>();
  /** How many refer to a piece of memory, by the tensor that it was allocated as. */
  readonly #holders = new Map<Tensor, number>();

  get(tensor: Tensor): Tensor | undefined {
    return this.#gradients.get(tensor);
  }

  /** Whether nothing else refers to the memory of `tensor`'s gradient, so that it may be overwritten. */
  exclusive(tensor: Tensor): boolean {
    const gradient = this.#gradients.get(tensor);
    return gradient !== undefined && this.#holders.get(rootOf(gradient)) === 1;
  }

  /** Replaces `tensor`'s gradient; memory that was not made in the open scope counts as somebody else's too. */
  set(tensor: Tensor, gradient: Tensor): void {
    const root = rootOf(gradient);
    const known = this.#holders.get(root);
    const made = currentScope()?.has(root) === true;
    this.#holders.set(root, (known ?? (made ? 0 : 1)) + 1);
    const held = keep(made && known === undefined && gradient === root ? gradient : gradient.alias());
    this.drop(tensor);
    this.#gradients.set(tensor, held);
  }

  /** One more who refers to the memory of `gradient`, for good. */
  pin(gradient: Tensor): void {
    const root = rootOf(gradient);
    this.#holders.set(root, (this.#holders.get(root) ?? 0) + 1);
  }

  /** Frees `tensor`'s gradient. */
  drop(tensor: Tensor): void {
    const gradient = this.#gradients.get(tensor);
    if (gradient === undefined) return;
    this.#gradients.delete(tensor);
    this.#holders.set(rootOf(gradient), (this.#holders.get(rootOf(gradient)) as number) - 1);
    gradient.dispose();
  }

  dispose(): void {
    for (const gradient of this.#gradients.values()) gradient.dispose();
    this.#gradients.clear();
  }
}

function rootOf(tensor: Tensor): Tensor {
  let root = tensor;
  while (root.base !== undefined) root = root.base;
  return root;
}
