// A masked language model measured on text: masks drawn by a seed, so that the same text, seed and settings give the same
// figures, and what was masked can be written down for others to measure themselves on.

import type { OpenCorpusOptions } from '../../data/corpus/open-corpus.ts';
import { AtomicFile } from '../../io/files/atomic-file.ts';
import { originalTokens, type PretrainingBatch } from '../../objectives/pretraining.ts';
import { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import { fixedBatches } from './fixed-batches.ts';
import type { MaskedLanguageModel } from './masked-language-model.ts';
import { checkVocabulary, type MaskingOptions } from './masking/masking-options.ts';
import { type MaskedWordsResult, type MeasureOptions, measureMaskedWords } from './measure-masked-words.ts';

/** Options of {@link evaluateMaskedWords}. */
export interface EvaluateMaskedWordsOptions
  extends MeasureOptions,
    Omit<MaskingOptions, 'masking'>,
    Pick<OpenCorpusOptions, 'format' | 'textField' | 'annotationField' | 'chineseWords' | 'phrases'> {
  /** Files, folders and patterns. */
  data: readonly string[];
  /** `subword` by default. */
  masking?: MaskingOptions['masking'] | undefined;
  /** Tokens of a sequence at most, special ones included; 128 by default, or the model's maximum where that is less. */
  maxLength?: number | undefined;
  /** Of the masks; 1 by default. */
  seed?: number | undefined;
  /** Tokens computed at once; 4096 by default. */
  batchTokens?: number | undefined;
  /** A file for the masks: a line of JSON for each sequence, `tokenIds`, `places` and `masked`, what stands there then. */
  masks?: string | undefined;
}

/**
 * Every sentence of the text once, in single sequences; a longer one is cut.
 * @throws FileError, DataError, TokenizerError, ArgumentError, AbortedError
 */
export async function evaluateMaskedWords(
  model: MaskedLanguageModel,
  options: EvaluateMaskedWordsOptions,
): Promise<MaskedWordsResult> {
  const { data, masks, signal, onProgress, masking = 'subword', seed = 1, batchTokens = 4096 } = options;
  const { folder, encoder } = model;
  const { path, lowerCase, tokenizerSettings: settings } = folder.transformer;
  const maxLength = Math.min(options.maxLength ?? 128, model.tokenizer.maxLength);
  const tokenizer = await SentenceTokenizer.load(path, { lowerCase, settings });
  checkVocabulary(tokenizer, encoder.config.vocabularySize);
  const { format, textField, annotationField, chineseWords, phrases } = options;
  const { share, maxPredictions, stopProbability, maxSpanLength } = options;
  const batches = fixedBatches(
    {
      ...{ paths: data, tokenizer, format, textField, annotationField, chineseWords, phrases },
      ...{ masking, share, maxPredictions, stopProbability, maxSpanLength },
      ...{ maxLength, seed, batchTokens: Math.max(batchTokens, maxLength) },
    },
    signal,
  );
  const parts = { encoder, maskedLanguage: model.head };
  if (masks === undefined) return measureMaskedWords(parts, batches, { signal, onProgress });
  const file = await AtomicFile.create(masks);
  try {
    const result = await measureMaskedWords(parts, written(batches, file), { signal, onProgress });
    await file.commit();
    return result;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** The batches, each being written down on its way. */
async function* written(
  batches: AsyncIterable<PretrainingBatch>,
  file: AtomicFile,
): AsyncGenerator<PretrainingBatch> {
  for await (const batch of batches) {
    await file.write(Buffer.from(linesOf(batch)));
    yield batch;
  }
}

function linesOf(batch: PretrainingBatch): string {
  const { offsets, maskedPlaces } = batch;
  const original = originalTokens(batch);
  let lines = '';
  let next = 0;
  for (let sequence = 0; sequence + 1 < offsets.length; sequence++) {
    const [start, end] = [offsets[sequence] as number, offsets[sequence + 1] as number];
    const first = next;
    while (next < maskedPlaces.length && (maskedPlaces[next] as number) < end) next += 1;
    const places = maskedPlaces.subarray(first, next);
    const line = {
      tokenIds: [...original.subarray(start, end)],
      places: Array.from(places, (place) => place - start),
      masked: Array.from(places, (place) => batch.tokenIds[place] as number),
    };
    lines += `${JSON.stringify(line)}\n`;
  }
  return lines;
}
