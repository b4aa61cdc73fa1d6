// The examples of docs/custom-loss.md, run as they stand there.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { Engine } from '../../src/native/engine.ts';
import type { VectorObjective } from '../../src/objectives/objective.ts';
import { l2Normalize } from '../../src/ops/rows/rows.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { TrainSummary } from '../../src/train/run-task.ts';
import { smallModel } from '../embed/small-model.ts';
import { anywhere, expectGradients } from './gradcheck.ts';

const root = join(import.meta.dirname, '../..');

interface Examples {
  cosent: VectorObjective;
  trainWith(model: string, data: string, output: string, loss: VectorObjective): Promise<TrainSummary>;
  fit(model: string, output: string, loss: VectorObjective): Promise<number[]>;
  slopeOf(engine: Engine, values: Float32Array): Tensor;
  signs(vectors: Tensor): Tensor;
}

let folder: string;
let examples: Examples;
const engine = new Engine({ threads: 1 });

const sources: Record<string, string> = {
  "'likewise'": "'../../../src/index.ts'",
  "'likewise/training'": "'../../../src/training.ts'",
};

/** Each block is a module of its own, so it must compile alone. */
beforeAll(async () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/custom-loss.md'), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code);
  expect(blocks.length).toBe(5);
  folder = mkdtempSync(join(import.meta.dirname, 'example-'));
  let all = {};
  for (const [index, block] of blocks.entries()) {
    const file = join(folder, `block-${index}.ts`);
    const code = block.replace(/'likewise(\/training)?'/g, (name) => sources[name] as string);
    writeFileSync(file, `// From docs/custom-loss.md.\n${code}`);
    all = { ...all, ...((await import(file)) as object) };
  }
  examples = all as Examples;
});

afterAll(() => {
  engine.dispose();
  rmSync(folder, { recursive: true, force: true });
});

it('every block compiles alone, in strict TypeScript', () => {
  const files = readdirSync(folder).map((name) => join(folder, name));
  const strict = {
    ...(JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as object),
    include: files,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(strict));
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--noEmit'], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

it('an objective of one’s own trains a model folder, in a run and in a loop', async () => {
  const data = join(folder, 'pairs.tsv');
  writeFileSync(data, 'a cat\tthe cat\t4.5\na dog\ton a mat\t0\nthe cat sat\tthe dog\t2\n');
  const run = await examples.trainWith(smallModel, data, join(folder, 'run'), examples.cosent);
  expect(run).toMatchObject({ steps: 4, examples: 12 });
  const losses = await examples.fit(smallModel, join(folder, 'loop'), examples.cosent);
  expect(losses.every(Number.isFinite)).toBe(true);
  using encoder = await SentenceEncoder.load(join(folder, 'loop'));
  expect((await encoder.encode('a cat')).every(Number.isFinite)).toBe(true);
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
