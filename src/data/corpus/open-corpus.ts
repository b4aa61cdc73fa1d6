// A corpus from what a configuration says: names of files, how they are written, and by what words and phrases are found.

import { ArgumentError } from '../../errors.ts';
import type { SentenceTokenizer } from '../../tokenizer/sentence-tokenizer.ts';
import { Corpus, type CorpusOptions } from './corpus.ts';
import { corpusFiles, corpusFingerprint } from './corpus-files.ts';
import type { CorpusFormat } from './corpus-format.ts';
import { createPhraseFinder, type PhraseKind } from './phrase-finder.ts';
import { SentenceSplitter } from './sentence-splitter.ts';
import { createWordSegmenter, type WordSegmentation } from './word-segmenter.ts';

export interface OpenCorpusOptions
  extends Pick<
    CorpusOptions,
    'blockTokens' | 'shuffle' | 'seed' | 'textField' | 'annotationField' | 'onTokens'
  > {
  /** Files, folders and patterns. */
  paths: readonly string[];
  /** How all files are written; by default as their names tell. */
  format?: CorpusFormat | undefined;
  tokenizer: SentenceTokenizer;
  /** By what the words of Chinese text are found; without it each character is a word. */
  chineseWords?: WordSegmentation | undefined;
  /** What is found in English text and marked, where it has no annotations. */
  phrases?: PhraseKind | undefined;
}

/**
 * @throws {FileError} A file or folder is not there or cannot be looked into.
 * @throws {DataError} A file is empty, or there are none.
 * @throws {ArgumentError} An optional package is not installed, a format is not known, or a block is of no tokens.
 */
export async function openCorpus(options: OpenCorpusOptions): Promise<Corpus> {
  const { paths, format, chineseWords, phrases, annotationField, blockTokens = 2 ** 23 } = options;
  if (phrases !== undefined && annotationField !== undefined) {
    throw new ArgumentError('expected either phrases to find or annotations to read but received both');
  }
  if (!Number.isSafeInteger(blockTokens) || blockTokens < 1 || blockTokens > 2 ** 30) {
    throw new ArgumentError(`expected blockTokens to be from 1 to 2^30 but received ${blockTokens}`);
  }
  const files = await corpusFiles(paths, format);
  const other = files.find((file) => file.format !== 'jsonl');
  if (annotationField !== undefined && other !== undefined) {
    throw new ArgumentError(
      `annotations are read from fields of jsonl but ${other.path} is read as ${other.format}`,
    );
  }
  return new Corpus({
    ...options,
    files,
    fingerprint: await corpusFingerprint(files),
    blockTokens,
    splitter: new SentenceSplitter(),
    words: chineseWords === undefined ? undefined : await createWordSegmenter(chineseWords),
    phrases: phrases === undefined ? undefined : await createPhraseFinder(phrases),
  });
}
