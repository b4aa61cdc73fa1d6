// MultipleNegativesRankingLoss against its formula written out, and as what it is named for in other objectives.

import { afterAll, expect, it } from 'vitest';
import { ArgumentError } from '../../src/errors.ts';
import { Engine } from '../../src/native/engine.ts';
import { type MultipleNegativesOptions, multipleNegatives } from '../../src/objectives/multiple-negatives.ts';
import type { VectorObjective } from '../../src/objectives/objective.ts';
import { simcseSupervised } from '../../src/objectives/simcse.ts';
import { scope } from '../../src/tensor/scope.ts';
import { Tensor } from '../../src/tensor/tensor.ts';

const engine = new Engine({ threads: 1 });
afterAll(() => engine.dispose());

const [examples, columns, width] = [4, 3, 5];
const values = Float32Array.from({ length: columns * examples * width }, (_, index) => Math.sin(index * 1.7));

async function lossOf(objective: VectorObjective): Promise<number> {
  const batch = { examples, columns, tokens: { tokenIds: new Int32Array(), offsets: new Int32Array(13) } };
  using loss = scope(() => objective.loss(Tensor.from(engine, values, [columns * examples, width]), batch));
  return (await loss.data())[0] as number;
}

function cosine(i: number, j: number): number {
  const row = (r: number) => values.subarray(r * width, (r + 1) * width);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, k) => sum + x * (b[k] as number), 0);
  return dot(row(i), row(j)) / Math.sqrt(dot(row(i), row(i)) * dot(row(j), row(j)));
}

const everyRow = Array.from({ length: columns * examples }, (_, row) => row);

it('all four directions in one partition: rows 0 to 3 are texts, 4 to 7 positives, 8 to 11 negatives', async () => {
  let expected = 0;
  for (let i = 0; i < examples; i++) {
    const others = everyRow.filter((row) => row % examples !== i);
    const ofText = [...others, i + examples, i + 2 * examples].map((row) => cosine(i, row));
    const ofPositive = others.map((row) => cosine(i + examples, row));
    const sum = [...ofText, ...ofPositive].reduce((total, value) => total + Math.exp(20 * value), 0);
    expected += (Math.log(sum) - 20 * cosine(i, i + examples)) / examples;
  }
  const directions = ['query_to_doc', 'query_to_query', 'doc_to_query', 'doc_to_doc'] as const;
  expect((await lossOf(multipleNegatives({ directions }))) / expected).toBeCloseTo(1, 5);
});

it('one direction alone is SimCSE’s', async () => {
  expect(await lossOf(multipleNegatives())).toBe(await lossOf(simcseSupervised()));
});

it.each<[MultipleNegativesOptions, RegExp]>([
  [{ directions: ['doc_to_doc'] }, /expected query_to_doc among the directions/],
  [
    { directions: ['query_to_doc', 'doc_to_doc'], partition: 'per_direction' },
    /a joint partition for doc_to_d/,
  ],
])('%j is refused before the first step', (options, message) => {
  expect(() => multipleNegatives(options)).toThrow(ArgumentError);
  expect(() => multipleNegatives(options)).toThrow(message);
});
