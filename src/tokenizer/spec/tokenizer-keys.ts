// The keys of a folder's tokenizer files, and what is done with each. The classes that build
// their own tokenizer are those of tokenizer-class.ts.

import { asksForNothing, type FileKeys } from '../../options/file-keys.ts';

const decoding = { withoutEffect: 'concerns turning ids back into text' };
const saving = { withoutEffect: 'records how the files were made or saved' };
const python = { withoutEffect: 'chooses among implementations of the same tokenizer' };
const chat = { withoutEffect: 'is for conversations' };
const ignored = { withoutEffect: 'transformers 5 no longer reads it' };
const named = (role: string) => ({ honoured: `${role}; recognised in texts as one token` });

/** tokenizer_config.json, and `tokenizer_args` of sentence_bert_config.json over it. */
export const TOKENIZER_CONFIG_KEYS: FileKeys = {
  name: 'tokenizer_config.json',
  unknown: 'noted',
  keys: {
    tokenizer_class: {
      honoured: 'decides which of the other keys count, see above',
    },
    model_max_length: { honoured: 'where texts are cut, unless sentence_bert_config.json says otherwise' },
    max_len: { honoured: 'the older name of `model_max_length`' },
    do_lower_case: { honoured: 'lower-casing, for BertTokenizer; true by default' },
    strip_accents: { honoured: 'removal of accents, for BertTokenizer; as `do_lower_case` by default' },
    tokenize_chinese_chars: {
      honoured: 'spaces around Chinese characters, for BertTokenizer; true by default',
    },
    add_prefix_space: {
      honoured:
        'a space before the first word, for RobertaTokenizer (false by default) and XLMRobertaTokenizer (true)',
    },
    unk_token: {
      honoured: 'what an unknown word becomes, for BertTokenizer; recognised in texts as one token',
    },
    cls_token: named('the token before a text, for BertTokenizer and RobertaTokenizer'),
    sep_token: named('the token after a text, for BertTokenizer and RobertaTokenizer'),
    bos_token: named('the token before a text, for XLMRobertaTokenizer'),
    eos_token: named('the token after a text, for XLMRobertaTokenizer'),
    pad_token: { honoured: 'recognised in texts as one token; nothing is padded' },
    mask_token: named('what stands for a hidden word in training'),
    additional_special_tokens: {
      honoured: 'tokens that are recognised in texts, unless `extra_special_tokens` lists any',
    },
    extra_special_tokens: {
      honoured: 'tokens that are recognised in texts; a list, or an object by role',
    },
    '…_token': { honoured: 'any other key with this ending: a token that is recognised in texts' },
    added_tokens_decoder: {
      honoured:
        'tokens that are recognised in texts; if this key is present, special_tokens_map.json and added_tokens.json are not read, and classes that build their own tokens do not read those of tokenizer.json either',
    },
    truncation_side: { honoured: 'the end at which texts are cut' },
    split_special_tokens: { honoured: 'true: special tokens in a text are split like other words' },

    init_inputs: { refused: 'only keys are read', unless: asksForNothing },
    fast_tokenizer_files: { refused: 'only tokenizer.json is read', unless: asksForNothing },
    gguf_file: { refused: 'only tokenizer.json, vocab.txt, and vocab.json with merges.txt are read' },
    fix_mistral_regex: { refused: 'the files are taken as they are', unless: asksForNothing },
    processor_class: { refused: 'only texts are encoded, without a processor around the tokenizer' },
    vocab: { refused: 'the vocabulary is read from tokenizer.json, vocab.txt or vocab.json' },
    merges: { refused: 'merges are read from tokenizer.json or merges.txt' },
    model_input_names: {
      refused: 'without attention_mask, padding would count in the vectors',
      unless: (value) => Array.isArray(value) && value.includes('attention_mask'),
    },

    padding_side: { withoutEffect: 'nothing is padded' },
    padding: { withoutEffect: 'nothing is padded' },
    pad_to_multiple_of: { withoutEffect: 'nothing is padded' },
    pad_token_type_id: { withoutEffect: 'nothing is padded' },
    pad_token_id: ignored,
    max_length: { withoutEffect: '`model_max_length` decides' },
    truncation: { withoutEffect: 'texts are always cut at the maximum length' },
    truncation_strategy: { withoutEffect: 'one text is cut in one way' },
    stride: { withoutEffect: 'what is cut off is not used' },
    trim_offsets: { withoutEffect: 'concerns positions in the text' },
    clean_up_tokenization_spaces: decoding,
    clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output: decoding,
    spaces_between_special_tokens: decoding,
    errors: decoding,
    add_bos_token: ignored,
    add_eos_token: ignored,
    do_basic_tokenize: ignored,
    never_split: ignored,
    clean_text: ignored,
    lowercase: ignored,
    wordpieces_prefix: ignored,
    sp_model_kwargs: ignored,
    legacy: ignored,
    remove_space: ignored,
    keep_accents: ignored,
    chat_template: chat,
    response_template: chat,
    response_schema: chat,
    chat_control_tokens: chat,
    tokenizer_file: saving,
    vocab_file: saving,
    merges_file: saving,
    special_tokens_map_file: saving,
    name_or_path: saving,
    _name_or_path: saving,
    _commit_hash: saving,
    transformers_version: saving,
    is_local: saving,
    local_files_only: saving,
    backend: python,
    use_fast: python,
    from_slow: python,
    auto_map: {
      withoutEffect: 'code of the folder is never run; transformers then takes the class above',
    },
    verbose: { withoutEffect: 'concerns messages' },
    trust_remote_code: { withoutEffect: 'code of the folder is never run' },
    subfolder: { withoutEffect: 'sentence-transformers sets it itself' },
    revision: { withoutEffect: 'sentence-transformers sets it itself' },
    token: { withoutEffect: 'sentence-transformers sets it itself' },
    cache_dir: { withoutEffect: 'sentence-transformers sets it itself' },
  },
};

