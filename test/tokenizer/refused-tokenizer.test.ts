// Tokenizer files that must be refused, each with the reason it must give.

import { describe, expect, it } from 'vitest';

import { type LikewiseError, TokenizerError } from '../../src/errors.ts';
import { Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { expectError } from '../expect-error.ts';
import { type Content, temporaryFile } from '../temporary-file.ts';
import {
  BERT_NORMALIZER,
  BPE_MERGES,
  BPE_VOCAB,
  plainToken,
  templateWith,
  tokenizerJson,
  VOCAB_TXT,
  WORD_PIECE,
} from './fixtures.ts';
import { tokenizerLoader } from './load-tokenizer.ts';

const load = tokenizerLoader();

const json = (changes: object): Record<string, Content> => ({ 'tokenizer.json': tokenizerJson(changes) });
const charsmap = (bytes: number[]) =>
  json({ normalizer: { type: 'Precompiled', precompiled_charsmap: Buffer.from(bytes).toString('base64') } });
const bpe = { 'vocab.json': BPE_VOCAB, 'merges.txt': BPE_MERGES };

const REFUSED: [string, Record<string, Content>, RegExp][] = [
  ['an empty folder', {}, /expected tokenizer\.json, vocab\.txt, or vocab\.json with merges\.txt/],
  ['vocab.json without merges', { 'vocab.json': BPE_VOCAB }, /holds no tokenizer/],
  ['only a SentencePiece model', { 'sentencepiece.bpe.model': 'x' }, /holds no tokenizer/],
  ['an empty tokenizer.json', { 'tokenizer.json': '' }, /tokenizer\.json' is not valid JSON/],
  [
    'a cut tokenizer.json',
    { 'tokenizer.json': JSON.stringify(tokenizerJson()).slice(0, 500) },
    /not valid JSON/,
  ],
  ['a tokenizer.json that is a list', { 'tokenizer.json': [] }, /does not hold a JSON object/],
  ['a tokenizer.json that is a folder', { 'tokenizer.json/x': '' }, /not a regular file/],
  ['a tokenizer.json in UTF-16', { 'tokenizer.json': Buffer.from('{}', 'utf16le') }, /not valid JSON/],
  [
    'bytes that are not UTF-8',
    { 'vocab.txt': Buffer.from([0x61, 0x0a, 0xff]) },
    /vocab\.txt': it is not valid UTF-8/,
  ],
  ['no model', json({ model: null }), /tokenizer\.json' cannot be used in model/],
  [
    'an unknown model',
    json({ model: { ...WORD_PIECE, type: 'Word2Vec' } }),
    /tokenizer\.json' cannot be used: /,
  ],
  ['a vocabulary with text ids', json({ model: { ...WORD_PIECE, vocab: { a: '1' } } }), /model\.vocab/],
  ['a vocabulary with negative ids', json({ model: { ...WORD_PIECE, vocab: { a: -1 } } }), /model\.vocab/],
  [
    'a vocabulary without [UNK]',
    json({ model: { ...WORD_PIECE, vocab: { a: 0 } }, added_tokens: [] }),
    /vocabulary lacks the unk_token "\[UNK\]"/,
  ],
  [
    'an unknown normalizer',
    json({ normalizer: { type: 'Upsidedown' } }),
    /tokenizer\.json' cannot be used: /,
  ],
  ['a normalizer without a type', json({ normalizer: {} }), /normalizer\.type/],
  [
    'a pattern that is no regular expression',
    json({ pre_tokenizer: { type: 'Split', pattern: { Regex: '(' }, behavior: 'Isolated', invert: false } }),
    /cannot be used: /,
  ],
  [
    'truncation on another side',
    json({ truncation: { direction: 'Middle', max_length: 3, strategy: 'LongestFirst', stride: 0 } }),
    /cuts texts on the middle; expected left or right/,
  ],
  [
    'a template with an unknown special token',
    json({ post_processor: templateWith('[X] $A') }),
    /special token '\[X\]'/,
  ],
  ['a template with a second text', json({ post_processor: templateWith('$A $B') }), /something else/],
  ['a template with the text twice', json({ post_processor: templateWith('$A $A') }), /exactly once/],
  ['a template without the text', json({ post_processor: templateWith('[CLS]') }), /exactly once/],
  ['no template', json({ post_processor: { type: 'TemplateProcessing', single: 'x' } }), /no template/],
  [
    'a bad template inside a sequence',
    json({ post_processor: { type: 'Sequence', processors: [templateWith('[Y] $A')] } }),
    /special token '\[Y\]'/,
  ],
  [
    'merges without the prefix',
    json({
      model: {
        type: 'BPE',
        vocab: { a: 0, b: 1, ab: 2 },
        merges: [['a', 'b']],
        continuing_subword_prefix: '##',
      },
    }),
    /lacks the continuing_subword_prefix/,
  ],
  ['pieces of no length', json({ pre_tokenizer: { type: 'FixedLength', length: 0 } }), /FixedLength/],
  ['an empty normalisation table', charsmap([]), /charsmap is damaged: its trie is cut short/],
  ['a cut normalisation table', charsmap([16, 0, 0, 0, 1, 2, 3]), /trie is cut short/],
  ['a normalisation table that is not UTF-8', charsmap([4, 0, 0, 0, 0, 0, 0, 0, 0xff]), /not UTF-8/],
  [
    'a normalisation table with a wild trie',
    charsmap([4, 0, 0, 0, 0, 0xff, 0xff, 0x7f, 0]),
    /points nowhere/,
  ],
  ['an empty vocab.txt', { 'vocab.txt': '' }, /vocab\.txt' is empty/],
  ['a vocab.txt of empty lines', { 'vocab.txt': '\n\n\n' }, /vocab\.txt' is empty/],
  [
    'a vocab.txt with a token twice',
    { 'vocab.txt': `${VOCAB_TXT}hello\n` },
    /"hello" twice, on lines 6 and 29/,
  ],
  [
    'a vocab.txt without special tokens',
    { 'vocab.txt': 'hello\nworld\n' },
    /lacks the special token "\[UNK\]"/,
  ],
  [
    'a vocab.txt without the token before a text',
    { 'vocab.txt': '[UNK]\n[SEP]\nhello\n' },
    /vocab\.txt' lacks the special token "\[CLS\]"/,
  ],
  [
    'a class that splits words by other means',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { tokenizer_class: 'BertJapaneseTokenizer' } },
    /BertJapaneseTokenizer, which builds its tokenizer in its own way/,
  ],
  [
    'a class of config.json that splits words by other means',
    { 'vocab.txt': VOCAB_TXT, 'config.json': { tokenizer_class: 'BertJapaneseTokenizer' } },
    /config\.json' names the class BertJapaneseTokenizer/,
  ],
  [
    'a class that reads tokenizer.json alone',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { tokenizer_class: 'PreTrainedTokenizerFast' } },
    /no tokenizer that can be used for the class PreTrainedTokenizerFast; expected tokenizer\.json$/,
  ],
  [
    'a class that builds another model',
    { ...json({}), 'tokenizer_config.json': { tokenizer_class: 'RobertaTokenizer' } },
    /holds a WordPiece model but the class RobertaTokenizer builds BPE; .* set tokenizer_class/,
  ],
  [
    'a new token in a vocabulary with gaps',
    {
      ...json({ model: { ...WORD_PIECE, vocab: { ...WORD_PIECE.vocab, last: 30 } } }),
      'tokenizer_config.json': { additional_special_tokens: ['[A]', '[B]'] },
    },
    /has gaps, so that the added token "\[B\]" would have the id 30 of "last"/,
  ],
  [
    'special tokens to split beside other new ones',
    {
      ...json({ added_tokens: [plainToken('xyz')] }),
      'tokenizer_config.json': { split_special_tokens: true, additional_special_tokens: ['[NEW]'] },
    },
    /adds both special and other tokens/,
  ],
  ...(
    [
      ['init_inputs', ['vocab.txt']],
      ['fast_tokenizer_files', ['tokenizer.4.0.json']],
      ['gguf_file', 'model.gguf'],
      ['fix_mistral_regex', true],
      ['processor_class', 'CLIPProcessor'],
      ['vocab', { a: 0 }],
      ['merges', ['a b']],
      ['model_input_names', ['input_ids']],
    ] as const
  ).map(([key, value]): [string, Record<string, Content>, RegExp] => [
    `a tokenizer_config.json with ${key}`,
    { ...json({}), 'tokenizer_config.json': { [key]: value } },
    new RegExp(`tokenizer_config\\.json' sets ${key} to .* which is not supported`),
  ]),
  [
    'a setting of the wrong kind',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': { do_lower_case: 'yes' } },
    /tokenizer_config\.json' cannot be used in do_lower_case/,
  ],
  [
    'a tokenizer_config.json that is cut',
    { 'vocab.txt': VOCAB_TXT, 'tokenizer_config.json': '{' },
    /tokenizer_config\.json' is not valid JSON/,
  ],
  ['vocab.json with text ids', { ...bpe, 'vocab.json': { ...BPE_VOCAB, x: '1' } }, /"x" the id "1"/],
  [
    'vocab.json with an id twice',
    { ...bpe, 'vocab.json': { ...BPE_VOCAB, x: 0 } },
    /the id 0 to both "<s>" and "x"/,
  ],
  [
    'vocab.json without special tokens',
    { 'vocab.json': { a: 0 }, 'merges.txt': '' },
    /lacks the special token "<s>"/,
  ],
  ['a merge of three parts', { ...bpe, 'merges.txt': '#version: 0.2\nh e l\n' }, /"h e l" on line 2/],
  ['a merge outside the vocabulary', { ...bpe, 'merges.txt': 'q u\n' }, /"q u" on line 1/],
];

describe('refused files', () => {
  it.each(REFUSED)('%s', async (_name, tree, message) => {
    const errorClass: new (m: string) => LikewiseError = TokenizerError;
    await expectError(load(tree), errorClass, message);
  });

  it('a folder that is a file', async () => {
    await expectError(
      Tokenizer.load(temporaryFile('file', ''), { maxLength: 8 }),
      TokenizerError,
      /cannot read/,
    );
  });

  it('knows the normalizer its table of changes starts from', () => {
    expect(BERT_NORMALIZER.lowercase).toBe(true);
  });
});
