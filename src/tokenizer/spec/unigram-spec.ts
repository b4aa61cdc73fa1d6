// A tokenizer.json built as transformers' XLMRobertaTokenizer builds it, from the vocabulary and the charsmap of a
// tokenizer.json and from tokenizer_config.json: SentencePiece's Unigram, <s> … </s> around the text.

import { type AddedToken, listTokens } from './added-tokens.ts';
import { ROBERTA_TOKENS } from './byte-level-spec.ts';
import { gatherTokens, type TokenizerSettings } from './tokenizer-settings.ts';
import { aroundText, roleFinder } from './word-piece-spec.ts';

/** The id of <unk>, which the class takes for granted. */
const UNKNOWN_ID = 3;

/**
 * The description for a Unigram vocabulary.
 * @param pieces [piece, logarithm of its probability] in the order of ids
 * @param charsmap the normalisation table in base64, where there is one
 * @param ofFile the added tokens of the tokenizer.json that the vocabulary is from
 * @param source names the vocabulary in messages
 * @throws TokenizerError when it lacks a special token
 */
export function unigramSpec(
  pieces: readonly (readonly [string, number])[],
  charsmap: string | undefined,
  settings: TokenizerSettings,
  source: string,
  ofFile: readonly (AddedToken & { id: number })[],
): Record<string, unknown> {
  const { roles, tokens, assumed } = gatherTokens(settings, ROBERTA_TOKENS, ofFile);
  const vocabulary = new Map(pieces.map(([piece], id) => [piece, id]));
  const listed = listTokens(
    tokens,
    { size: pieces.length, get: (content) => vocabulary.get(content) },
    assumed,
  );
  const roleOf = roleFinder(roles, settings, listed, vocabulary, source);
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: listed,
    normalizer: charsmap === undefined ? null : { type: 'Precompiled', precompiled_charsmap: charsmap },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'WhitespaceSplit' },
        {
          type: 'Metaspace',
          replacement: '▁',
          prepend_scheme: (settings.addPrefixSpace ?? true) ? 'always' : 'never',
          split: true,
        },
      ],
    },
    post_processor: aroundText(roleOf('bos_token'), roleOf('eos_token')),
    decoder: null,
    model: { type: 'Unigram', unk_id: UNKNOWN_ID, byte_fallback: false, vocab: pieces },
  };
}
