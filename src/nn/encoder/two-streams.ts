// XLNet's two streams (Yang et al., 2019, section 2.3) through a BERT: the content stream is the encoder under the ranks
// of an order, in which a token sees those up to itself; the query stream begins with [MASK] at a place and sees what comes
// before it in the order, never its own word. Positions are BERT's, so XLNet's w is the embedding of [MASK].
import { recompute } from '../../autograd/recompute.ts';
import type { Engine } from '../../native/engine.ts';
import { concatenateRows, splitRows } from '../../ops/plain/slices.ts';
import { scope } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { ForwardContext } from '../layers/forward-context.ts';
import type { Encoder } from './encoder.ts';
import type { EncoderBatch, QueryStream } from './encoder-batch.ts';
import type { EncoderLayer } from './encoder-layer.ts';

/** The batch of a query stream: ids, positions and types of its tokens are those of [MASK] at their places. */
export type QueryBatch = QueryStream & Pick<EncoderBatch, 'tokenIds' | 'positionIds' | 'typeIds'>;

/**
 * Uploads [MASK] at some places of a batch as its query stream. Dropout is drawn by other ids than the content's.
 * @param batch.segmentIds [tokens]
 * @param ranks [tokens], of the batch
 * @param options.places rising
 */
export function uploadQueries(
  engine: Engine,
  batch: { offsets: Int32Array; segmentIds?: Int32Array | undefined },
  ranks: Int32Array,
  options: { places: Int32Array; maskToken: number; positionOffset: number },
): QueryBatch {
  const { offsets, segmentIds } = batch;
  const { places, maskToken, positionOffset } = options;
  const sequences = offsets.length - 1;
  const starts = new Int32Array(sequences + 1);
  const positions = new Int32Array(places.length);
  const keys = new Int32Array(2 * places.length);
  for (let sequence = 0, query = 0; sequence < sequences; sequence++) {
    const [start, end] = [offsets[sequence] as number, offsets[sequence + 1] as number];
    for (; query < places.length && (places[query] as number) < end; query++) {
      positions[query] = (places[query] as number) - start;
      keys.set([sequences + sequence, positions[query] as number], 2 * query);
    }
    starts[sequence + 1] = query;
  }
  const upload = (values: Int32Array, shape?: number[]) => Tensor.from(engine, values, shape);
  const at = (values: Int32Array) => upload(places.map((place) => values[place] as number));
  return {
    tokenIds: upload(new Int32Array(places.length).fill(maskToken)),
    positionIds: upload(positions.map((position) => position + positionOffset)),
    typeIds: segmentIds && at(segmentIds),
    offsets: upload(starts),
    ranks: at(ranks),
    sequenceIds: upload(Int32Array.from({ length: sequences }, (_, sequence) => sequences + sequence)),
    rowKeys: upload(keys, [places.length, 2]),
  };
}

/**
 * @param batch the content, with ranks
 * @param queries in the order of the batch's sequences
 * @returns [queries, hidden], the query stream's last states
 */
export function queryStates(
  encoder: Encoder,
  batch: EncoderBatch,
  queries: QueryBatch,
  context?: ForwardContext,
): Tensor {
  const embed = (tokens: EncoderBatch | QueryBatch) =>
    scope(() => encoder.embeddings.forward(tokens, context));
  let content = embed(batch);
  let query = embed(queries);
  for (const [index, layer] of encoder.layers.entries()) {
    const last = index === encoder.layers.length - 1;
    const run = context?.recompute === true ? runAgain : runStreams;
    const next = scope(() => run(layer, [content, query], batch, queries, context, last));
    for (const state of [content, query]) state.dispose();
    [query, content] = next as [Tensor, Tensor];
  }
  return query;
}

/** @returns the queries' states and, but for the last layer, the content's */
function runStreams(
  layer: EncoderLayer,
  [content, query]: readonly [Tensor, Tensor],
  batch: EncoderBatch,
  stream: QueryStream,
  context: ForwardContext | undefined,
  last: boolean,
): Tensor[] {
  const fused = layer.fused(content);
  const asked = layer.forwardQueries(query, fused, batch, stream, context);
  return last ? [asked] : [asked, layer.forwardFused(fused, content, batch, context)];
}

/** {@link runStreams}, of which only the inputs are kept. */
function runAgain(
  layer: EncoderLayer,
  [content, query]: readonly [Tensor, Tensor],
  batch: EncoderBatch,
  stream: QueryStream,
  context: ForwardContext | undefined,
  last: boolean,
): Tensor[] {
  const both = recompute(
    (c: Tensor, q: Tensor, ...rest: (Tensor | undefined)[]) => {
      const [offsets, ranks, sequenceIds, rowKeys, ...ofQueries] = rest;
      const [queryOffsets, queryRanks, queryIds, queryKeys] = ofQueries;
      const again = { ...batch, offsets: offsets as Tensor, ranks, sequenceIds, rowKeys };
      const asks = {
        offsets: queryOffsets as Tensor,
        ranks: queryRanks as Tensor,
        sequenceIds: queryIds,
        rowKeys: queryKeys,
      };
      return concatenateRows(runStreams(layer, [c, q], again, asks, context, last));
    },
    content,
    query,
    batch.offsets,
    batch.ranks,
    batch.sequenceIds,
    batch.rowKeys,
    stream.offsets,
    stream.ranks,
    stream.sequenceIds,
    stream.rowKeys,
  );
  const [queries = 0, tokens = 0] = [query.shape[0], content.shape[0]];
  return last ? [both] : splitRows(both, [queries, tokens]);
}
