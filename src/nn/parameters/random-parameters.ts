// Parameters to start from when there are none: weights and tables from a normal distribution cut off at two standard
// deviations (0.02, as BERT), biases 0, layer norm's scale 1. Each parameter's numbers depend on the seed and its name
// alone, not on what else is drawn.
import type { ParameterSpec } from '../../autograd/parameter.ts';
import { ArgumentError } from '../../errors.ts';
import { elementCount } from '../../tensor/shape.ts';
import { mixSeed, siteOf } from '../layers/forward-context.ts';
import type { ParameterSource } from './parameter-reader.ts';

/** A source of random parameters of the given shapes. @param seed uint32 */
export function randomParameters(
  specs: readonly ParameterSpec[],
  seed: number,
  deviation = 0.02,
): ParameterSource {
  const shapes = new Map(specs.flatMap(({ names, shape }) => names.map((name) => [name, shape] as const)));
  const shapeOf = (name: string) => {
    const shape = shapes.get(name);
    if (shape === undefined)
      throw new ArgumentError(`expected a parameter of the model but received ${name}`);
    return shape;
  };
  return {
    names: [...shapes.keys()],
    info: (name) => ({ shape: shapeOf(name) }),
    readFloat32: async (name) => {
      const count = elementCount(shapeOf(name));
      if (name.endsWith('.bias')) return new Float32Array(count);
      if (name.endsWith('LayerNorm.weight')) return new Float32Array(count).fill(1);
      return truncatedNormals(mixSeed(siteOf(name), seed), count, deviation);
    },
  };
}

/** Box and Muller's method; what lies beyond two deviations is drawn again. */
function truncatedNormals(seed: number, count: number, deviation: number): Float32Array {
  const values = new Float32Array(count);
  let draw = 0;
  const uniform = () => (mixSeed(seed, draw++) + 0.5) / 4294967296;
  for (let index = 0; index < count; ) {
    const radius = Math.sqrt(-2 * Math.log(uniform()));
    const normal = radius * Math.cos(2 * Math.PI * uniform());
    if (Math.abs(normal) <= 2) values[index++] = normal * deviation;
  }
  return values;
}
