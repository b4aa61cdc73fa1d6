// A trained vocabulary as the files that Hugging Face's tokenizers and Likewise itself open: tokenizer.json, the vocabulary in
// its older form (vocab.txt with one token per line, or vocab.json with merges.txt), and tokenizer_config.json.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError } from '../../errors.ts';
import { byteLevelSpec } from '../../tokenizer/spec/byte-level-spec.ts';
import { noSettings } from '../../tokenizer/spec/tokenizer-settings.ts';
import { parseVocabulary, wordPieceSpec } from '../../tokenizer/spec/word-piece-spec.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import { fileError } from '../files/file-error.ts';
import { exists } from '../files/folder-path.ts';
import { jsonText } from '../files/json-file.ts';

export interface TokenizerFilesOptions {
  /** Most tokens of a text: `model_max_length`. */
  maxLength: number;
  /** Replace files that are there. */
  overwrite?: boolean | undefined;
}

export interface WordPieceFilesOptions extends TokenizerFilesOptions {
  /** Lower-case texts and strip accents, as the vocabulary was trained. */
  lowerCase: boolean;
}

/** Everything that a kind of vocabulary is written to; one kind's files would contradict another's. */
const TOKENIZER_FILES = ['tokenizer.json', 'vocab.txt', 'vocab.json', 'merges.txt', 'tokenizer_config.json'];

const settings = noSettings('tokenizer_config.json');

/**
 * Writes the files of a WordPiece vocabulary, with BERT's normalisation and [CLS] … [SEP], into a folder, which is made where
 * it is not there.
 *
 * @param vocabulary The tokens in the order of their ids.
 * @throws {FileError} A file is there already, or the folder cannot be written to.
 */
export async function writeWordPieceFiles(
  folder: string,
  vocabulary: readonly string[],
  { lowerCase, maxLength, overwrite = false }: WordPieceFilesOptions,
): Promise<void> {
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
  const spec = wordPieceSpec(
    parseVocabulary(lines, 'vocab.txt'),
    { ...settings, doLowerCase: lowerCase },
    'vocab.txt',
  );
  await writeFiles(folder, overwrite, {
    'vocab.txt': lines,
    'tokenizer_config.json': jsonText(config),
    'tokenizer.json': jsonText(spec),
  });
}

/**
 * Writes the files of a byte-level BPE vocabulary, with GPT-2's split and <s> … </s> as in RoBERTa.
 *
 * @param vocabulary The tokens in the order of their ids, and what was joined in order.
 * @throws {FileError} A file is there already, or the folder cannot be written to.
 */
export async function writeByteLevelFiles(
  folder: string,
  vocabulary: { tokens: readonly string[]; merges: readonly (readonly [string, string])[] },
  { maxLength, overwrite = false }: TokenizerFilesOptions,
): Promise<void> {
  const ids = Object.fromEntries(vocabulary.tokens.map((token, id) => [token, id]));
  const merges = `#version: 0.2\n${vocabulary.merges.map((pair) => `${pair.join(' ')}\n`).join('')}`;
  const config = {
    tokenizer_class: 'RobertaTokenizer',
    add_prefix_space: false,
    model_max_length: maxLength,
    bos_token: '<s>',
    eos_token: '</s>',
    pad_token: '<pad>',
    unk_token: '<unk>',
    cls_token: '<s>',
    sep_token: '</s>',
    mask_token: '<mask>',
  };
  const spec = byteLevelSpec(new Map(Object.entries(ids)), vocabulary.merges, settings, 'vocab.json');
  await writeFiles(folder, overwrite, {
    'vocab.json': JSON.stringify(ids),
    'merges.txt': merges,
    'tokenizer_config.json': jsonText(config),
    'tokenizer.json': jsonText(spec),
  });
}

async function writeFiles(folder: string, overwrite: boolean, files: Record<string, string>): Promise<void> {
  await refuseOverwriting(folder, overwrite);
  try {
    await mkdir(folder, { recursive: true });
    const others = TOKENIZER_FILES.filter((name) => !Object.hasOwn(files, name));
    await Promise.all(others.map((name) => rm(join(folder, name), { force: true })));
  } catch (error) {
    throw fileError('write to', folder, error);
  }
  for (const [name, content] of Object.entries(files)) await writeFileAtomic(join(folder, name), content);
}

/** @throws {FileError} A file of a tokenizer is there and may not be replaced */
export async function refuseOverwriting(folder: string, overwrite: boolean): Promise<void> {
  for (const name of TOKENIZER_FILES) {
    if (overwrite || !(await exists(join(folder, name)))) continue;
    throw new FileError(
      `${join(folder, name)} is there already; name another folder, or replace it with --overwrite (option \`overwrite\`)`,
    );
  }
}
