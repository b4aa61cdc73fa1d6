// A tokenizer.json built as transformers' BertTokenizer builds it, from a WordPiece vocabulary and tokenizer_config.json:
// BERT's normalisation, split at whitespace and punctuation, greedy longest match, [CLS] … [SEP] around the text.

import { TokenizerError } from '../../errors.ts';
import { type AddedToken, type ListedToken, listTokens } from './added-tokens.ts';
import { gatherTokens, type TokenizerSettings } from './tokenizer-settings.ts';

const DEFAULT_TOKENS = {
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};

/**
 * The description for a WordPiece vocabulary.
 * @param ofFile the added tokens of the tokenizer.json that the vocabulary is from
 * @param source names the vocabulary in messages
 * @throws TokenizerError when it lacks a special token
 */
export function wordPieceSpec(
  vocabulary: ReadonlyMap<string, number>,
  settings: TokenizerSettings,
  source: string,
  ofFile: readonly (AddedToken & { id: number })[] = [],
): Record<string, unknown> {
  const { roles, tokens, assumed } = gatherTokens(settings, DEFAULT_TOKENS, ofFile);
  const listed = listTokens(
    tokens,
    { size: vocabulary.size, get: (content) => vocabulary.get(content) },
    assumed,
  );
  const roleOf = roleFinder(roles, settings, listed, vocabulary, source);
  const unk = roleOf('unk_token');
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: listed,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings.tokenizeChineseChars ?? true,
      strip_accents: settings.stripAccents ?? null,
      lowercase: settings.doLowerCase ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: aroundText(roleOf('cls_token'), roleOf('sep_token')),
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: unk.content,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}

/** A special token and its id. */
export interface SpecialId {
  content: string;
  id: number;
}

/** The post-processor that puts one token before a text and one after it. */
export function aroundText(before: SpecialId, after: SpecialId): Record<string, unknown> {
  return {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: before.content, type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: after.content, type_id: 0 } },
    ],
    pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: Object.fromEntries(
      [before, after].map(({ content, id }) => [content, { id: content, ids: [id], tokens: [content] }]),
    ),
  };
}

/**
 * Finds the token of a role and its id: in the vocabulary, or added to it where the folder says so itself.
 * @throws TokenizerError, on a call, naming the vocabulary that lacks it
 */
export function roleFinder(
  roles: Readonly<Record<string, string>>,
  settings: TokenizerSettings,
  listed: readonly ListedToken[],
  vocabulary: ReadonlyMap<string, number>,
  source: string,
): (role: string) => SpecialId {
  return (role) => {
    const content = roles[role] as string;
    const added = settings.named.has(role)
      ? listed.find((token) => token.content === content)?.id
      : undefined;
    const id = vocabulary.get(content) ?? added;
    if (id !== undefined) return { content, id };
    throw new TokenizerError(
      `'${source}' lacks the special token ${JSON.stringify(content)}; fetch the tokenizer files of one model`,
    );
  };
}

/** The vocabulary of a vocab.txt: a line's number is its token's id. @throws TokenizerError */
export function parseVocabulary(text: string, source: string): Map<string, number> {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const vocabulary = new Map<string, number>();
  for (const [id, line] of lines.entries()) {
    const earlier = vocabulary.get(line);
    // An empty line keeps its id, which no text gets; WoBERT's vocabulary has such a line.
    if (earlier !== undefined && line !== '') {
      throw new TokenizerError(
        `'${source}' lists the token ${JSON.stringify(line)} twice, on lines ${earlier + 1} and ${id + 1}`,
      );
    }
    vocabulary.set(line, id);
  }
  if (vocabulary.size === (vocabulary.has('') ? 1 : 0))
    throw new TokenizerError(`'${source}' is empty; expected one token per line`);
  return vocabulary;
}
