// The input layer of a BERT: the sum of word, position and token-type embeddings, then layer normalisation, in one pass.
import { Tensor } from '../tensor/tensor.ts';
import { checkShape, matrixShape, runOp } from './run-op.ts';

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
 * @returns real [tokens, width]
 * @throws ShapeError, DTypeError; ExecutionError on the next wait when an id is outside its table
 */
export function embedding(ids: EmbeddingIds, tables: EmbeddingTables): Tensor {
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
  return output;
}