/** special_tokens_map.json. */
export const SPECIAL_TOKENS_MAP_KEYS: FileKeys = {
  name: 'special_tokens_map.json',
  unknown: 'noted',
  keys: {
    '…_token': {
      honoured:
        'unk_token, cls_token and all others; they take precedence over tokenizer_config.json, unless that has an added_tokens_decoder',
    },
    additional_special_tokens: {
      honoured: 'used if tokenizer_config.json names no additional or extra tokens',
    },
    extra_special_tokens: { honoured: 'in addition to those of tokenizer_config.json' },
  },
};

/** added_tokens.json. */
export const ADDED_TOKENS_KEYS: FileKeys = {
  name: 'added_tokens.json',
  unknown: 'noted',
  keys: {
    '(each token)': {
      honoured:
        'recognised in texts as one token, unless tokenizer_config.json has an added_tokens_decoder; ids continue in this order from the end of the vocabulary',
    },
  },
};

/** tokenizer.json, beside which vocab.txt, vocab.json and merges.txt are not read. */
export const TOKENIZER_JSON_KEYS: FileKeys = {
  name: 'tokenizer.json',
  unknown: 'noted',
  keys: {
    model: {
      honoured:
        'the vocabulary and merges; its other settings count only if the class takes the file as it stands',
    },
    added_tokens: {
      honoured:
        'ignored if tokenizer_config.json has an added_tokens_decoder and the class builds its own tokens',
    },
    normalizer: {
      honoured: 'used if the class takes the file as it stands; XLMRobertaTokenizer reads only its charsmap',
    },
    pre_tokenizer: { honoured: 'used if the class takes the file as it stands' },
    post_processor: { honoured: 'used if the class takes the file as it stands' },
    truncation: {
      honoured:
        'its direction is used if tokenizer_config.json has no truncation_side; its length is not used',
    },
    padding: {
      honoured: 'its pad_token is recognised in texts if the class takes the file as it stands',
    },
    version: { withoutEffect: 'version of the file format' },
    decoder: decoding,
  },
};
