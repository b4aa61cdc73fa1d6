// The contrastive loss on sizes below and past its tiles, with its gradients. The forms that it takes are held against
// their authors' code in cosine-softmax-loss.test.ts.
import { cosineSoftmaxLossAndGradients } from '../../src/ops/cosine-softmax-loss.ts';
import type { Tensor } from '../../src/tensor/tensor.ts';
import type { Maker, OpCase } from './op-table.ts';

const sizes: [queries: number, candidates: number, width: number, symmetric: boolean][] = [
  [0, 3, 4, false],
  [1, 1, 1, true],
  [7, 9, 33, true],
  [97, 130, 40, true],
  [130, 300, 17, false],
];
const all = { queries: true, candidates: true, scale: true };

export const lossCases: OpCase[] = sizes.map(([rows, columns, width, symmetric]) => ({
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
