// AdamW over flat parameter memory, one op per store: clipping to a global norm, moments, decay and update in one pass.
// Two conventions, whose difference matters in the first steps:
//
//   pytorch  w -= lr wd w, then w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)   Loshchilov and Hutter,
//            arXiv 1711.05101, as torch.optim.AdamW has it; epsilon 1e-8
//   bert     the same without the two corrections, which is w -= lr (m / (sqrt(v) + epsilon) + wd w); epsilon 1e-6;
//            google-research/bert
//
// A step whose gradient is not finite changes neither values nor moments; it still counts in t, so that what a step does
// never depends on when its loss was looked at. Embedding rows are updated only where touched where that is exact: a row that
// no token has touched so far has no gradient and no moments, and the formula leaves it as it is unless it decays, so the
// kernel passes over such elements (native/cpu/kernels/optimizer/optimizer.cpp). A row that was touched once goes on moving by its
// momentum, and one that decays by its decay, as in both originals.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { ShapeError } from '../errors.ts';
import { type AdamWGroups, adamW, squaredNorm } from '../ops/adamw.ts';
import { weightedSum } from '../ops/rows.ts';
import { checkOptions } from '../options/check-options.ts';
import { runOp } from '../tensor/run-op.ts';
import { keep, scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type GroupOptions, parameterGroups } from './parameter-groups.ts';

export type AdamWConvention = 'pytorch' | 'bert';

export interface AdamWOptions extends Partial<GroupOptions> {
  convention?: AdamWConvention | undefined;
  beta1?: number | undefined;
  beta2?: number | undefined;
  /** By default the convention's. */
  epsilon?: number | undefined;
  /** Gradients of all stores together are scaled down to this Euclidean norm; 0, the default: never. */
  maxGradientNorm?: number | undefined;
}

const optionNames = [
  'convention',
  'weightDecay',
  'noDecay',
  'learningRateFactors',
  'beta1',
  'beta2',
  'epsilon',
  'maxGradientNorm',
];

/** The moments of one store, [size] each, and how many steps were taken. */
export interface AdamWState {
  steps: number;
  firstMoments: Float32Array[];
  secondMoments: Float32Array[];
}

interface Slot {
  store: ParameterStore;
  firstMoment: Tensor; // [size]
  secondMoment: Tensor; // [size]
  groups: AdamWGroups;
}

interface Settings {
  convention: AdamWConvention;
  beta1: number;
  beta2: number;
  epsilon: number;
  maxGradientNorm: number;
}

export class AdamW implements Disposable {
  readonly #slots: readonly Slot[];
  readonly #options: Settings;
  #steps = 0;

  /** @throws ArgumentError for an unknown option, or patterns that fit no parameter */
  constructor(stores: readonly ParameterStore[], options: AdamWOptions = {}) {
    checkOptions('AdamW', options, optionNames);
    const { convention = 'pytorch', beta1 = 0.9, beta2 = 0.999, maxGradientNorm = 0 } = options;
    const epsilon = options.epsilon ?? (convention === 'bert' ? 1e-6 : 1e-8);
    this.#options = { convention, beta1, beta2, epsilon, maxGradientNorm };
    this.#slots = stores.map((store) =>
      makeSlot(store, { ...options, weightDecay: options.weightDecay ?? 0 }),
    );
  }

  /** Steps taken, those without effect included. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * Queues one update of all parameters from their gradients.
   * @param losses real [1] each; when one is not finite, nothing is changed either
   * @returns [1], the squared norm of all gradients before clipping; not finite when nothing was changed
   */
  step(learningRate: number, losses: readonly Tensor[] = []): Tensor {
    this.#steps += 1;
    const { convention, beta1, beta2, epsilon, maxGradientNorm: maxNorm } = this.#options;
    const corrected = convention === 'pytorch';
    const firstCorrection = corrected ? 1 - beta1 ** this.#steps : 1;
    const secondCorrection = corrected ? 1 - beta2 ** this.#steps : 1;
    const settings = { learningRate, beta1, beta2, epsilon, firstCorrection, secondCorrection, maxNorm };
    return scope(() => {
      const norm = this.#squaredNorm(losses);
      for (const { store, firstMoment, secondMoment, groups } of this.#slots) {
        adamW({ value: store.values, firstMoment, secondMoment }, store.gradients, norm, groups, settings);
        store.changed();
      }
      return norm;
    });
  }

  #squaredNorm(losses: readonly Tensor[]): Tensor {
    const norms = this.#slots.map(({ store }) => squaredNorm(store.gradients));
    const total = norms.reduce((sum, norm) => combine(sum, norm, 1));
    // 0 times a number that is not finite is not a number.
    return losses.reduce((sum, loss) => combine(sum, loss, 0), total);
  }

  /** The state, once every command queued before has run. */
  async state(): Promise<AdamWState> {
    const steps = this.#steps;
    const read = (tensor: Tensor) => tensor.float32Data();
    const firstMoments = this.#slots.map(({ firstMoment }) => read(firstMoment));
    const secondMoments = this.#slots.map(({ secondMoment }) => read(secondMoment));
    return {
      steps,
      firstMoments: await Promise.all(firstMoments),
      secondMoments: await Promise.all(secondMoments),
    };
  }

  /** Goes on from a state of {@link state}. @throws ShapeError when it is of other parameters */
  load({ steps, firstMoments, secondMoments }: AdamWState): void {
    for (const [index, { store, firstMoment, secondMoment }] of this.#slots.entries()) {
      const [first, second] = [firstMoments[index], secondMoments[index]];
      if (first?.length !== store.size || second?.length !== store.size) {
        throw new ShapeError(
          `[adamw] expected moments of ${store.size} elements but received ${first?.length} and ${second?.length}`,
        );
      }
      firstMoment.write(first);
      secondMoment.write(second);
    }
    this.#steps = steps;
  }

  dispose(): void {
    for (const { firstMoment, secondMoment, groups } of this.#slots) {
      for (const tensor of [firstMoment, secondMoment, groups.ends, groups.settings]) tensor.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function makeSlot(store: ParameterStore, options: GroupOptions): Slot {
  const { engine, dtype, size } = store;
  const { ends, settings } = parameterGroups(store.parameters, size, options);
  const values = dtype === 'float32' ? settings : Float64Array.from(settings);
  const zeros = () => {
    const tensor = keep(Tensor.allocate(engine, dtype, [size]));
    runOp('fill', [], [tensor], [0]);
    return tensor;
  };
  return {
    store,
    firstMoment: zeros(),
    secondMoment: zeros(),
    groups: {
      ends: keep(Tensor.from(engine, ends)),
      settings: keep(Tensor.from(engine, values, [ends.length, 2])),
    },
  };
}

/** left + weight * right, of one element each. */
function combine(left: Tensor, right: Tensor, weight: number): Tensor {
  return weightedSum(left.reshape([1, 1]), right.reshape([1, 1]), 1, weight).reshape([1]);
}
