// Scopes free what was made inside them. They are synchronous, because ops only enqueue: a whole step is one scope, and
// the wait for its result comes after it. The garbage collector cannot do this: it frees no native memory during a
// synchronous loop.
import { ScopeError } from '../errors.ts';

/** What a scope owns and frees: tensors. */
interface Owned {
  dispose(): void;
}

/** What a scope may return: tensors, or arrays, maps and plain objects of them; anything else passes untouched. */
export type Scoped = unknown;

export class Scope {
  readonly #tensors = new Set<Owned>();

  add(tensor: Owned): void {
    this.#tensors.add(tensor);
  }

  remove(tensor: Owned): void {
    this.#tensors.delete(tensor);
  }

  has(tensor: Owned): boolean {
    return this.#tensors.has(tensor);
  }

  /** Frees all tensors but those inside `result`, which move to the scope around this one. */
  close(result: Scoped, outer: Scope | undefined): void {
    const kept = new Set<Owned>();
    collectTensors(result, this.#tensors, kept);
    for (const tensor of this.#tensors) {
      if (kept.has(tensor)) outer?.add(tensor);
      else tensor.dispose();
    }
    this.#tensors.clear();
  }
}

const scopes: Scope[] = [];

/** The innermost open scope, if any. */
export function currentScope(): Scope | undefined {
  return scopes.at(-1);
}

/**
 * Runs `body` and frees every tensor made in it but the ones it returns.
 * @throws ScopeError when `body` returns a promise: its tensors would be freed while it still runs
 */
export function scope<T extends Scoped>(body: () => T): T {
  const inner = new Scope();
  scopes.push(inner);
  let result: T | undefined;
  try {
    result = body();
    if (isPromise(result)) {
      result.then(undefined, () => {}); // it may fail for want of the tensors freed here; this error says why
      result = undefined;
      throw new ScopeError(
        'expected a synchronous body but it returned a promise: queue ops inside the scope, await after it',
      );
    }
    return result;
  } finally {
    scopes.pop();
    inner.close(result, scopes.at(-1));
  }
}

/** Takes a tensor out of the open scope: its owner disposes of it. */
export function keep<T extends Owned>(tensor: T): T {
  currentScope()?.remove(tensor);
  return tensor;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined | null)?.then === 'function';
}

function collectTensors(value: unknown, known: ReadonlySet<Owned>, into: Set<Owned>): void {
  if (typeof value !== 'object' || value === null) return;
  if (known.has(value as Owned)) {
    into.add(value as Owned);
  } else if (Array.isArray(value) || value instanceof Map || value instanceof Set) {
    const items = value instanceof Map ? value.values() : value;
    for (const item of items) collectTensors(item, known, into);
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const item of Object.values(value)) collectTensors(item, known, into);
  }
}
