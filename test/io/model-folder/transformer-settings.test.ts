// sentence_bert_config.json: every key that moves the cut, in sentence-transformers' order, what is handed on to other files,
// and what is refused.

import { describe, expect, it } from 'vitest';

import { ModelError } from '../../../src/errors.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { expectError } from '../../expect-error.ts';
import { type Content, scratchTrees } from '../../temporary-file.ts';
import { modelTree } from './model-fixture.ts';

const newTree = scratchTrees();
const settings = (changes: object) => ({ 'sentence_bert_config.json': { max_seq_length: 16, ...changes } });
const read = async (changes: Record<string, Content>) =>
  readModelFolder(await newTree({ ...modelTree(), ...changes }));

/** As sentence-transformers 6.2 writes it. */
const WRITTEN = {
  transformer_task: 'feature-extraction',
  modality_config: { text: { method: 'forward', method_output_name: 'last_hidden_state' } },
  module_output_name: 'token_embeddings',
};

describe('where texts are cut', () => {
  it.each<[string, object, number]>([
    ['tokenizer_args over max_seq_length', { tokenizer_args: { model_max_length: 12 } }, 12],
    ['processor_kwargs, the newer name', { processor_kwargs: { model_max_length: 12 } }, 12],
    [
      'tokenizer_args over processor_kwargs',
      { tokenizer_args: { model_max_length: 12 }, processor_kwargs: { model_max_length: 9 } },
      12,
    ],
    ['the older max_len', { tokenizer_args: { max_len: 11 } }, 11],
    [
      'processing_kwargs over all',
      { tokenizer_args: { model_max_length: 12 }, processing_kwargs: { text: { max_length: 7 } } },
      7,
    ],
    [
      'processing_kwargs.common over text',
      { processing_kwargs: { text: { max_length: 12 }, common: { max_length: 8 } } },
      8,
    ],
  ])('%s', async (_name, changes, length) => {
    expect((await read(settings(changes))).transformer.maxSequenceLength).toBe(length);
  });

  it('a folder as sentence-transformers writes it', async () => {
    const model = await read({
      'sentence_bert_config.json': {
        ...WRITTEN,
        processing_kwargs: { text: { max_length: 12, truncation: true } },
      },
    });
    expect(model.transformer.maxSequenceLength).toBe(12);
    expect(model.notes).toEqual([]);
  });
});

describe('arguments for other files', () => {
  // transformers ignores the first and takes another class by the second
  it.each([
    { tokenizer_args: { tokenizer_class: 'PreTrainedTokenizerFast', do_lower_case: false } },
    { processor_kwargs: { tokenizer_type: 'roberta' } },
  ])('do not choose the class of the tokenizer: %o', async (changes) => {
    await expectError(
      read(settings(changes)),
      ModelError,
      /sets tokenizer_(class|type) in its tokenizer_args to .* set it there/,
    );
  });

  it('stand above those files', async () => {
    const model = await read(
      settings({ tokenizer_args: { do_lower_case: false }, config_args: { hidden_act: 'relu' } }),
    );
    expect(model.transformer.tokenizerSettings).toEqual({ do_lower_case: false });
    expect(model.config.activation).toBe('relu');
    await expectError(
      read(settings({ config_kwargs: { hidden_act: 'swish' } })),
      ModelError,
      /hidden_act 'swish' is not supported/,
    );
  });

  it('without effect are passed over in silence, unknown ones with a note', async () => {
    const model = await read({
      ...settings({
        unpad_inputs: true,
        model_args: { attn_implementation: 'eager', torch_dtype: 'float16' },
        processing_kwargs: { text: { padding: 'max_length' }, chat_template: { x: 1 } },
      }),
      'config_sentence_transformers.json': { requirements: { transformers: '>=4' }, flavour: 'mint' },
      '2_Dense/config.json': { in_features: 8, out_features: 4, taste: 1 },
    });
    expect(model.notes).toEqual([
      expect.stringMatching(/2_Dense\/config\.json' has 'taste', which Likewise does not know and ignores/),
      expect.stringMatching(/config_sentence_transformers\.json' has 'flavour'/),
    ]);
  });

  it.each<[string, object, RegExp]>([
    ['an unknown key', { max_sequence: 1 }, /'max_sequence', which is unknown; expected only max_seq_length/],
    ['an unknown model argument', { model_args: { foo: 1 } }, /model_args, has 'foo'/],
    ['a quantisation', { model_args: { quantization_config: {} } }, /model_args, sets quantization_config/],
    [
      'another variant',
      { model_kwargs: { variant: 'fp16' } },
      /variant to "fp16".*model\.safetensors is read/,
    ],
    ['no truncation', { processing_kwargs: { text: { truncation: false } } }, /truncation to false/],
    [
      'no special tokens',
      { processing_kwargs: { common: { add_special_tokens: false } } },
      /add_special_tokens/,
    ],
    [
      'conversations',
      { modality_config: { ...WRITTEN.modality_config, message: WRITTEN.modality_config.text } },
      /message to \{/,
    ],
    ['images alone', { modality_config: {} }, /no text in its modality_config/],
    [
      'another output',
      { modality_config: { text: { method: 'forward', method_output_name: 'pooler_output' } } },
      /modality_config\.text .*"pooler_output"/,
    ],
    ['a tokenizer elsewhere', { tokenizer_name_or_path: 'x' }, /tokenizer_name_or_path to "x"/],
  ])('refuses %s', async (_name, changes, message) => {
    await expectError(read(settings(changes)), ModelError, message);
  });
});

describe('without modules.json', () => {
  it('the files of sentence-transformers are not read, as it does itself, and that is said', async () => {
    const model = await read({
      'modules.json': null,
      'config_sentence_transformers.json': { prompts: { query: 'q: ' } },
    });
    expect(model.transformer.maxSequenceLength).toBe(24);
    expect(model.prompts).toEqual({});
    expect(model.notes).toEqual([
      expect.stringMatching(
        /'sentence_bert_config\.json' and 'config_sentence_transformers\.json' are not read/,
      ),
    ]);
  });

  it('a causal language model pools its last token', async () => {
    const { 'config.json': config } = modelTree();
    const architectures = ['RobertaForCausalLM'];
    const model = await read({
      'modules.json': null,
      'config.json': { ...(config as object), architectures },
    });
    expect(model.modules).toEqual([{ kind: 'pooling', modes: ['last_token'], includePrompt: true }]);
  });
});

it('takes query and document for prompts that every model has, empty', async () => {
  const model = await read({ 'config_sentence_transformers.json': { default_prompt_name: 'query' } });
  expect(model).not.toHaveProperty('defaultPromptName');
});
