// Tiny tokenizers made by code: a WordPiece vocabulary, a tokenizer.json around it, and byte-level BPE.

export const TOKENS = [
  ...[
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    'hello',
    'world',
    '##ing',
    'walk',
    'cafe',
    'Café',
    '.',
    ',',
  ],
  ...['中', '国', 'a', 'b', '##a', '##b', '##c', '1', '##1', '!', '-', 'é', 'ß', 'İ', 'i'],
];

export const VOCAB_TXT = `${TOKENS.join('\n')}\n`;

const id = (token: string) => TOKENS.indexOf(token);

/** The ids of tokens of {@link TOKENS}. */
export const idsOf = (text: string): number[] => text.split(' ').map(id);

const added = (content: string) => ({
  id: id(content),
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

export const BERT_NORMALIZER = {
  type: 'BertNormalizer',
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
};

const TEMPLATE = {
  type: 'TemplateProcessing',
  single: [
    { SpecialToken: { id: '[CLS]', type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '[SEP]', type_id: 0 } },
  ],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: {
    '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
    '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
  },
};

export const WORD_PIECE = {
  type: 'WordPiece',
  unk_token: '[UNK]',
  continuing_subword_prefix: '##',
  max_input_chars_per_word: 100,
  vocab: Object.fromEntries(TOKENS.map((token, i) => [token, i])),
};

/** A tokenizer.json; its truncation and padding are odd on purpose, as published ones are. */
export function tokenizerJson(changes: object = {}) {
  return {
    version: '1.0',
    truncation: { direction: 'Right', max_length: 3, strategy: 'LongestFirst', stride: 0 },
    padding: {
      strategy: { Fixed: 9 },
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: 0,
      pad_type_id: 0,
      pad_token: '[PAD]',
    },
    added_tokens: ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map(added),
    normalizer: BERT_NORMALIZER as object | null,
    pre_tokenizer: { type: 'BertPreTokenizer' } as object | null,
    post_processor: TEMPLATE as object | null,
    decoder: null,
    model: WORD_PIECE as object,
    ...changes,
  };
}

/** An added token that is not special. */
export const plainToken = (content: string) => ({ ...added('[MASK]'), id: 40, content, special: false });

/** The template for one text from its pieces, `$A` being the text: '[CLS] $A [SEP]'. */
export function templateWith(pieces: string) {
  const single = pieces.split(' ').map((name) => {
    const sequence = { Sequence: { id: name.slice(1), type_id: 0 } };
    return name.startsWith('$') ? sequence : { SpecialToken: { id: name, type_id: 0 } };
  });
  return { ...TEMPLATE, single };
}

// Byte-level BPE writes a space as Ġ and other bytes that do not print as letters from U+0100 on.
const BYTES = [...'abcdehilopru123.,!éÃ©äĠĊðŁĺĢ¸Ń¤'].filter((letter, i, all) => all.indexOf(letter) === i);
const MERGES = ['h e', 'l l', 'he ll', 'hell o', 'Ġ hello', 'Ġ a'];
const BPE_TOKENS = [
  '<s>',
  '<pad>',
  '</s>',
  '<unk>',
  '<mask>',
  ...BYTES,
  ...MERGES.map((merge) => merge.replace(' ', '')),
];

export const BPE_VOCAB: Record<string, number> = Object.fromEntries(BPE_TOKENS.map((token, i) => [token, i]));
export const BPE_MERGES = `#version: 0.2\n${MERGES.join('\n')}\n`;

/** A Unigram model as XLM-RoBERTa has it, without its normalisation table. */
export const UNIGRAM_CHANGES = {
  normalizer: {
    type: 'Sequence',
    normalizers: [{ type: 'NFKC' }, { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }],
  },
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'WhitespaceSplit' },
      { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
    ],
  },
  model: {
    type: 'Unigram',
    unk_id: 0,
    byte_fallback: false,
    vocab: [
      ['<unk>', 0],
      ['▁', -2],
      ['a', -3],
      ['▁a', -2.5],
      ['b', -3],
      ['ab', -3.5],
      ['中', -4],
      ['.', -4],
      ['1', -4],
    ],
  },
};
