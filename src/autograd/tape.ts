// The tape: while one is open, every differentiable op whose input is tracked appends a record of its outputs, its inputs
// and how their gradients follow. Parameters are always tracked, other tensors when `watch` or a record made them so. A
// record holds what its backward reads by handles of its own, so that scopes and `dispose()` free whatever else they like.
import { GradientError } from '../errors.ts';
import { keep, scope } from '../tensor/scope.ts';
import { formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { BackwardStep } from './backward-step.ts';
import { parameterOf } from './parameter.ts';

type Saved = readonly (Tensor | undefined)[];

/** One op's part in the backward pass. */
export interface TapeRecord {
  name: string;
  outputs: readonly Tensor[];
  saved: Saved;
  backward(step: BackwardStep, saved: Saved): void;
}

export class Tape {
  readonly #records: TapeRecord[] = [];
  readonly #tracked = new Set<Tensor>();
  #walked = false;

  /** Whether gradients are recorded for `tensor`. */
  tracks(tensor: Tensor): boolean {
    return this.#tracked.has(tensor) || parameterOf(tensor) !== undefined;
  }

  /** Whether its backward has run: ops after it (the optimizer's, a metric's) are not recorded. */
  get walked(): boolean {
    return this.#walked;
  }

  watch(tensor: Tensor): void {
    this.#tracked.add(tensor);
  }

  append(record: TapeRecord): void {
    for (const output of record.outputs) this.#tracked.add(output);
    this.#records.push(record);
  }

  /** The records from last to first; once. @throws GradientError the second time */
  *walk(): Generator<TapeRecord> {
    if (this.#walked) {
      throw new GradientError(
        'expected one backward per tape but it was called twice: the first one has freed what it needed',
      );
    }
    this.#walked = true;
    for (let record = this.#records.pop(); record !== undefined; record = this.#records.pop()) {
      try {
        yield record;
      } finally {
        release(record);
      }
    }
  }

  dispose(): void {
    for (const record of this.#records.splice(0)) release(record);
    this.#tracked.clear();
  }
}

function release(record: TapeRecord): void {
  for (const tensor of record.saved) tensor?.dispose();
}

const tapes: (Tape | undefined)[] = [];

/** The tape that ops record on, if gradients are being recorded. */
export function currentTape(): Tape | undefined {
  return tapes.at(-1);
}

function during<T>(tape: Tape | undefined, body: () => T): T {
  tapes.push(tape);
  try {
    return body();
  } finally {
    tapes.pop();
  }
}

/**
 * Runs `body`, a scope, with a tape that its ops record on; `backward` walks it, at most once, inside `body`.
 * @throws ScopeError when `body` returns a promise
 */
export function withTape<T>(body: () => T): T {
  const tape = new Tape();
  try {
    return scope(() => during(tape, body));
  } finally {
    tape.dispose();
  }
}

/** Runs `body` without recording gradients. */
export function noGrad<T>(body: () => T): T {
  return during(undefined, body);
}

/** Makes `tensor` one whose gradient can be asked for. @throws GradientError without a tape */
export function watch<T extends Tensor>(tensor: T): T {
  openTape('watch').watch(tensor);
  return tensor;
}

/** @throws GradientError without a tape */
export function openTape(name: string): Tape {
  const tape = currentTape();
  if (tape !== undefined) return tape;
  throw new GradientError(`[${name}] expected an open tape: call it inside withTape(() => …)`);
}

const detached = new WeakSet<Tensor>();

/** A view of `tensor` through which no gradient flows. */
export function detach(tensor: Tensor): Tensor {
  const view = tensor.alias();
  detached.add(view);
  return view;
}

/**
 * Whether an op on these tensors must be recorded.
 * @throws GradientError for a view made by `rows`, `columns` or `reshape` of a tracked tensor: its gradient would be lost
 */
export function recording(name: string, inputs: Saved): boolean {
  const tape = currentTape();
  if (tape === undefined || tape.walked) return false;
  let tracked = false;
  for (const input of inputs) {
    if (input === undefined) continue;
    if (tape.tracks(input)) tracked = true;
    else checkView(tape, name, input);
  }
  return tracked;
}

function checkView(tape: Tape, name: string, view: Tensor): void {
  for (let tensor = view; tensor.base !== undefined && !detached.has(tensor); tensor = tensor.base) {
    if (!tape.tracks(tensor.base)) continue;
    throw new GradientError(
      `[${name}] expected a tensor of its own but received a view of shape ${formatShape(view.shape)} of one with a ` +
        'gradient, which would be lost: use sliceRows, sliceColumns or reshape of the plain ops, or detach',
    );
  }
}

/**
 * Appends a record to the open tape.
 * @param saved what `backward` reads, given to it by handles that live until then
 */
export function record<S extends Saved>(
  name: string,
  outputs: readonly Tensor[],
  saved: readonly [...S],
  backward: (step: BackwardStep, saved: readonly [...S]) => void,
): void {
  const held = saved.map((tensor) => tensor && keep(tensor.alias()));
  openTape(name).append({ name, outputs, saved: held, backward: backward as TapeRecord['backward'] });
}
