// Model folders that must be refused: each is a complete folder with one change, and the error it must give.

import { symlinkSync } from 'node:fs';
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { FileError, FormatError, type LikewiseError, ModelError } from '../../../src/errors.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { expectError } from '../../expect-error.ts';
import { type Content, scratchTrees } from '../../temporary-file.ts';
import { CONFIG_JSON, DENSE_JSON, MODULES_JSON, modelTree, POOLING_JSON } from './model-fixture.ts';

const newTree = scratchTrees();
const folderWith = (changes: Record<string, Content> = {}) => newTree({ ...modelTree(), ...changes });

const modules = (...entries: object[]) => ({ 'modules.json': entries });
const [transformer, pooling, dense, normalize] = MODULES_JSON as [object, object, object, object];
const poolingWith = (changes: object) => ({ '1_Pooling/config.json': { ...POOLING_JSON, ...changes } });
const denseWith = (changes: object) => ({ '2_Dense/config.json': { ...DENSE_JSON, ...changes } });

const REFUSED: [string, Record<string, Content>, new (m: string) => LikewiseError, RegExp][] = [
  [
    'no config.json',
    { 'config.json': null },
    FileError,
    /is not a model folder: it has no config\.json \(it holds 1/,
  ],
  ['an empty config.json', { 'config.json': '' }, FormatError, /config\.json.*expected a value/],
  ['a config.json that is a list', { 'config.json': [] }, ModelError, /config\.json/],
  [
    'a folder named config.json',
    { 'config.json': null, 'config.json/x': '' },
    FileError,
    /config\.json': it is a folder/,
  ],
  ['another family', { 'config.json': { ...CONFIG_JSON, model_type: 'mpnet' } }, ModelError, /'mpnet'/],
  ['modules.json that is an object', { 'modules.json': { a: 1 } }, ModelError, /modules\.json/],
  ['no modules', modules(), ModelError, /at least one module/],
  ['a module without a type', modules({ idx: 0, path: '' }), ModelError, /0\.type/],
  [
    'an unknown module',
    modules(transformer, { idx: 1, path: '', type: 'sentence_transformers.models.LSTM' }),
    ModelError,
    /models\.LSTM'.*expected Transformer, Pooling/,
  ],
  [
    'a module with remote code',
    modules({ idx: 0, path: '', type: 'custom_st.Transformer' }),
    ModelError,
    /'custom_st\.Transformer'/,
  ],
  [
    'a module above the folder',
    modules(transformer, { ...pooling, path: '../1_Pooling' }),
    ModelError,
    /"\.\.\/1_Pooling".*leaves/,
  ],
  [
    'a module that climbs out from below',
    modules(transformer, { ...pooling, path: 'a/../../b' }),
    ModelError,
    /leaves/,
  ],
  ['an absolute module', modules(transformer, { ...pooling, path: '/etc' }), ModelError, /"\/etc".*leaves/],
  ['an absolute transformer', modules({ ...transformer, path: '/' }, pooling), ModelError, /leaves/],
  [
    'modules in another order than their idx',
    modules(transformer, { ...pooling, idx: 2 }, { ...dense, idx: 1 }, normalize),
    ModelError,
    /a different order than their idx says \(0, 2, 1, 3\)/,
  ],
  [
    'one name twice',
    modules(transformer, { ...pooling, name: '0' }),
    ModelError,
    /the name '0' to two modules/,
  ],
  ['an adapter', { 'adapter_config.json': {} }, ModelError, /holds an adapter .*merge_and_unload/],
  ['one idx twice', modules(transformer, { ...pooling, idx: 0 }), ModelError, /one idx to two modules/],
  [
    'a transformer alone',
    modules(transformer),
    ModelError,
    /lists Transformer; expected Transformer, Pooling/,
  ],
  ['a pooling first', modules(pooling, { ...transformer, idx: 5 }), ModelError, /lists Pooling, Transformer/],
  [
    'two transformers',
    modules(transformer, pooling, { ...transformer, idx: 4, name: '4' }),
    ModelError,
    /second Transformer/,
  ],
  [
    'two poolings',
    modules(transformer, pooling, { ...pooling, idx: 4, name: '4' }),
    ModelError,
    /second Pooling/,
  ],
  [
    'a normalize before the pooling',
    modules(transformer, { ...normalize, idx: 0.5 }),
    ModelError,
    /modules\.json/,
  ],
  [
    'no pooling configuration',
    { '1_Pooling/config.json': null },
    FileError,
    /1_Pooling\/config\.json.*ENOENT/,
  ],
  [
    'a pooling of another width',
    poolingWith({ word_embedding_dimension: 9 }),
    ModelError,
    /9 dimensions but .* hidden_size is 8/,
  ],
  [
    'an unknown pooling mode',
    poolingWith({ pooling_mode: 'attention' }),
    ModelError,
    /'attention'.*expected one of cls, max/,
  ],
  ['an unknown mode in a list', poolingWith({ pooling_mode: ['mean', 'median'] }), ModelError, /'median'/],
  ['an empty list of modes', poolingWith({ pooling_mode: [] }), ModelError, /pooling_mode/],
  [
    'a pooling flag as text',
    poolingWith({ pooling_mode_cls_token: 'yes' }),
    ModelError,
    /pooling_mode_cls_token/,
  ],
  [
    'a dense layer of another width',
    denseWith({ in_features: 16 }),
    ModelError,
    /in_features is 16 but .* gives 8/,
  ],
  ['a dense layer without width', denseWith({ out_features: undefined }), ModelError, /out_features/],
  ['a dense layer of no width', denseWith({ out_features: 0 }), ModelError, /out_features/],
  [
    'an unknown activation',
    denseWith({ activation_function: 'torch.nn.modules.activation.Softmax' }),
    ModelError,
    /Softmax'.*expected one of/,
  ],
  [
    'an activation of remote code',
    denseWith({ activation_function: 'evil.Tanh' }),
    ModelError,
    /'evil\.Tanh'/,
  ],
  ['a dense residual', denseWith({ use_residual: true }), ModelError, /use_residual/],
  [
    'a dense layer over tokens',
    denseWith({ module_input_name: 'token_embeddings' }),
    ModelError,
    /module_input_name to "token_embeddings"/,
  ],
  [
    'a normalize over tokens',
    { '3_Normalize/config.json': { module_input_name: 'token_embeddings' } },
    ModelError,
    /module_input_name/,
  ],
  ['no dense configuration', { '2_Dense/config.json': null }, FileError, /2_Dense\/config\.json/],
  [
    'a maximum length of zero',
    { 'sentence_bert_config.json': { max_seq_length: 0 } },
    ModelError,
    /max_seq_length/,
  ],
  [
    'a maximum length as text',
    { 'sentence_bert_config.json': { max_seq_length: '16' } },
    ModelError,
    /max_seq_length/,
  ],
  [
    'another task',
    { 'sentence_bert_config.json': { transformer_task: 'text-generation' } },
    ModelError,
    /transformer_task to "text-generation"/,
  ],
  [
    'another output',
    { 'sentence_bert_config.json': { module_output_name: 'sentence_embedding' } },
    ModelError,
    /module_output_name/,
  ],
  [
    'query expansion',
    { 'sentence_bert_config.json': { query_expansion: { length: 32 } } },
    ModelError,
    /query_expansion/,
  ],
  [
    'a default prompt that is not there',
    { 'config_sentence_transformers.json': { prompts: { a: 'x' }, default_prompt_name: 'b' } },
    ModelError,
    /default prompt 'b' but its prompts are: a/,
  ],
  [
    'a default prompt from the prototype',
    { 'config_sentence_transformers.json': { default_prompt_name: 'toString' } },
    ModelError,
    /'toString'.*none/,
  ],
  [
    'a prompt that is a number',
    { 'config_sentence_transformers.json': { prompts: { a: 1 } } },
    ModelError,
    /prompts\.a/,
  ],
  [
    'an unknown similarity',
    { 'config_sentence_transformers.json': { similarity_fn_name: 'hamming' } },
    ModelError,
    /similarity_fn_name/,
  ],
  [
    'a cross encoder',
    { 'config_sentence_transformers.json': { model_type: 'CrossEncoder' } },
    ModelError,
    /sets model_type to "CrossEncoder".*only a SentenceTransformer/,
  ],
  [
    'a tokenizer length below zero',
    { 'sentence_bert_config.json': null, 'tokenizer_config.json': { model_max_length: -1 } },
    ModelError,
    /model_max_length/,
  ],
  [
    'modules.json that is cut',
    { 'modules.json': '[{"idx": 0,' },
    FormatError,
    /modules\.json.*but the text ends/,
  ],
  [
    'modules.json in UTF-16',
    { 'modules.json': Buffer.from('\ufeff[]', 'utf16le') },
    FormatError,
    /not valid UTF-8/,
  ],
];

describe('refused folders', () => {
  it.each(REFUSED)('%s', async (_name, changes, errorClass, message) => {
    await expectError(readModelFolder(await folderWith(changes)), errorClass, message);
  });

  it('a quantisation of another kind', async () => {
    const quantization_config = { quant_method: 'gptq' };
    const folder = await folderWith({ 'config.json': { ...CONFIG_JSON, quantization_config } });
    await expectError(
      readModelFolder(folder),
      ModelError,
      /config\.json' .*quant_method: expected "compressed/,
    );
  });

  it('a missing folder, a file, and links that loop', async () => {
    const folder = await folderWith();
    await expectError(readModelFolder(join(folder, 'none')), FileError, /does not exist; name a folder/);
    await expectError(readModelFolder(join(folder, 'vocab.txt')), FileError, /not a folder/);
    await expectError(readModelFolder(join(folder, 'vocab.txt', 'x')), FileError, /ENOTDIR/);
    await unlink(join(folder, 'config.json'));
    symlinkSync(join(folder, 'config.json'), join(folder, 'config.json'));
    await expectError(readModelFolder(folder), FileError, /ELOOP/);
    await rm(join(folder, 'config.json'));
    symlinkSync(join(folder, 'gone'), join(folder, 'config.json'));
    await expectError(readModelFolder(folder), FileError, /ENOENT/);
  });

  it('uses every entry of the fixture', () => {
    expect([transformer, pooling, dense, normalize]).not.toContain(undefined);
  });
});
