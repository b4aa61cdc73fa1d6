// The span boundary objective of SpanBERT (Joshi et al., TACL 2020, section 3.2): each word of a masked span from the states
// of the two tokens around it and its index in the span.
//
//   L = sum of the targets' cross-entropies / (targets + 1)
//
// over the batch, as the released code divides; but for that + 1 it is the mean. What that code does to the gradient
// afterwards, dividing it once more by the number of masked words, is not done here: the gradient is L's own. The edge
// rules are the released code's: a span that touches the first or last word of its sequence has no targets, though [CLS] or
// [SEP] stand beside it, and words of a span past the head's table have none.
import { ArgumentError } from '../errors.ts';
import type { SpanTargets } from '../nn/heads/span-boundary-head.ts';
import { multiply } from '../ops/plain/elementwise.ts';
import { mean } from '../ops/plain/reduce.ts';
import { originalTokens, type PretrainingBatch, type PretrainingObjective } from './pretraining.ts';

/** Measures `spanBoundaryAccuracy`; of a batch without targets, a loss of 0 and nothing else. */
export const spanBoundary: PretrainingObjective = ({ model, batch, maskedStates }) => {
  const head = model.spanBoundary;
  if (head === undefined) {
    throw new ArgumentError('[spanBoundary] expected a model with the head cls.span_boundary');
  }
  const targets = spanTargets(batch, head.targets);
  const count = targets.words.length;
  const states = maskedStates(); // [tokens, hidden]
  if (count === 0) return { loss: multiply(mean(states), 0), metrics: {} }; // 0, and a gradient to go on with
  const { loss, accuracy } = head.predict(states, targets);
  return { loss: multiply(loss, count / (count + 1)), metrics: { spanBoundaryAccuracy: accuracy } };
};

/**
 * What is predicted of a batch's spans.
 * @param most words of a span
 * @throws ArgumentError when the batch has no spans, or one leaves its sequence
 */
export function spanTargets(batch: PretrainingBatch, most: number): SpanTargets {
  const { spans, offsets } = batch;
  if (spans === undefined) {
    throw new ArgumentError(
      '[spanBoundary] expected a batch with spans, but it has none: choose a masking scheme that masks spans',
    );
  }
  const original = originalTokens(batch);
  const left: number[] = [];
  const right: number[] = [];
  const index: number[] = [];
  const words: number[] = [];
  for (let span = 0, sequence = 0; span < spans.length; span += 2) {
    const [start, end] = [spans[span] as number, spans[span + 1] as number];
    while (start >= (offsets[sequence + 1] ?? Number.POSITIVE_INFINITY)) sequence++;
    const [first, last] = [(offsets[sequence] as number) + 1, (offsets[sequence + 1] as number) - 2];
    if (!(start >= first && end > start && end <= last + 1)) {
      throw new ArgumentError(
        `[spanBoundary] expected spans inside their sequences, in order, but received ${start} to ${end}`,
      );
    }
    if (start === first || end > last) continue;
    for (let place = start; place < Math.min(end, start + most); place++) {
      left.push(start - 1);
      right.push(end);
      index.push(place - start);
      words.push(original[place] as number);
    }
  }
  return {
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    index: Int32Array.from(index),
    words: Int32Array.from(words),
  };
}
