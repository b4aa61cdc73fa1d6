// Queues one op of native/ops.def by name. The list of ops is the addon's own, so a wrapper whose tensors do not fit it
// fails at once.
import { guarded } from '../native/addon.ts';
import type { Tensor } from './tensor.ts';

/** Queues `name` on the engine of its outputs. Absent optional tensors are undefined, in the order of ops.def. */
export function runOp(
  name: string,
  inputs: readonly (Tensor | undefined)[],
  outputs: readonly (Tensor | undefined)[],
  parameters: readonly number[] = [],
): void {
  const engine = (outputs.find((tensor) => tensor !== undefined) as Tensor).engine;
  const handleOf = (tensor: Tensor | undefined) => tensor?.handle ?? 0;
  const inputHandles = inputs.map(handleOf);
  const outputHandles = outputs.map(handleOf);
  guarded(() => engine.addon.run(engine.opId(name), inputHandles, outputHandles, parameters));
}
