// The keys of the files around an encoder: config.json and what sentence-transformers adds. Each is honoured, refused or
// without effect on vectors; docs/model-folders.md lists them. The tokenizer's own files are in src/tokenizer/spec.

import { asksForNothing, type FileKeys, type KeyRule } from '../../options/file-keys.ts';

/** The values that a refused key may have. */
const unless =
  (...values: unknown[]) =>
  (value: unknown): boolean =>
    values.some((each) => JSON.stringify(each) === JSON.stringify(value));

const training = { withoutEffect: 'concerns training only' };
const heads = { withoutEffect: 'concerns heads that text vectors do not use' };
const outputs = { withoutEffect: 'chooses what else the original returns' };
const record = { withoutEffect: 'records how the files were made' };
const placement = { withoutEffect: 'concerns where and how the original computes' };
const set = { withoutEffect: 'sentence-transformers sets it itself' };
const rounding = { withoutEffect: 'Likewise computes in float32, or in the precision that you choose' };
const versatile = { withoutEffect: 'inputs are texts, which the entry `text` describes' };

const names = (text: string, rule: KeyRule): Record<string, KeyRule> =>
  Object.fromEntries(text.split(' ').map((name) => [name, rule]));

/** config.json, and `config_args` of sentence_bert_config.json over it. */
export const CONFIG_KEYS: FileKeys = {
  name: 'config.json',
  unknown: 'noted',
  keys: {
    model_type: {
      honoured: 'bert, roberta, xlm-roberta or electra; also decides the tokenizer class if none is named',
    },
    vocab_size: { honoured: 'rows of the word table (one vector per token id)' },
    hidden_size: { honoured: 'width of the encoder' },
    embedding_size: {
      honoured: 'width of the word table in electra; in other families it must be `hidden_size`',
    },
    num_hidden_layers: { honoured: 'layers' },
    num_attention_heads: { honoured: 'heads of attention' },
    intermediate_size: { honoured: 'width inside a layer' },
    hidden_act: { honoured: 'gelu, gelu_new, gelu_fast, gelu_pytorch_tanh or relu; others are refused' },
    layer_norm_eps: { honoured: 'added to variances' },
    max_position_embeddings: { honoured: 'the largest number of tokens in a text' },
    type_vocab_size: { honoured: 'rows of the table of segments; texts are segment 0' },
    pad_token_id: { honoured: 'where positions start in roberta and xlm-roberta' },
    is_decoder: { honoured: 'true: tokens see only those before them' },
    tokenizer_class: { honoured: 'used if tokenizer_config.json names no class' },
    architectures: {
      honoured: 'without modules.json: a causal language model pools its last token, all others the mean',
    },
    quantization_config: { honoured: 'int8 with a scale per row; other kinds are refused' },

    position_embedding_type: { refused: 'positions are absolute', unless: unless('absolute') },
    add_cross_attention: { refused: 'there is no second sequence to attend to', unless: asksForNothing },
    is_encoder_decoder: { refused: 'only encoders are supported', unless: asksForNothing },
    pruned_heads: {
      refused: 'all heads are computed; prune the weights and save them',
      unless: asksForNothing,
    },

    ...names(
      'attention_probs_dropout_prob hidden_dropout_prob initializer_range gradient_checkpointing layerdrop label_smoothing',
      training,
    ),
    ...names(
      'classifier_dropout id2label label2id num_labels problem_type finetuning_task summary_type summary_use_proj summary_activation summary_last_dropout summary_first_dropout summary_proj_to_labels pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers pooler_size_per_head pooler_type tie_word_embeddings directionality task_specific_params generator_size tie_encoder_decoder',
      heads,
    ),
    ...names('output_hidden_states output_attentions return_dict use_return_dict output_past', outputs),
    ...names('bos_token_id eos_token_id sep_token_id cls_token_id mask_token_id decoder_start_token_id', {
      withoutEffect: 'the tokenizer has its special tokens by itself',
    }),
    ...names('torch_dtype dtype', rounding),
    ...names(
      'use_cache chunk_size_feed_forward attn_implementation _attn_implementation _attn_implementation_autoset torchscript',
      placement,
    ),
    ...names(
      '_name_or_path transformers_version _commit_hash auto_map adapters sentence_transformers',
      record,
    ),
    ...names('trust_remote_code subfolder revision token cache_dir local_files_only', set),
  },
};

