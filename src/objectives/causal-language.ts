// Causal language modelling: every token from those before it, through the same encoder with rank = position (Radford et
// al., 2018). Nothing is masked. The loss is the mean over all tokens but each sequence's first, as transformers shifts it.
import { noGrad } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { uploadBatch } from '../nn/encoder/encoder-batch.ts';
import { exp } from '../ops/plain/elementwise.ts';
import { gatherRows } from '../ops/rows/table-rows.ts';
import { Tensor } from '../tensor/tensor.ts';
import { originalTokens, type PretrainingObjective } from './pretraining.ts';

/** Measures `causalAccuracy` and `causalPerplexity`. */
export const causalLanguage: PretrainingObjective = ({ model, batch, context }) => {
  const { encoder, maskedLanguage: head } = model;
  const { positionOffset, layers } = encoder.config;
  const { offsets, segmentIds } = batch;
  const tokenIds = originalTokens(batch);
  const starts = new Set(offsets);
  const seen = tokenIds.map((_, token) => token).filter((token) => !starts.has(token + 1)); // each but the last
  if (seen.length === 0) {
    throw new ArgumentError('[causalLanguage] expected a sequence of at least two tokens but there is none');
  }
  const uploaded = uploadBatch(encoder.engine, tokenIds, offsets, positionOffset, segmentIds, 0);
  const causal = { ...uploaded, ranks: uploaded.positionIds };
  const states = encoder.forward(causal, new Set([layers]), context).get(layers) as Tensor;
  const there = gatherRows(states, Tensor.from(encoder.engine, seen)); // [tokens - sequences, hidden]
  const { loss, accuracy } = head.predict(
    there,
    seen.map((token) => tokenIds[token + 1] as number),
  );
  return { loss, metrics: { causalAccuracy: accuracy, causalPerplexity: noGrad(() => exp(loss)) } };
};
