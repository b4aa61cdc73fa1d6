// What the objectives of pretraining are made of: a batch of masked sequences, an encoder with heads over words, and one
// forward pass of the masked sequences that all objectives over them share. A run's objective is any weighted sum.
import { ArgumentError } from '../errors.ts';
import type { Encoder } from '../nn/encoder/encoder.ts';
import { uploadBatch } from '../nn/encoder/encoder-batch.ts';
import type { MaskedLanguageHead } from '../nn/heads/masked-language-head.ts';
import type { NextSentenceHead } from '../nn/heads/next-sentence-head.ts';
import type { SpanBoundaryHead } from '../nn/heads/span-boundary-head.ts';
import type { ForwardContext } from '../nn/layers/forward-context.ts';
import { add, multiply } from '../ops/plain/elementwise.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ObjectiveResult } from './objective.ts';

/** Sequences `[CLS] … [SEP]`, or of two segments, laid end to end, with some of their words masked. */
export interface PretrainingBatch {
  tokenIds: Int32Array; // [tokens], after masking
  offsets: Int32Array; // [sequences + 1]
  segmentIds?: Int32Array | undefined; // [tokens]; undefined: all of segment 0
  /** Where words are to be predicted, rising. */
  maskedPlaces: Int32Array; // [masked]
  /** The words that were there. */
  maskedWords: Int32Array; // [masked]
  /** 0 where the second segment follows the first in the text, 1 where it was drawn at random. */
  nextSentence?: Int32Array | undefined; // [sequences]
  /** Masked spans, merged where they touch: the first place of each and the one after its last. */
  spans?: Int32Array | undefined; // [2 * spans]
}

/** An encoder with the heads that its objectives need. */
export interface PretrainingModel {
  encoder: Encoder;
  maskedLanguage: MaskedLanguageHead;
  nextSentence?: NextSentenceHead | undefined;
  spanBoundary?: SpanBoundaryHead | undefined;
}

/** One batch on its way through the model. */
export interface PretrainingPass {
  model: PretrainingModel;
  batch: PretrainingBatch;
  context: ForwardContext;
  /** The last states of the masked sequences, made when they are first asked for. @returns [tokens, hidden] */
  maskedStates(): Tensor;
}

/** Queues what it measures of a pass: a loss in nats, and beside it what is only looked at. */
export type PretrainingObjective = (pass: PretrainingPass) => ObjectiveResult;

/**
 * The weighted sum of objectives. Each one's loss is in the metrics under its name, in nats and without its weight, and so
 * is what else it measures.
 * @returns a function that queues the forward pass of a batch
 * @throws ArgumentError for no objective, or a weight that is not a positive number
 */
export function weightedObjectives(
  parts: readonly { name: string; weight: number; objective: PretrainingObjective }[],
): (model: PretrainingModel, batch: PretrainingBatch, context: ForwardContext) => ObjectiveResult {
  if (parts.length === 0)
    throw new ArgumentError('[weightedObjectives] expected an objective but received none');
  const wrong = parts.find(({ weight }) => !(weight > 0 && weight < Number.POSITIVE_INFINITY));
  if (wrong !== undefined) {
    throw new ArgumentError(
      `[weightedObjectives] expected weights above 0 but ${wrong.name} has ${wrong.weight}: leave it out instead`,
    );
  }
  return (model, batch, context) =>
    scope(() => {
      const pass = startPass(model, batch, context);
      let total: Tensor | undefined;
      const metrics: Record<string, Tensor> = {};
      for (const { name, weight, objective } of parts) {
        const measured = objective(pass);
        const weighted = weight === 1 ? measured.loss : multiply(measured.loss, weight);
        total = total === undefined ? weighted : add(total, weighted);
        Object.assign(metrics, { [name]: measured.loss }, measured.metrics);
      }
      // one that is the loss itself is a metric of its own, since the caller disposes of both
      const loss = parts.length === 1 && parts[0]?.weight === 1 ? multiply(total as Tensor, 1) : total;
      return { loss: loss as Tensor, metrics };
    });
}

function startPass(
  model: PretrainingModel,
  batch: PretrainingBatch,
  context: ForwardContext,
): PretrainingPass {
  let states: Tensor | undefined;
  const encode = () => {
    const { encoder } = model;
    const { positionOffset, layers } = encoder.config;
    const { tokenIds, offsets, segmentIds } = batch;
    const uploaded = uploadBatch(encoder.engine, tokenIds, offsets, positionOffset, segmentIds, 0);
    return encoder.forward(uploaded, new Set([layers]), context).get(layers) as Tensor;
  };
  return { model, batch, context, maskedStates: () => (states ??= encode()) };
}

/** A batch's token ids as they were before masking. */
export function originalTokens({ tokenIds, maskedPlaces, maskedWords }: PretrainingBatch): Int32Array {
  const original = tokenIds.slice();
  for (const [index, place] of maskedPlaces.entries()) original[place] = maskedWords[index] as number;
  return original;
}
