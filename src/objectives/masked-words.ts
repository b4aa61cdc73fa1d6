// Masked language modelling (Devlin et al., 2018, section 3.1): the words at the masked places from the states there. The
// loss is the mean over the masked places of the whole batch.

import { noGrad } from '../autograd/tape.ts';
import { ArgumentError } from '../errors.ts';
import { exp } from '../ops/plain/elementwise.ts';
import { gatherRows } from '../ops/rows/table-rows.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { PretrainingObjective } from './pretraining.ts';

/** Measures `maskedAccuracy` and `maskedPerplexity`. */
export const maskedWords: PretrainingObjective = ({ model, batch, maskedStates }) => {
  const { maskedPlaces: places, maskedWords: words } = batch;
  if (places.length === 0) {
    throw new ArgumentError('[maskedWords] expected a batch with masked words but none is masked');
  }
  const states = maskedStates(); // [tokens, hidden]
  const there = gatherRows(states, Tensor.from(states.engine, places)); // [masked, hidden]
  const { loss, accuracy } = model.maskedLanguage.predict(there, words);
  return { loss, metrics: { maskedAccuracy: accuracy, maskedPerplexity: noGrad(() => exp(loss)) } };
};
