// The input layer of a BERT: the sum of word, position and token-type embeddings, then layer normalisation, in one pass; and the
// gradient of that sum, which each table then gets by scatterRows (table-rows.ts). A word table in int8 is looked up first, and
// the rows found are a table of their own, in order.
import { record, recording } from '../../autograd/tape.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import { QuantizedMatrix, refuseGradient } from '../linear/quantize-weight.ts';
import { checkShape, matrixShape, runOp } from '../run-op.ts';
import type { AffineGradients } from './layer-norm.ts';
import { gatherRowsInt8, scatterRows } from './table-rows.ts';

export interface EmbeddingTables {
  word: Tensor; // [vocabulary, width]
  position?: Tensor | undefined; // [positions, width]
  type?: Tensor | undefined; // [types, width]
  gamma: Tensor; // [width]
  beta: Tensor; // [width]
  epsilon: number;
}

export interface EmbeddingIds {
  tokenIds: Tensor; // int32 [tokens]
  positionIds?: Tensor | undefined; // int32 [tokens]; needed with a position table
  typeIds?: Tensor | undefined; // int32 [tokens]; row 0 of the type table without it
}

/**
 * `layerNorm(word[tokenIds] + position[positionIds] + type[typeIds])`.
 * @param tables.word may be in int8, the others being float32
 * @returns real [tokens, width]
 * @throws ShapeError, DTypeError; GradientError for the gradient of a table in int8; ExecutionError on the next wait when
 *   an id is outside its table
 */
export function embedding(
  ids: EmbeddingIds,
  tables: Omit<EmbeddingTables, 'word'> & { word: Tensor | QuantizedMatrix },
): Tensor {
  const { word } = tables;
  if (!(word instanceof QuantizedMatrix)) return embeddingOf(ids, { ...tables, word });
  refuseGradient('embedding', [tables.position, tables.type, tables.gamma, tables.beta]);
  return scope(() => {
    const rows = gatherRowsInt8(word, ids.tokenIds); // [tokens, width]
    const inOrder = new Int32Array(rows.shape[0] as number).map((_, token) => token);
    return embeddingOf({ ...ids, tokenIds: Tensor.from(word.engine, inOrder) }, { ...tables, word: rows });
  });
}

function embeddingOf(ids: EmbeddingIds, tables: EmbeddingTables): Tensor {
  const [, width] = matrixShape('embedding', 'word', tables.word);
  const tokens = ids.tokenIds.shape[0] ?? 0;
  checkShape('embedding', 'positionIds', ids.positionIds, [tokens]);
  checkShape('embedding', 'typeIds', ids.typeIds, [tokens]);
  checkShape('embedding', 'gamma', tables.gamma, [width]);
  checkShape('embedding', 'beta', tables.beta, [width]);
  const output = Tensor.allocate(tables.word.engine, tables.word.dtype, [tokens, width]);
  runOp(
    'embedding',
    [
      ids.tokenIds,
      tables.word,
      ids.positionIds,
      tables.position,
      ids.typeIds,
      tables.type,
      tables.gamma,
      tables.beta,
    ],
    [output],
    [tables.epsilon],
  );
  const { word, position, type, gamma, beta } = tables;
  if (recording('embedding', [word, position, type, gamma, beta])) recordEmbedding(ids, tables, output);
  return output;
}

function recordEmbedding(ids: EmbeddingIds, tables: EmbeddingTables, output: Tensor): void {
  const { word, position, type, gamma, beta } = tables;
  const saved = [ids.tokenIds, ids.positionIds, ids.typeIds, word, position, type, gamma] as const;
  record('embedding', [output], saved, (step, [tokenIds, positionIds, typeIds, w, p, t, g]) => {
    const same = { tokenIds: tokenIds as Tensor, positionIds, typeIds };
    step.into([gamma, beta], ([gammaGradient, betaGradient], add) => {
      const sum = embeddingGradient(
        step.outputGradient,
        same,
        { word: w as Tensor, position: p, type: t, gamma: g as Tensor, epsilon: tables.epsilon },
        { gamma: gammaGradient, beta: betaGradient, accumulate: add === 1 },
      );
      const scatter = (table: Tensor | undefined, rowIds: Tensor) =>
        step.into([table], ([target], accumulate) => {
          if (target !== undefined) scatterRows(sum, rowIds, target, accumulate === 1);
        });
      scatter(word, same.tokenIds);
      if (positionIds !== undefined) scatter(position, positionIds);
      const firstType = () => Tensor.from(sum.engine, new Int32Array(sum.shape[0] as number));
      if (step.wants(type)) scatter(type, typeIds ?? firstType());
    });
  });
}

/**
 * The gradient of the sum of rows that {@link embedding} normalises, of the same ids and tables.
 * @param outputGradient real [tokens, width]
 * @returns real [tokens, width]
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when an id is outside its table
 */
export function embeddingGradient(
  outputGradient: Tensor,
  ids: EmbeddingIds,
  tables: Omit<EmbeddingTables, 'beta'>,
  affine: AffineGradients = {},
): Tensor {
  const [tokens, width] = matrixShape('embeddingGradient', 'outputGradient', outputGradient);
  checkShape('embeddingGradient', 'tokenIds', ids.tokenIds, [tokens]);
  checkShape('embeddingGradient', 'positionIds', ids.positionIds, [tokens]);
  checkShape('embeddingGradient', 'typeIds', ids.typeIds, [tokens]);
  checkShape('embeddingGradient', 'gamma', tables.gamma, [width]);
  checkShape('embeddingGradient', 'gammaGradient', affine.gamma, [width]);
  checkShape('embeddingGradient', 'betaGradient', affine.beta, [width]);
  const { word, position, type, gamma } = tables;
  const sumGradient = Tensor.allocate(word.engine, word.dtype, [tokens, width]);
  runOp(
    'embedding_gradient',
    [outputGradient, ids.tokenIds, word, ids.positionIds, position, ids.typeIds, type, gamma],
    [sumGradient, affine.gamma, affine.beta],
    [tables.epsilon, affine.accumulate === true ? 1 : 0],
  );
  return sumGradient;
}
