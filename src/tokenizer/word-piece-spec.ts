// A tokenizer.json made from BERT's vocab.txt (one token per line, its number is its id) and tokenizer_config.json:
// BERT's normalisation, split at whitespace and punctuation, greedy longest match, [CLS] … [SEP] around the text.

import { TokenizerError } from '../errors.ts';
import {
  refuseUnsupported,
  type SpecialTokenKey,
  specialTokenId,
  type TokenizerSettings,
} from './tokenizer-settings.ts';

const CLASSES = ['BertTokenizer', 'ElectraTokenizer', 'DistilBertTokenizer', 'PreTrainedTokenizer'];

const DEFAULT_TOKENS: Record<SpecialTokenKey, string> = {
  unk_token: '[UNK]',
  sep_token: '[SEP]',
  pad_token: '[PAD]',
  cls_token: '[CLS]',
  mask_token: '[MASK]',
};

/** The description for a WordPiece vocabulary; `source` names vocab.txt in messages. TokenizerError. */
export function wordPieceSpec(
  text: string,
  settings: TokenizerSettings,
  source: string,
): Record<string, unknown> {
  const vocabulary = parseVocabulary(text, source);
  refuseUnsupported(settings, CLASSES, vocabulary);
  if (settings.doBasicTokenize === false) {
    throw new TokenizerError(`'${settings.source}' sets do_basic_tokenize to false, which is not supported`);
  }
  const names = { ...DEFAULT_TOKENS, ...settings.specialTokens };
  specialTokenId(names.unk_token, vocabulary, source);
  const cls = { name: names.cls_token, id: specialTokenId(names.cls_token, vocabulary, source) };
  const sep = { name: names.sep_token, id: specialTokenId(names.sep_token, vocabulary, source) };
  const added = [...new Set(Object.values(names))].flatMap((content) => {
    const id = vocabulary.get(content);
    return id === undefined ? [] : [specialToken(id, content)];
  });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.sort((a, b) => a.id - b.id),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: settings.tokenizeChineseChars ?? true,
      strip_accents: settings.stripAccents ?? null,
      lowercase: settings.doLowerCase ?? true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: cls.name, type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: sep.name, type_id: 0 } },
      ],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: Object.fromEntries(
        [cls, sep].map(({ name, id }) => [name, { id: name, ids: [id], tokens: [name] }]),
      ),
    },
    decoder: null,
    model: {
      type: 'WordPiece',
      unk_token: names.unk_token,
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(vocabulary),
    },
  };
}

/** A special token as added_tokens lists it: found in the raw text, before normalisation. */
export function specialToken(id: number, content: string, lstrip = false) {
  return { id, content, single_word: false, lstrip, rstrip: false, normalized: false, special: true };
}

function parseVocabulary(text: string, source: string): Map<string, number> {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const vocabulary = new Map<string, number>();
  for (const [id, line] of lines.entries()) {
    if (line === '') continue; // keeps its id, which no text gets; WoBERT's vocabulary has such a line
    const earlier = vocabulary.get(line);
    if (earlier !== undefined) {
      throw new TokenizerError(
        `'${source}' lists the token ${JSON.stringify(line)} twice, on lines ${earlier + 1} and ${id + 1}`,
      );
    }
    vocabulary.set(line, id);
  }
  if (vocabulary.size === 0) throw new TokenizerError(`'${source}' is empty; expected one token per line`);
  return vocabulary;
}
