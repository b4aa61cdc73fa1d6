// What AdamW and LAMB share: the moments of flat parameter memory, one op per store and step, clipping to a global norm, and
// a state that a checkpoint holds. Two conventions, whose difference matters in the first steps:
//
//   pytorch  m / (1 - beta1^t) and v / (1 - beta2^t), which make up for moments that start at 0; epsilon 1e-8
//   bert     no corrections; epsilon 1e-6; google-research/bert
//
// A step whose gradient is not finite changes neither values nor moments; it still counts in t, so that what a step does
// never depends on when its loss was looked at.

import type { ParameterStore } from '../autograd/parameter-store.ts';
import { ShapeError } from '../errors.ts';
import { type AdamWGroups, type AdamWStep, type AdamWTargets, squaredNorm } from '../ops/optimizer/adamw.ts';
import { weightedSum } from '../ops/rows/rows.ts';
import { checkOptions } from '../options/check-options.ts';
import { runOp } from '../tensor/run-op.ts';
import { keep, scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { GroupOptions, ParameterGroups } from './parameter-groups.ts';

export type AdamConvention = 'pytorch' | 'bert';

export interface AdamOptions extends Partial<GroupOptions> {
  convention?: AdamConvention | undefined;
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

/** The moments of each store, [size], and how many steps were taken. */
export interface AdamState {
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

/** What an optimizer does with one store's moments and gradient. */
export interface AdamRule {
  name: string;
  groups(store: ParameterStore, options: GroupOptions): ParameterGroups;
  step(
    targets: AdamWTargets,
    gradient: Tensor,
    normSquared: Tensor,
    groups: AdamWGroups,
    step: AdamWStep,
  ): void;
}

interface Settings {
  convention: AdamConvention;
  beta1: number;
  beta2: number;
  epsilon: number;
  maxGradientNorm: number;
}

export class AdamOptimizer implements Disposable {
  readonly #slots: readonly Slot[];
  readonly #rule: AdamRule;
  readonly #options: Settings;
  #steps = 0;

  /** @throws ArgumentError for an unknown option, or patterns that fit no parameter */
  protected constructor(rule: AdamRule, stores: readonly ParameterStore[], options: AdamOptions) {
    checkOptions(rule.name, options, optionNames);
    const { convention = 'pytorch', beta1 = 0.9, beta2 = 0.999, maxGradientNorm = 0 } = options;
    const epsilon = options.epsilon ?? (convention === 'bert' ? 1e-6 : 1e-8);
    this.#rule = rule;
    this.#options = { convention, beta1, beta2, epsilon, maxGradientNorm };
    const decay = { ...options, weightDecay: options.weightDecay ?? 0 };
    this.#slots = stores.map((store) => makeSlot(store, rule.groups(store, decay)));
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
        const targets = { value: store.values, firstMoment, secondMoment };
        this.#rule.step(targets, store.gradients, norm, groups, settings);
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
  async state(): Promise<AdamState> {
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
  load({ steps, firstMoments, secondMoments }: AdamState): void {
    for (const [index, { store, firstMoment, secondMoment }] of this.#slots.entries()) {
      const [first, second] = [firstMoments[index], secondMoments[index]];
      if (first?.length !== store.size || second?.length !== store.size) {
        throw new ShapeError(
          `[${this.#rule.name}] expected moments of ${store.size} elements but received ${first?.length} and ${second?.length}`,
        );
      }
      firstMoment.write(first);
      secondMoment.write(second);
    }
    this.#steps = steps;
  }

  /** Frees the moments. */
  dispose(): void {
    for (const { firstMoment, secondMoment, groups } of this.#slots) {
      for (const tensor of [firstMoment, secondMoment, groups.ends, groups.settings]) tensor.dispose();
    }
  }

  /** As {@link dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

function makeSlot(store: ParameterStore, { ends, settings }: ParameterGroups): Slot {
  const { engine, dtype, size } = store;
  const values = dtype === 'float32' ? settings : Float64Array.from(settings);
  const zeros = () => {
    const tensor = keep(Tensor.allocate(engine, dtype, [size]));
    runOp('fill', [], [tensor], [0]);
    return tensor;
  };
  const columns = settings.length / ends.length;
  return {
    store,
    firstMoment: zeros(),
    secondMoment: zeros(),
    groups: {
      ends: keep(Tensor.from(engine, ends)),
      settings: keep(Tensor.from(engine, values, [ends.length, columns])),
    },
  };
}

/** left + weight * right, of one element each. */
function combine(left: Tensor, right: Tensor, weight: number): Tensor {
  return weightedSum(left.reshape([1, 1]), right.reshape([1, 1]), 1, weight).reshape([1]);
}
