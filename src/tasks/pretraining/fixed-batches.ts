// The same masked batches of a text for the same seed, in the order of the text: what a model is measured on.

import { type OpenCorpusOptions, openCorpus } from '../../data/corpus/open-corpus.ts';
import type { PretrainingBatch } from '../../objectives/pretraining.ts';
import { PretrainingBatches, type PretrainingBatchOptions } from './pretraining-batches.ts';

export interface FixedBatchOptions
  extends Omit<OpenCorpusOptions, 'shuffle' | 'seed'>,
    Omit<PretrainingBatchOptions, 'shuffle' | 'staticMasks' | 'duplicates' | 'longSentences' | 'examples'> {
  examples?: PretrainingBatchOptions['examples'] | undefined;
}

/**
 * Batches of all of a text, once: single sequences unless pairs are asked for, long sentences cut, so that every token comes.
 *
 * @throws what opening, reading and tokenizing a corpus throw
 */
export async function* fixedBatches(
  options: FixedBatchOptions,
  signal?: AbortSignal,
): AsyncGenerator<PretrainingBatch> {
  const corpus = await openCorpus({ ...options, shuffle: false });
  const { examples = 'single' } = options;
  const made = new PretrainingBatches(corpus, { ...options, examples, longSentences: 'cut', shuffle: false });
  for await (const { batch } of made.batches(0, undefined, signal)) yield batch;
}
