// Next sentence prediction (Devlin et al., 2018, section 3.1): whether the second segment follows the first in the text,
// from the pooled first token. Label 0 is "follows", as in google-research/bert. The loss is the mean over the sequences.
import { ArgumentError } from '../errors.ts';
import { pool } from '../ops/rows/pool.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { PretrainingObjective } from './pretraining.ts';

/** Measures `nextSentenceAccuracy`. */
export const nextSentence: PretrainingObjective = ({ model, batch, maskedStates }) => {
  const { offsets, nextSentence: labels } = batch;
  if (model.nextSentence === undefined) {
    throw new ArgumentError('[nextSentence] expected a model with the head cls.seq_relationship');
  }
  if (labels === undefined) {
    throw new ArgumentError(
      '[nextSentence] expected a batch of sentence pairs, but it does not say which ones follow one another',
    );
  }
  const states = maskedStates(); // [tokens, hidden]
  const first = pool(states, { mode: 'cls', offsets: Tensor.from(states.engine, offsets) });
  const { loss, accuracy } = model.nextSentence.predict(first, labels);
  return { loss, metrics: { nextSentenceAccuracy: accuracy } };
};
