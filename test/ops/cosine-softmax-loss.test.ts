// The contrastive loss against its authors' code (golden/record-loss.py), through likewise/kernels on every backend, and
// as a recorded op against difference quotients.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { type CosineSoftmaxLossOptions, cosineSoftmaxLoss as kernel } from '../../src/kernels.ts';
import { loadAddon } from '../../src/native/load.ts';
import {
  type Direction,
  directedPairs,
  hardNegativePairs,
  inBatchPairs,
  neighbourPairs,
} from '../../src/objectives/contrastive-pairs.ts';
import { cosineSoftmaxLoss } from '../../src/ops/loss/cosine-softmax-loss.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import { anywhere, expectGradients, positive, reference } from '../autograd/gradcheck.ts';

type Matrices = Record<'queries' | 'documents' | 'negatives' | 'scale', number[] | undefined>;

interface GoldenCase {
  name: string;
  form: 'in-batch' | 'hard-negatives' | 'neighbours' | 'ids' | 'directed';
  scale?: number;
  logWeight?: number;
  ids?: number[];
  otherIds?: number[];
  directions?: Direction[];
  partition?: 'joint' | 'per_direction';
  inputs: Matrices;
  loss: number;
  gradients: Matrices;
}

const golden = JSON.parse(
  readFileSync(new URL('../golden/cosine-softmax-loss.json', import.meta.url), 'utf8'),
) as { rows: number; width: number; cases: GoldenCase[] };
const { rows, width, cases } = golden;
// the public function refuses the mock; the op table runs the op on it
const backends = loadAddon().description.backends.filter(
  ({ available, name }) => available && name !== 'mock',
);

type Part = 'queries' | 'documents' | 'negatives';

/** Which matrices are stacked into the rows and the candidates, and the description of the pairs. */
function layout(given: GoldenCase): [rows: Part[], candidates: Part[], Partial<CosineSoftmaxLossOptions>] {
  const documents: Part[] = given.inputs.negatives ? ['documents', 'negatives'] : ['documents'];
  switch (given.form) {
    case 'in-batch':
      return [['queries'], documents, { ...inBatchPairs(rows) }];
    case 'hard-negatives':
      return [['queries'], documents, { ...hardNegativePairs(rows), logWeight: given.logWeight ?? 0 }];
    case 'neighbours':
      return [['queries'], ['queries'], { ...neighbourPairs(2 * rows) }];
    case 'ids': {
      const [queryIds, candidateIds] = [
        Int32Array.from(given.ids ?? []),
        Int32Array.from(given.otherIds ?? []),
      ];
      return [['queries'], documents, { queryIds, candidateIds }];
    }
    case 'directed': {
      const found = directedPairs(rows, documents.length, given.directions ?? [], given.partition);
      return [
        found.rows === 'queries' ? ['queries'] : ['queries', 'documents'],
        found.candidates === 'documents' ? documents : ['queries', ...documents],
        { ...found.pairs },
      ];
    }
  }
}

const stacked = (given: GoldenCase, parts: Part[]) =>
  Float32Array.from(parts.flatMap((part) => given.inputs[part] ?? []));

/** Adds the gradient of stacked rows to those of the matrices they came from. */
function addTo(sums: Map<Part, number[]>, given: GoldenCase, parts: Part[], gradient: Float32Array): void {
  let start = 0;
  for (const part of parts) {
    const { length } = given.inputs[part] as number[];
    const sum = sums.get(part) ?? Array<number>(length).fill(0);
    sums.set(
      part,
      sum.map((value, index) => value + (gradient[start + index] as number)),
    );
    start += length;
  }
}

function expectClose(
  actual: readonly number[],
  expected: readonly number[] | undefined,
  allowed: number,
): void {
  expect(actual.length).toBe(expected?.length);
  for (const [index, want] of (expected ?? []).entries()) {
    if (Math.abs((actual[index] as number) - want) <= allowed * (1 + Math.abs(want))) continue;
    expect.fail(`element ${index}: ${actual[index]} is not within ${allowed} of ${want}`);
  }
}

describe.each(backends)('on $name', ({ name: backend }) => {
  it.each(cases)('$name', async (given) => {
    const [own, candidates, pairs] = layout(given);
    const scale = given.scale ?? (given.inputs.scale?.[0] as number);
    const result = await kernel({
      queries: stacked(given, own),
      candidates: stacked(given, candidates),
      dim: width,
      scale,
      backend,
      ...pairs,
    });
    expectClose([result.loss], [given.loss], 5e-6);
    const sums = new Map<Part, number[]>();
    addTo(sums, given, own, result.gradQueries);
    addTo(sums, given, candidates, result.gradCandidates);
    for (const [part, sum] of sums) expectClose(sum, given.gradients[part], 2e-5);
    if (given.gradients.scale) expectClose([result.gradScale], given.gradients.scale, 1e-5);
  });
});

describe('as a recorded op', () => {
  const ints = (...values: number[]) => Tensor.from(reference, Int32Array.from(values));
  it('gives the gradients of queries, candidates and scale', async () => {
    const loss = (queries: Tensor, candidates: Tensor, scale: Tensor) =>
      cosineSoftmaxLoss(queries, candidates, {
        scale,
        positives: ints(2, 0, -1),
        weighted: ints(1, -1, 3),
        logWeight: 0.4,
        excluded: Tensor.from(reference, Int32Array.of(0, 1, 2, 4, 0, 0), [3, 2]),
        symmetric: true,
      });
    await expectGradients(loss, [anywhere(3, 5), anywhere(4, 5), positive(1)]);
  });

  it('gives the sum of both gradients to a matrix that is queries and candidates', async () => {
    const { positives, excluded } = neighbourPairs(4);
    const loss = (matrix: Tensor) =>
      cosineSoftmaxLoss(matrix, matrix, {
        scale: 3,
        positives: Tensor.from(reference, positives),
        excluded: Tensor.from(reference, excluded as Int32Array, [4, 2]),
      });
    await expectGradients(loss, [anywhere(4, 3)]);
  });

  it('refuses fewer candidates than queries without positives', () => {
    const [three, two] = [3, 2].map((count) => Tensor.from(reference, new Float64Array(count), [count, 1]));
    expect(() => cosineSoftmaxLoss(three as Tensor, two as Tensor, { scale: 1 })).toThrow(ShapeError);
  });
});
