// A trained WordPiece vocabulary as the files that Hugging Face's tokenizers and Likewise itself open: tokenizer.json with
// BERT's normalisation and [CLS] … [SEP], vocab.txt with one token per line, and tokenizer_config.json.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../errors.ts';
import { wordPieceSpec } from '../../tokenizer/word-piece-spec.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { fileError } from '../files/file-error.ts';
import { exists } from '../files/folder-path.ts';
import { jsonText } from '../files/json-file.ts';

export interface WordPieceFilesOptions {
  /** Lower-case texts and strip accents, as the vocabulary was trained. */
  lowerCase: boolean;
  /** Most tokens of a text: `model_max_length`. */
  maxLength: number;
  /** Replace files that are there. */
  overwrite?: boolean | undefined;
}

/** What is written. */
export const WORDPIECE_FILES = ['tokenizer.json', 'vocab.txt', 'tokenizer_config.json'] as const;

/**
 * Writes the files into a folder, which is made where it is not there.
 *
 * @param vocabulary The tokens in the order of their ids.
 * @throws {FileError} A file is there already, or the folder cannot be written to.
 */
export async function writeWordPieceFiles(
  folder: string,
  vocabulary: readonly string[],
  options: WordPieceFilesOptions,
): Promise<void> {
  const { lowerCase, maxLength, overwrite = false } = options;
  await refuseOverwriting(folder, overwrite);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError('create', folder, error);
  }
  const lines = `${vocabulary.join('\n')}\n`;
  const config = {
    tokenizer_class: 'BertTokenizer',
    do_lower_case: lowerCase,
    strip_accents: null,
    tokenize_chinese_chars: true,
    model_max_length: maxLength,
    pad_token: '[PAD]',
    unk_token: '[UNK]',
    cls_token: '[CLS]',
    sep_token: '[SEP]',
    mask_token: '[MASK]',
  };
  const settings = {
    className: undefined,
    doLowerCase: lowerCase,
    stripAccents: undefined,
    tokenizeChineseChars: true,
    doBasicTokenize: undefined,
    addPrefixSpace: undefined,
    truncationSide: undefined,
    specialTokens: {},
    addedTokens: new Map<string, number>(),
    source: 'tokenizer_config.json',
  };
  const spec = wordPieceSpec(lines, settings, 'vocab.txt');
  await writeFileAtomic(join(folder, 'vocab.txt'), lines);
  await writeFileAtomic(join(folder, 'tokenizer_config.json'), jsonText(config));
  await writeFileAtomic(join(folder, 'tokenizer.json'), jsonText(spec));
}

/** @throws {FileError} One of the files is there and may not be replaced */
export async function refuseOverwriting(folder: string, overwrite: boolean): Promise<void> {
  for (const name of WORDPIECE_FILES) {
    if (overwrite || !(await exists(join(folder, name)))) continue;
    throw new FileError(
      `${join(folder, name)} is there already; name another folder, or replace it with --overwrite (option \`overwrite\`)`,
    );
  }
}