/** An entry of modules.json. */
export const MODULES_KEYS: FileKeys = {
  name: 'modules.json, each module',
  unknown: 'noted',
  keys: {
    type: {
      honoured:
        'Transformer, Pooling, Dense or Normalize of sentence-transformers; other classes are refused',
    },
    path: { honoured: 'the folder of the module, inside the model folder' },
    idx: { honoured: 'must agree with the order of the list; modules run in that order' },
    name: { honoured: 'must be given once' },
    kwargs: { withoutEffect: 'names arguments that these modules do not have' },
  },
};

/** sentence_bert_config.json. */
export const TRANSFORMER_KEYS: FileKeys = {
  name: 'sentence_bert_config.json',
  unknown: 'refused',
  keys: {
    max_seq_length: {
      honoured: 'where texts are cut; takes precedence over `model_max_length` of tokenizer_config.json',
    },
    do_lower_case: { honoured: 'true: texts are lower-cased before the tokenizer gets them' },
    tokenizer_args: {
      honoured:
        'keys of tokenizer_config.json; they take precedence over that file and over `max_seq_length`; ' +
        '`tokenizer_class` and `tokenizer_type` are refused here',
    },
    processor_kwargs: { honoured: 'the newer name of `tokenizer_args`' },
    config_args: { honoured: 'keys of config.json; they take precedence over that file' },
    config_kwargs: { honoured: 'the newer name of `config_args`' },
    model_args: { honoured: 'see below' },
    model_kwargs: { honoured: 'the newer name of `model_args`' },
    processing_kwargs: { honoured: 'see below' },
    modality_config: { honoured: 'see below' },
    transformer_task: {
      refused: 'only feature-extraction is supported',
      unless: unless('feature-extraction'),
    },
    module_output_name: {
      refused: 'only token_embeddings, which a Pooling takes, are supported',
      unless: unless('token_embeddings'),
    },
    tokenizer_name_or_path: { refused: 'the tokenizer of this folder is read; copy the other one here' },
    query_length: { refused: 'queries and documents are cut at one length' },
    document_length: { refused: 'queries and documents are cut at one length' },
    query_expansion: { refused: 'a text has one vector', unless: asksForNothing },
    unpad_inputs: { withoutEffect: 'nothing is padded' },
    backend: placement,
    cache_dir: placement,
  },
};

/** `processing_kwargs` of sentence_bert_config.json: objects by kind of input. */
export const PROCESSING_KEYS: FileKeys = {
  name: 'sentence_bert_config.json, processing_kwargs',
  unknown: 'noted',
  keys: {
    text: { honoured: 'see below' },
    common: { honoured: 'like `text`, and takes precedence over it' },
    ...names('image audio video', { withoutEffect: 'inputs are texts' }),
    chat_template: { withoutEffect: 'is for conversations' },
  },
};

/** `processing_kwargs.text` and `.common`. */
export const TEXT_PROCESSING_KEYS: FileKeys = {
  name: 'sentence_bert_config.json, processing_kwargs.text',
  unknown: 'refused',
  keys: {
    max_length: { honoured: 'where texts are cut; takes precedence over everything else' },
    truncation: {
      refused: 'texts are always cut at the maximum length',
      unless: unless(true, 'longest_first', 'only_first'),
    },
    add_special_tokens: { refused: 'texts always get their special tokens', unless: unless(true) },
    return_attention_mask: { refused: 'padding would count in the vectors', unless: unless(true) },
    return_overflowing_tokens: { refused: 'what is cut off is not used', unless: unless(false) },
    is_split_into_words: { refused: 'texts are not split beforehand', unless: unless(false) },
    split_special_tokens: { refused: 'set it in tokenizer_config.json', unless: unless(false) },
    ...names('padding padding_side pad_to_multiple_of', { withoutEffect: 'nothing is padded' }),
    stride: { withoutEffect: 'what is cut off is not used' },
    ...names(
      'return_tensors return_token_type_ids return_special_tokens_mask return_offsets_mapping return_length verbose logits_to_keep',
      outputs,
    ),
  },
};

