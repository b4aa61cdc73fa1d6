// Attention in bfloat16 on the tape: output and gradient are not float32's but point as they do, for one fused tensor and
// for three, with dropout drawn alike; and what is no precision is refused.
import { afterAll, expect, it } from 'vitest';
import { backwardFrom } from '../../src/autograd/backward.ts';
import { watch, withTape } from '../../src/autograd/tape.ts';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { type AttentionOptions, attention, selfAttention } from '../../src/ops/attention/attention.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { Random } from './random.ts';

const engine = new Engine({ threads: 2 });
afterAll(() => engine.dispose());

const [tokens, heads, width] = [160, 2, 64];
const normals = (seed: number, columns: number) =>
  Tensor.from(engine, new Random(seed).normals(tokens * columns), [tokens, columns]);
const options = (precision: AttentionOptions['precision']): AttentionOptions => ({
  heads,
  queryOffsets: Tensor.from(engine, Int32Array.of(0, 15, 16, 160)),
  dropout: 0.1,
  seed: 3,
  site: 4,
  sequenceIds: Tensor.from(engine, Int32Array.of(7, 8, 9)),
  precision,
});

type Body = (inputs: readonly Tensor[], precision: AttentionOptions['precision']) => Tensor;

/** Output, then the gradient of every input. */
async function run(body: Body, columns: readonly number[], precision: AttentionOptions['precision']) {
  const results = withTape(() => {
    const inputs = columns.map((count, index) => watch(normals(index, count)));
    const output = scope(() => body(inputs, precision));
    return [output, ...backwardFrom([output], [normals(9, width)], inputs)];
  });
  return Promise.all(results.map((tensor) => tensor.data() as Promise<Float32Array>));
}

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array) =>
    x.reduce((sum, value, i) => sum + value * (y[i] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

const bodies: [name: string, body: Body, columns: number[]][] = [
  [
    'of three tensors',
    ([q, k, v], precision) => attention(q as Tensor, k as Tensor, v as Tensor, options(precision)),
    [width, width, width],
  ],
  [
    'of a fused tensor',
    ([fused], precision) => selfAttention(fused as Tensor, options(precision)),
    [3 * width],
  ],
];

it.each(bodies)('%s points as float32 does, output and gradients', async (_, body, columns) => {
  const exact = await run(body, columns, 'float32');
  expect(await run(body, columns, undefined)).toEqual(exact);
  const rounded = await run(body, columns, 'bfloat16');
  for (const [index, data] of rounded.entries()) {
    expect(data).not.toEqual(exact[index]);
    expect(cosine(data, exact[index] as Float32Array)).toBeGreaterThan(0.999);
  }
});

it('refuses what is no precision', () => {
  const query = normals(1, width);
  expect(() => attention(query, query, query, options('int8' as 'bfloat16'))).toThrow(
    new ArgumentError('[attention] expected precision to be float32 or bfloat16 but received int8'),
  );
});
