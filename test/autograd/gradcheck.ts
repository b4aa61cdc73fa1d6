// Gradients against central differences in float64 on the reference backend: a random weighting of every element of the
// output is differentiated with respect to every element of every input.
import { expect } from 'vitest';
import { backwardFrom } from '../../src/autograd/backward.ts';
import { watch, withTape } from '../../src/autograd/tape.ts';
import { Engine } from '../../src/native/engine.ts';
import { scope } from '../../src/tensor/scope.ts';
import { elementCount } from '../../src/tensor/shape.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Random } from '../ops/random.ts';

export const reference = new Engine({ backend: 'reference', threads: 1 });

/** One input: its shape, and a range away from where the function is not smooth. */
export interface Input {
  shape: readonly number[];
  values: (random: Random) => number;
}

/** Normal deviates. */
export const anywhere = (...shape: number[]): Input => ({
  shape,
  values: (random) => random.normals(1)[0] as number,
});
/** In [0.5, 2]. */
export const positive = (...shape: number[]): Input => ({
  shape,
  values: (random) => 0.5 + 1.5 * random.uniform(),
});
/** At least 0.1 away from 0. */
export const apart = (...shape: number[]): Input => ({
  shape,
  values: (random) => (random.uniform() < 0.5 ? -1 : 1) * (0.1 + random.uniform()),
});

/** A function of tensors; offsets and ids it makes itself, on the engine of its inputs. */
export type Body = (...inputs: Tensor[]) => Tensor;

async function evaluate(body: Body, inputs: readonly Float64Array[], shapes: readonly (readonly number[])[]) {
  const output = scope(() =>
    body(...inputs.map((data, index) => Tensor.from(reference, data, shapes[index]))),
  );
  const data = (await output.data()) as Float64Array;
  output.dispose();
  return data;
}

/** @param allowed relative difference, of the largest gradient of the same input */
export async function expectGradients(body: Body, specs: readonly Input[], allowed = 1e-6): Promise<void> {
  const random = new Random(7);
  const shapes = specs.map(({ shape }) => shape);
  const inputs = specs.map(({ shape, values }) =>
    Float64Array.from({ length: elementCount(shape) }, () => values(random)),
  );
  const before = reference.stats().liveTensors;
  const [analytic, weighting] = await analyticGradients(body, inputs, shapes, random);
  expect(reference.stats().liveTensors).toBe(before);
  for (const [index, data] of inputs.entries()) {
    const numeric = await numericGradient(body, inputs, shapes, index, weighting);
    const size = numeric.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
    for (let element = 0; element < data.length; element++) {
      const [got, want] = [analytic[index]?.[element] as number, numeric[element] as number];
      if (Math.abs(got - want) <= allowed * size) continue;
      expect.fail(`input ${index}, element ${element}: gradient ${got}, by differences ${want}`);
    }
  }
}

async function analyticGradients(
  body: Body,
  inputs: readonly Float64Array[],
  shapes: readonly (readonly number[])[],
  random: Random,
): Promise<[Float64Array[], Float64Array]> {
  let weighting = new Float64Array();
  const gradients = withTape(() => {
    const tensors = inputs.map((data, index) => watch(Tensor.from(reference, data, shapes[index])));
    const output = scope(() => body(...tensors)); // what is saved outlives the scope
    weighting = Float64Array.from(random.normals(elementCount(output.shape)));
    return backwardFrom([output], [Tensor.from(reference, weighting, output.shape)], tensors);
  });
  const data = await Promise.all(gradients.map((tensor) => tensor.data() as Promise<Float64Array>));
  for (const tensor of gradients) tensor.dispose();
  return [data, weighting];
}

async function numericGradient(
  body: Body,
  inputs: readonly Float64Array[],
  shapes: readonly (readonly number[])[],
  index: number,
  weighting: Float64Array,
): Promise<Float64Array> {
  const value = async (element: number, shift: number) => {
    const moved = inputs.map((data) => data.slice());
    (moved[index] as Float64Array)[element] = ((inputs[index] as Float64Array)[element] as number) + shift;
    const output = await evaluate(body, moved, shapes);
    return output.reduce((total, one, place) => total + one * (weighting[place] as number), 0);
  };
  const gradient = new Float64Array((inputs[index] as Float64Array).length);
  const h = 1e-4;
  for (let element = 0; element < gradient.length; element++) {
    // Richardson's extrapolation of two central differences: an error of order h^4
    const near = (await value(element, h)) - (await value(element, -h));
    const far = (await value(element, 2 * h)) - (await value(element, -2 * h));
    gradient[element] = (8 * near - far) / (12 * h);
  }
  return gradient;
}