/** `modality_config` of sentence_bert_config.json. */
export const MODALITY_KEYS: FileKeys = {
  name: 'sentence_bert_config.json, modality_config',
  unknown: 'noted',
  keys: {
    text: { honoured: 'its `method` must be forward and its `method_output_name` last_hidden_state' },
    message: { refused: 'texts are encoded as they are' },
    ...names('image audio video', versatile),
  },
};

/** `model_args` of sentence_bert_config.json. */
export const MODEL_ARGUMENT_KEYS: FileKeys = {
  name: 'sentence_bert_config.json, model_args',
  unknown: 'refused',
  keys: {
    ...names('torch_dtype dtype', rounding),
    ...names(
      'attn_implementation device_map low_cpu_mem_usage use_safetensors use_cache max_memory offload_folder offload_state_dict weights_only',
      placement,
    ),
    add_pooling_layer: heads,
    ...names('output_hidden_states output_attentions return_dict', outputs),
    ...names('trust_remote_code subfolder revision token cache_dir local_files_only', set),
    variant: { refused: 'model.safetensors is read' },
    gguf_file: { refused: 'model.safetensors is read' },
    quantization_config: { refused: "quantise with 'likewise quantize'" },
    load_in_8bit: { refused: "quantise with 'likewise quantize'", unless: asksForNothing },
    load_in_4bit: { refused: "quantise with 'likewise quantize'", unless: asksForNothing },
    adapter_kwargs: { refused: 'merge the adapter into the weights and save them', unless: asksForNothing },
  },
};

/** config_sentence_transformers.json. */
export const SENTENCE_KEYS: FileKeys = {
  name: 'config_sentence_transformers.json',
  unknown: 'noted',
  keys: {
    prompts: { honoured: 'named prompts, which are put before a text; a prompt that is null is empty' },
    default_prompt_name: { honoured: 'the prompt of `encode`' },
    similarity_fn_name: { honoured: 'cosine, dot, euclidean or manhattan; cosine by default' },
    model_type: { refused: 'only a SentenceTransformer is supported', unless: unless('SentenceTransformer') },
    truncate_dim: {
      refused: 'delete the key, and ask for shorter vectors with truncateDim (--truncate-dim)',
    },
    __version__: record,
    requirements: { withoutEffect: 'names versions of Python packages' },
  },
};

/** config.json of a Pooling. */
export const POOLING_KEYS: FileKeys = {
  name: 'config.json of a Pooling',
  unknown: 'refused',
  keys: {
    pooling_mode: { honoured: 'a name or a list of names, whose vectors are concatenated in its order' },
    ...names(
      'pooling_mode_cls_token pooling_mode_max_tokens pooling_mode_mean_tokens pooling_mode_mean_sqrt_len_tokens pooling_mode_weightedmean_tokens pooling_mode_lasttoken',
      { honoured: 'used if there is no `pooling_mode`; without any flag the mean is taken' },
    ),
    include_prompt: { honoured: 'false: the tokens of the prompt are left out' },
    embedding_dimension: { honoured: "must be the encoder's width" },
    word_embedding_dimension: { honoured: 'the older name of `embedding_dimension`' },
  },
};

/** config.json of a Dense. */
export const DENSE_KEYS: FileKeys = {
  name: 'config.json of a Dense',
  unknown: 'noted',
  keys: {
    in_features: { honoured: 'must be the width of the input' },
    out_features: { honoured: 'width of the output' },
    bias: { honoured: 'whether there is a bias; true by default' },
    activation_function: { honoured: 'Identity, Tanh, ReLU or GELU of torch; others are refused' },
    use_residual: { refused: 'the input is not added to the output', unless: asksForNothing },
    ...names('module_input_name module_output_name', {
      refused: 'a Dense takes and gives the vector of a sentence',
      unless: unless('sentence_embedding'),
    }),
  },
};

/** config.json of a Normalize, where there is one. */
export const NORMALIZE_KEYS: FileKeys = {
  name: 'config.json of a Normalize',
  unknown: 'noted',
  keys: names('module_input_name module_output_name', {
    refused: 'a Normalize scales the vector of a sentence',
    unless: unless('sentence_embedding'),
  }),
};
