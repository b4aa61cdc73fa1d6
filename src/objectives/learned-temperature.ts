// A temperature that is learned, as CLIP learns it (Radford et al., 2021, arXiv 2103.00020): the parameter p is the
// logarithm of the scale 1 / temperature, and the scale never exceeds 100.
//
//   scale = min(exp(p), 100)      d scale / d p = scale, and 0 where the scale is 100 and descent would raise it
//
// At the bound only the way back is open: a plain minimum has no gradient there, and the scale would stay for good.
import { differentiable } from '../autograd/differentiable.ts';
import type { Parameter, ParameterSpec } from '../autograd/parameter.ts';
import type { ParameterStore } from '../autograd/parameter-store.ts';
import { noGrad } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { equal, exp, greater, minimum, multiply, reciprocal, subtract } from '../ops/plain/elementwise.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

const largestScale = 100;
const name = 'logit_scale'; // CLIP's

/** What a store needs for a learned temperature. */
export const temperatureParameters: readonly ParameterSpec[] = [{ names: [name], shape: [1] }];

/** What cosines are divided by: a number, or one that is learned. */
export type Temperature = number | LearnedTemperature;

const boundedExp = differentiable({
  name: 'learnedTemperature',
  forward: (logScale: Tensor) => minimum(exp(logScale), largestScale),
  backward(outputGradient, _inputs, scale) {
    const outwards = multiply(equal(scale, largestScale), greater(0, outputGradient));
    return [multiply(multiply(outputGradient, scale), subtract(1, outwards))];
  },
});

/** A temperature that is learned along with the model, as the logarithm of its inverse; it cannot fall below its bound. */
export class LearnedTemperature {
  readonly #logScale: Parameter; // [1]

  private constructor(logScale: Parameter) {
    this.#logScale = logScale;
  }

  /**
   * @param store with {@link temperatureParameters}
   * @param temperature to begin with, from 0.01
   * @throws ArgumentError
   */
  static create(store: ParameterStore, temperature: number): LearnedTemperature {
    if (!(temperature >= 1 / largestScale && Number.isFinite(temperature))) {
      throw new ArgumentError(
        `[learnedTemperature] expected a temperature of at least ${1 / largestScale} to start with but received ${temperature}`,
      );
    }
    const logScale = store.parameter(name);
    logScale.load(Float32Array.of(-Math.log(temperature)));
    return new LearnedTemperature(logScale);
  }

  /** What cosines are multiplied by, recorded while a tape is open. @returns real [1] */
  scale(): Tensor {
    return scope(() => boundedExp(this.#logScale.value));
  }

  /** The temperature as it is now; not recorded. @returns real [1] */
  value(): Tensor {
    return scope(() => noGrad(() => reciprocal(this.scale())));
  }
}

/** What cosines are multiplied by. */
export function scaleOf(temperature: Temperature): number | Tensor {
  return typeof temperature === 'number' ? 1 / temperature : temperature.scale();
}
