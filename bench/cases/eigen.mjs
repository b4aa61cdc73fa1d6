// The symmetric eigen-decomposition in float64 of covariances of 384, 768 and 1,024 dimensions, against numpy's eigh
// (LAPACK's dsyevd) and SVD, in rounds that alternate; with the residual and how orthogonal the vectors are.

import { Engine } from '../../dist/index.js';
import { symmetricEigen } from '../../dist/ops/eigen/symmetric-eigen.js';
import { scope } from '../../dist/tensor/scope.js';
import { Tensor } from '../../dist/tensor/tensor.js';
import { runProgram } from '../child.mjs';
import { readJob } from '../peers/job.mjs';
import { median, summary } from '../statistics.mjs';

const dims = [384, 768, 1024];
const job = readJob({ threads: 2, repeats: 5 });
const engine = new Engine({ threads: job.threads });

/** A symmetric matrix of numbers that look random, with a falling diagonal. */
function matrixOf(dim) {
  const data = new Float64Array(dim * dim);
  let state = dim;
  for (let i = 0; i < dim; i++) {
    for (let j = i; j < dim; j++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i * dim + j] = data[j * dim + i] = state / 2 ** 32 - 0.5 + (i === j ? dim / (1 + i) : 0);
    }
  }
  return data;
}

async function solve(matrix) {
  const begin = performance.now();
  const result = scope(() => symmetricEigen(matrix));
  const values = await result.values.data();
  const seconds = (performance.now() - begin) / 1000;
  return { ...result, values, handle: result.values, seconds };
}

/** Largest |A v - value v| over the largest value, and |v . w - (v = w)|, for a few vectors. */
async function quality(dim, data, matrix) {
  const { values, vectors, handle } = await solve(matrix);
  const v = await vectors.data();
  for (const tensor of [vectors, handle]) tensor.dispose();
  const row = (i) => v.subarray(i * dim, (i + 1) * dim);
  const dot = (x, y) => x.reduce((sum, value, k) => sum + value * y[k], 0);
  let [residual, orthogonality] = [0, 0];
  for (const i of [0, 1, dim >> 1, dim - 1]) {
    for (let j = 0; j < dim; j++) {
      const product = dot(data.subarray(j * dim, (j + 1) * dim), row(i));
      residual = Math.max(residual, Math.abs(product - values[i] * row(i)[j]) / Math.abs(values[0]));
      orthogonality = Math.max(orthogonality, Math.abs(dot(row(i), row(j)) - (i === j ? 1 : 0)));
    }
  }
  return { residual, orthogonality };
}

const results = dims.map((dim) => ({ dim, ours: [], peers: {} }));
for (let round = 0; round < job.repeats; round++) {
  console.error(`eigen: round ${round + 1} of ${job.repeats}`);
  for (const result of results) {
    const data = matrixOf(result.dim);
    const matrix = Tensor.from(engine, data, [result.dim, result.dim]);
    if (round === 0) result.quality = await quality(result.dim, data, matrix); // warms up too
    const { seconds, vectors, handle } = await solve(matrix);
    for (const tensor of [matrix, vectors, handle]) tensor.dispose();
    result.ours.push(seconds);
  }
  if (!job.peers.numpy) continue;
  const { results: peers } = await runProgram('peers/numpy-whitening.py', {
    python: job.peers.python,
    kind: 'eigen',
    dims,
    threads: job.threads,
    repeats: 1,
  });
  for (const [index, { seconds }] of peers.entries()) {
    for (const [name, [value]] of Object.entries(seconds)) {
      const list = results[index].peers;
      list[name] = [...(list[name] ?? []), value];
    }
  }
}

console.log(
  JSON.stringify({
    backend: engine.backend,
    sizes: results.map(({ dim, ours, peers, quality: accuracy }) => ({
      dim,
      ...accuracy,
      seconds: summary(ours),
      peers: Object.entries(peers).map(([name, seconds]) => ({
        name,
        seconds: summary(seconds),
        ratio: median(seconds) / median(ours),
        perRound: summary(seconds.map((value, round) => value / ours[round])),
      })),
    })),
  }),
);
