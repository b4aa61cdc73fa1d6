// A ragged batch on its way into an encoder: token ids laid end to end, and where each sequence starts.
import { ArgumentError } from '../../errors.ts';
import type { Engine } from '../../native/engine.ts';
import { Tensor } from '../../tensor/tensor.ts';

export interface EncoderBatch {
  tokenIds: Tensor; // int32 [tokens]
  positionIds: Tensor; // int32 [tokens]
  typeIds: Tensor | undefined; // int32 [tokens]; undefined: all of type 0
  offsets: Tensor; // int32 [sequences + 1]
  /** A token sees those of its sequence whose rank is at most its own; undefined: all of them. */
  ranks?: Tensor | undefined; // int32 [tokens]
  /** By which dropout is drawn; there when ids were given. */
  sequenceIds?: Tensor | undefined; // int32 [sequences]
  rowKeys?: Tensor | undefined; // int32 [tokens, 2]: sequence id, position in the sequence from 0
  /** Of the sequences' first tokens alone; undefined when a sequence has none. */
  firstTokens?: FirstTokens | undefined;
  sequences: number;
  tokens: number;
}

/** What a batch has, of one token per sequence. */
export interface FirstTokens {
  offsets: Tensor; // int32 [sequences + 1]
  rowKeys?: Tensor | undefined; // int32 [sequences, 2]
}

/** Tokens that ask and are not seen: XLNet's query stream, in the order of the batch's sequences. */
export interface QueryStream {
  offsets: Tensor; // int32 [sequences + 1]
  ranks: Tensor; // int32 [queries]
  sequenceIds?: Tensor | undefined; // int32 [sequences]
  rowKeys?: Tensor | undefined; // int32 [queries, 2]
}

/**
 * Uploads a ragged batch.
 * @param offsets [sequences + 1], from 0, never falling, to the number of tokens
 * @param positionOffset position of each sequence's first token
 * @param typeIds [tokens], segment of each token; all 0 by default
 * @param ids of the sequences, for dropout: the first one's, from which they rise, or each one's. A chunk of a larger batch
 *   keeps the ids that its sequences have there, and draws what they draw there
 * @throws ArgumentError when offsets do not describe a ragged batch
 */
export function uploadBatch(
  engine: Engine,
  tokenIds: Int32Array,
  offsets: Int32Array,
  positionOffset: number,
  typeIds?: Int32Array,
  ids?: number | Int32Array,
): EncoderBatch {
  const positionIds = new Int32Array(tokenIds.length);
  if (offsets[0] !== 0 || offsets.at(-1) !== tokenIds.length) {
    throw new ArgumentError(
      `expected offsets from 0 to ${tokenIds.length} tokens but received ${offsets[0]} to ${offsets.at(-1)}`,
    );
  }
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const start = offsets[sequence] as number;
    const end = offsets[sequence + 1] as number;
    if (end < start)
      throw new ArgumentError(`expected offsets that never decrease but ${end} follows ${start}`);
    for (let token = start; token < end; token++) positionIds[token] = token - start + positionOffset;
  }
  return {
    tokenIds: Tensor.from(engine, tokenIds),
    positionIds: Tensor.from(engine, positionIds),
    typeIds: typeIds && Tensor.from(engine, typeIds),
    offsets: Tensor.from(engine, offsets),
    sequences: offsets.length - 1,
    tokens: tokenIds.length,
    ...uploadKeys(engine, offsets, ids),
  };
}

type Keys = Pick<EncoderBatch, 'sequenceIds' | 'rowKeys' | 'firstTokens'>;

function uploadKeys(engine: Engine, offsets: Int32Array, ids: number | Int32Array | undefined): Keys {
  const sequences = offsets.length - 1;
  const anyEmpty = offsets.some((offset, index) => index > 0 && offset === offsets[index - 1]);
  const ones = Int32Array.from(offsets.keys());
  const upload = () => Tensor.from(engine, ones);
  if (ids === undefined) return anyEmpty ? {} : { firstTokens: { offsets: upload() } };
  const sequenceIds =
    typeof ids === 'number' ? Int32Array.from({ length: sequences }, (_, i) => ids + i) : ids;
  if (sequenceIds.length !== sequences) {
    throw new ArgumentError(`expected ${sequences} sequence ids but received ${sequenceIds.length}`);
  }
  return {
    sequenceIds: Tensor.from(engine, sequenceIds),
    rowKeys: uploadRowKeys(engine, offsets, sequenceIds),
    ...(anyEmpty
      ? {}
      : { firstTokens: { offsets: upload(), rowKeys: uploadRowKeys(engine, ones, sequenceIds) } }),
  };
}

function uploadRowKeys(engine: Engine, offsets: Int32Array, sequenceIds: Int32Array): Tensor {
  const rowKeys = new Int32Array(2 * (offsets.at(-1) ?? 0));
  for (const [sequence, id] of sequenceIds.entries()) {
    const start = offsets[sequence] as number;
    for (let token = start; token < (offsets[sequence + 1] as number); token++) {
      rowKeys[2 * token] = id;
      rowKeys[2 * token + 1] = token - start;
    }
  }
  return Tensor.from(engine, rowKeys, [rowKeys.length / 2, 2]);
}
