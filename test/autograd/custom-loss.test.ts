// The examples of docs/custom-loss.md, run as they stand there.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../src/native/engine.ts';
import type { VectorObjective } from '../../src/objectives/objective.ts';
import { l2Normalize } from '../../src/ops/rows.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { anywhere, expectGradients } from './gradcheck.ts';

interface Examples {
  cosent: VectorObjective;
  slopeOf(engine: Engine, values: Float32Array): Tensor;
  signs(vectors: Tensor): Tensor;
}

let folder: string;
let examples: Examples;
const engine = new Engine({ threads: 1 });

beforeAll(async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/custom-loss.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
  expect(blocks.length).toBe(3);
  folder = mkdtempSync(join(import.meta.dirname, 'example-'));
  const file = join(folder, 'custom-loss.ts');
  const code = ['// From docs/custom-loss.md.', ...blocks].join('\n');
  writeFileSync(file, code.replaceAll("'likewise/training'", "'../../../src/training.ts'"));
  examples = (await import(file)) as Examples;
});

afterAll(() => {
  engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const batch = (scores: Float32Array) => ({
  examples: 4,
  columns: 2,
  tokens: { tokenIds: new Int32Array(), offsets: new Int32Array(9) },
  scores,
});

it('CoSENT is its formula', async () => {
  const values = Float32Array.from({ length: 24 }, (_, index) => Math.sin(index * 2.3));
  const scores = Float32Array.of(0.1, 0.9, 0.5, 0.5);
  const [loss, unit] = scope(() => {
    const vectors = Tensor.from(engine, values, [8, 3]);
    return [examples.cosent.loss(vectors, batch(scores)), l2Normalize(vectors)];
  }) as [Tensor, Tensor];
  const rows = await unit.float32Data();
  const cosines = [0, 1, 2, 3].map((i) =>
    [0, 1, 2].reduce((sum, j) => sum + (rows[3 * i + j] as number) * (rows[12 + 3 * i + j] as number), 0),
  );
  let total = 1;
  for (const [i, first] of cosines.entries()) {
    for (const [j, second] of cosines.entries()) {
      if ((scores[i] as number) > (scores[j] as number)) total += Math.exp(20 * (second - first));
    }
  }
  expect(((await loss.data())[0] as number) / Math.log(total)).toBeCloseTo(1, 5);
  for (const tensor of [loss, unit]) tensor.dispose();
});

it('CoSENT has the gradient of its formula', async () => {
  const order = Float64Array.of(0.1, 0.9, 0.5, 0.5) as unknown as Float32Array; // float64, as the vectors here
  await expectGradients(
    (vectors) => examples.cosent.loss(vectors as Tensor, batch(order)),
    [anywhere(8, 3)],
    1e-5,
  );
});

it('the gradient of a mean of squares, and that of signs', async () => {
  using gradient = examples.slopeOf(engine, Float32Array.of(1, -2));
  expect([...(await gradient.data())]).toEqual([1, -2]);
  using output = scope(() => examples.signs(Tensor.from(engine, Float32Array.of(3, -2, 0))));
  expect([...(await output.data())]).toEqual([1, -1, 0]);
});
