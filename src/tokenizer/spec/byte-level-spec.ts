// A tokenizer.json built as transformers' RobertaTokenizer builds it, from vocabulary, merges and tokenizer_config.json:
// byte-level BPE (GPT-2's split, every byte a letter), <s> … </s> around the text.

import { TokenizerError } from '../../errors.ts';
import { type AddedToken, listTokens } from './added-tokens.ts';
import { gatherTokens, type TokenizerSettings } from './tokenizer-settings.ts';
import { roleFinder } from './word-piece-spec.ts';

/** Also those of XLM-RoBERTa. */
export const ROBERTA_TOKENS = {
  bos_token: '<s>',
  eos_token: '</s>',
  sep_token: '</s>',
  cls_token: '<s>',
  unk_token: '<unk>',
  pad_token: '<pad>',
  mask_token: '<mask>',
};

/**
 * The description for a byte-level BPE vocabulary.
 * @param merges as tokenizer.json lists them
 * @param ofFile the added tokens of the tokenizer.json that the vocabulary is from
 * @param source names the vocabulary in messages
 * @throws TokenizerError when it lacks a special token
 */
export function byteLevelSpec(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly unknown[],
  settings: TokenizerSettings,
  source: string,
  ofFile: readonly (AddedToken & { id: number })[] = [],
): Record<string, unknown> {
  const { roles, tokens, assumed } = gatherTokens(settings, ROBERTA_TOKENS, ofFile);
  const listed = listTokens(
    tokens,
    { size: vocabulary.size, get: (content) => vocabulary.get(content) },
    assumed,
  );
  const roleOf = roleFinder(roles, settings, listed, vocabulary, source);
  const [cls, sep] = [roleOf('cls_token'), roleOf('sep_token')];
  const addPrefixSpace = settings.addPrefixSpace ?? false;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: listed,
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: addPrefixSpace,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [sep.content, sep.id],
      cls: [cls.content, cls.id],
      trim_offsets: true,
      add_prefix_space: addPrefixSpace,
    },
    decoder: null,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      byte_fallback: false,
      vocab: Object.fromEntries(vocabulary),
      merges,
    },
  };
}

/** The vocabulary of a vocab.json. @throws TokenizerError */
export function checkVocabulary(vocab: Record<string, unknown>, source: string): Map<string, number> {
  const owners = new Map<number, string>();
  for (const [name, id] of Object.entries(vocab)) {
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) {
      throw new TokenizerError(
        `'${source}' gives the token ${JSON.stringify(name)} the id ${JSON.stringify(id)}`,
      );
    }
    if (owners.has(id)) {
      const other = JSON.stringify(owners.get(id));
      throw new TokenizerError(`'${source}' gives the id ${id} to both ${other} and ${JSON.stringify(name)}`);
    }
    owners.set(id, name);
  }
  return new Map(Object.entries(vocab) as [string, number][]);
}

/** The merges of a merges.txt: one per line, the two parts apart by a space; the first line may be a version. */
export function parseMerges(
  text: string,
  vocabulary: ReadonlyMap<string, number>,
  source: string,
): [string, string][] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const merges: [string, string][] = [];
  for (const [i, line] of lines.entries()) {
    if (i === 0 && line.startsWith('#version')) continue;
    const [left = '', right = '', ...rest] = line.split(' ');
    if (rest.length > 0 || ![left, right, left + right].every((part) => vocabulary.has(part))) {
      throw new TokenizerError(
        `the merges.txt beside '${source}' has ${JSON.stringify(line)} on line ${i + 1}; ` +
          'expected two tokens of the vocabulary whose union is one too',
      );
    }
    merges.push([left, right]);
  }
  return merges;
}
