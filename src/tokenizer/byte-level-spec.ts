// A tokenizer.json made from RoBERTa's vocab.json and merges.txt: byte-level BPE (GPT-2's split, every byte a letter),
// <s> … </s> around the text.

import { TokenizerError } from '../errors.ts';
import {
  refuseUnsupported,
  type SpecialTokenKey,
  specialTokenId,
  type TokenizerSettings,
} from './tokenizer-settings.ts';
import { specialToken } from './word-piece-spec.ts';

const CLASSES = ['RobertaTokenizer', 'PreTrainedTokenizer'];

const DEFAULT_TOKENS: Record<SpecialTokenKey, string> = {
  cls_token: '<s>',
  pad_token: '<pad>',
  sep_token: '</s>',
  unk_token: '<unk>',
  mask_token: '<mask>',
};

/** The description for a byte-level BPE vocabulary; `source` names vocab.json in messages. TokenizerError. */
export function byteLevelSpec(
  vocab: Record<string, unknown>,
  mergesText: string,
  settings: TokenizerSettings,
  source: string,
): Record<string, unknown> {
  const vocabulary = checkVocabulary(vocab, source);
  refuseUnsupported(settings, CLASSES, vocabulary);
  const names = { ...DEFAULT_TOKENS, ...settings.specialTokens };
  const cls = specialTokenId(names.cls_token, vocabulary, source);
  const sep = specialTokenId(names.sep_token, vocabulary, source);
  const addPrefixSpace = settings.addPrefixSpace ?? false;
  const added = [...new Set(Object.values(names))].flatMap((content) => {
    const id = vocabulary.get(content);
    // <mask> takes the space before it along, as in fairseq.
    return id === undefined ? [] : [specialToken(id, content, content === names.mask_token)];
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.sort((a, b) => a.id - b.id),
    normalizer: null,
    pre_tokenizer: {
      type: 'ByteLevel',
      add_prefix_space: addPrefixSpace,
      trim_offsets: true,
      use_regex: true,
    },
    post_processor: {
      type: 'RobertaProcessing',
      sep: [names.sep_token, sep],
      cls: [names.cls_token, cls],
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
      merges: parseMerges(mergesText, vocabulary, source),
    },
  };
}

function checkVocabulary(vocab: Record<string, unknown>, source: string): Map<string, number> {
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

// One merge per line, the two parts apart by a space; the first line may be a version.
function parseMerges(
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
