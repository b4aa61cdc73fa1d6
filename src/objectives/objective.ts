// What every objective is made of: a model, a batch of texts by columns, and a loss. Objectives over sentences' vectors
// say which sequences are encoded and what the loss of their vectors is; encoding lies between the two, so that GradCache
// can do it in chunks. Learning from a batch is forward and backward, on one tape or in chunks.
import { backward } from '../autograd/backward.ts';
import { withTape } from '../autograd/tape.ts';
import type { Encoder } from '../nn/encoder/encoder.ts';
import { uploadBatch } from '../nn/encoder/encoder-batch.ts';
import type { Pooling } from '../nn/encoder/pooling.ts';
import type { ForwardContext } from '../nn/layers/forward-context.ts';
import type { Linear } from '../nn/layers/linear.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** What an objective computes with: an encoder, and how its vectors are pooled. */
export interface TrainedModel {
  encoder: Encoder;
  pooling: Pooling;
  /** Over the pooled vectors; whoever evaluates decides whether it counts there. */
  head?: Linear | undefined;
}

/** A batch as an objective sees it: the tokens of every text, column by column. */
export interface ObjectiveBatch {
  examples: number;
  /** Texts of an example. */
  columns: number;
  /** All texts, column by column: text c of example i is sequence c * examples + i. */
  tokens: { tokenIds: Int32Array; offsets: Int32Array };
  /** [columns * examples]; equal texts have equal numbers. */
  textIds?: Int32Array | undefined;
  /** [examples] */
  scores?: Float32Array | undefined;
}

/** What an objective gives for a batch. */
export interface ObjectiveResult {
  loss: Tensor; // [1]
  /** What else is measured, [1] each: the parts of a loss that has several. */
  metrics: Record<string, Tensor>;
}

/** Queues a forward pass. `backward` of its loss is for whoever opened the tape: {@link onOneTape}. */
export type Objective = (
  model: TrainedModel,
  batch: ObjectiveBatch,
  context: ForwardContext,
) => ObjectiveResult;

/**
 * Queues the forward and backward passes of a batch: `factor` times the loss's gradients are added to the stores of the
 * parameters; 1 by default.
 * @returns what the caller disposes of
 */
export type LearnBatch = (
  model: TrainedModel,
  batch: ObjectiveBatch,
  context: ForwardContext,
  factor?: number,
) => Promise<ObjectiveResult>;

/** Learns from a batch at once. */
export function onOneTape(objective: Objective): LearnBatch {
  return async (model, batch, context, factor) =>
    withTape(() => {
      const result = objective(model, batch, context);
      backward(result.loss, factor);
      return result;
    });
}

/** Sequences to encode, each with the id that its dropout is drawn by. */
export interface Sequences {
  tokenIds: Int32Array; // [tokens]
  offsets: Int32Array; // [sequences + 1]
  ids: Int32Array; // [sequences]
}

/** An objective over sentences' vectors. */
export interface VectorObjective {
  /** Which sequences of a batch are encoded, in the order of the vectors that `loss` gets. */
  sequences(batch: ObjectiveBatch): Sequences;
  /** @param vectors [sequences, width] @returns [1] */
  loss(vectors: Tensor, batch: ObjectiveBatch): Tensor;
}

/** Encodes all sequences at once. */
export function wholeBatch(objective: VectorObjective): Objective {
  return (model, batch, context) => {
    const vectors = encodeSequences(model, objective.sequences(batch), context);
    return { loss: objective.loss(vectors, batch), metrics: {} };
  };
}

/** @returns [sequences, width] */
export function encodeSequences(model: TrainedModel, sequences: Sequences, context: ForwardContext): Tensor {
  const { encoder, pooling, head } = model;
  const { positionOffset, layers } = encoder.config;
  return scope(() => {
    const { tokenIds, offsets, ids } = sequences;
    const batch = uploadBatch(encoder.engine, tokenIds, offsets, positionOffset, undefined, ids);
    const states = encoder.forward(batch, pooling.wantedStates(layers), context);
    const pooled = pooling.forward(encoder, states, batch);
    return head === undefined ? pooled : head.forward(pooled);
  });
}

/** Sequences `start` to `end`, with the ids that they have among all. */
export function sliceSequences({ tokenIds, offsets, ids }: Sequences, start: number, end: number): Sequences {
  const first = offsets[start] as number;
  return {
    tokenIds: tokenIds.subarray(first, offsets[end]),
    offsets: offsets.slice(start, end + 1).map((offset) => offset - first),
    ids: ids.subarray(start, end),
  };
}

/** Each text once; text c of example i has id c * examples + i. */
export function everyText({ tokens }: ObjectiveBatch): Sequences {
  const { tokenIds, offsets } = tokens;
  return { tokenIds, offsets, ids: Int32Array.from({ length: offsets.length - 1 }, (_, index) => index) };
}

/** Each text twice, with other dropout: all first copies, then all second ones; those of text i have ids 2i and 2i + 1. */
export function twins({ tokens }: ObjectiveBatch): Sequences {
  const texts = tokens.offsets.length - 1;
  const order = Array.from({ length: 2 * texts }, (_, index) => index % texts);
  return gatherSequences(tokens, order, (index) => 2 * (index % texts) + (index < texts ? 0 : 1));
}

/** {@link twins}, with both copies of a text side by side. */
export function neighbours({ tokens }: ObjectiveBatch): Sequences {
  const order = Array.from({ length: 2 * (tokens.offsets.length - 1) }, (_, index) => index >> 1);
  return gatherSequences(tokens, order, (index) => index);
}

function gatherSequences(
  { tokenIds, offsets }: ObjectiveBatch['tokens'],
  order: readonly number[],
  idOf: (index: number) => number,
): Sequences {
  const parts = order.map((text) => tokenIds.subarray(offsets[text], offsets[text + 1]));
  const starts = new Int32Array(order.length + 1);
  for (const [index, part] of parts.entries()) starts[index + 1] = (starts[index] as number) + part.length;
  const gathered = new Int32Array(starts.at(-1) as number);
  for (const [index, part] of parts.entries()) gathered.set(part, starts[index]);
  return { tokenIds: gathered, offsets: starts, ids: Int32Array.from(order, (_, index) => idOf(index)) };
}
