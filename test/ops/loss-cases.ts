// The losses on sizes below and past their tiles, with their gradients. The forms that the contrastive one takes are held
// against their authors' code in cosine-softmax-loss.test.ts.
import { cosineSoftmaxLossAndGradients } from '../../src/ops/loss/cosine-softmax-loss.ts';
import { vocabularyLossAndGradients } from '../../src/ops/loss/vocabulary-loss.ts';
import { Tensor } from '../../src/tensor/tensor.ts';
import type { Maker, OpCase } from './op-table.ts';

const sizes: [queries: number, candidates: number, width: number, symmetric: boolean][] = [
  [0, 3, 4, false],
  [1, 1, 1, true],
  [7, 9, 33, true],
  [97, 130, 40, true],
  [130, 300, 17, false],
];
const all = { queries: true, candidates: true, scale: true };

const contrastive: OpCase[] = sizes.map(([rows, columns, width, symmetric]) => ({
  name: `cosine_softmax_loss ${rows} x ${columns} x ${width}${symmetric ? ' symmetric' : ''}`,
  tolerance: 2e-5,
  run: (make: Maker) => {
    const [queries, candidates] = [make.strided(rows, width), make.strided(columns, width)];
    const ids = {
      queryIds: make.ints(make.random.integers(rows, 9)),
      candidateIds: make.ints(make.random.integers(columns, 9)),
    };
    const options = { scale: 20, symmetric, ...ids };
    return Object.values(cosineSoftmaxLossAndGradients(queries, candidates, options, all)) as Tensor[];
  },
}));

const vocabularies: [positions: number, words: number, width: number][] = [
  [0, 5, 3],
  [1, 1, 1],
  [33, 230, 40],
  [400, 1000, 17],
];

/** The factors that may be rounded to the neighbouring number in bfloat16 are below 1, so is what they are multiplied by. */
const bfloat16Step = 2 ** -8;

const vocabulary: OpCase[] = vocabularies.flatMap(([positions, words, width]) =>
  [false, true].map((bfloat16) => ({
    name: `vocabulary_loss${bfloat16 ? '_bfloat16' : ''} ${positions} x ${words} x ${width}`,
    tolerance: bfloat16 ? bfloat16Step : 2e-5,
    run: (given: Maker) => {
      const make = bfloat16 ? given.inFloat32() : given;
      const [states, table] = [make.strided(positions, width), make.strided(words, width)];
      const targets = make.ints(make.random.integers(positions, words));
      const [bias, weights] = [make.normals(words), make.normals(positions)];
      const gradients = {
        states: Tensor.allocate(make.engine, make.real, [positions, width]),
        table: make.normals(words, width),
        bias: make.normals(words),
        accumulate: true,
      };
      const run = { bias, weights, bfloat16, gradients };
      const { losses, hits } = vocabularyLossAndGradients(states, table, targets, run);
      return [losses, hits, gradients.states, gradients.table, gradients.bias];
    },
  })),
);

export const lossCases: OpCase[] = [...contrastive, ...vocabulary];
