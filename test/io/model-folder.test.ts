// Model folders in the older and newer spellings, and a table of folders that must be refused.

import { mkdirSync, symlinkSync } from 'node:fs';
import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { FileError, FormatError, type LikewiseError, ModelError } from '../../src/errors.ts';
import { readModelFolder } from '../../src/io/model-folder.ts';
import { expectError } from '../expect-error.ts';
import { type Content, scratchFolder, writeTree } from '../temporary-file.ts';
import { CONFIG, CONFIG_JSON, DENSE_JSON, MODULES_JSON, modelTree, POOLING_JSON } from './model-fixture.ts';

const root = scratchFolder();
let count = 0;

async function folderWith(changes: Record<string, Content> = {}): Promise<string> {
  count += 1;
  const folder = join(root, `model-${count}`);
  mkdirSync(folder);
  return writeTree(folder, { ...modelTree(), ...changes });
}

describe('readModelFolder', () => {
  it('reads a complete folder', async () => {
    const folder = await folderWith();
    expect(await readModelFolder(folder)).toEqual({
      path: folder,
      config: CONFIG,
      transformer: { path: folder, maxSequenceLength: 16, lowerCase: false },
      modules: [
        { kind: 'pooling', modes: ['mean'], includePrompt: true },
        {
          kind: 'dense',
          path: join(folder, '2_Dense'),
          inFeatures: 8,
          outFeatures: 4,
          bias: true,
          activation: 'tanh',
        },
        { kind: 'normalize' },
      ],
      dimension: 4,
      prompts: {},
      similarity: 'cosine',
      notes: [],
    });
  });

  it('reads the newer spellings', async () => {
    const folder = await folderWith({
      'modules.json': [
        { idx: 0, name: '0', path: '', type: 'sentence_transformers.base.modules.transformer.Transformer' },
        {
          idx: 1,
          name: '1',
          path: '1_Pooling',
          type: 'sentence_transformers.sentence_transformer.modules.pooling.Pooling',
        },
        { idx: 2, name: '2', path: '2_Dense', type: 'sentence_transformers.base.modules.dense.Dense' },
        {
          idx: 3,
          name: '3',
          path: '3_Normalize',
          type: 'sentence_transformers.base.modules.normalize.Normalize',
        },
      ],
      'sentence_bert_config.json': {
        transformer_task: 'feature-extraction',
        modality_config: { text: { method: 'forward', method_output_name: 'last_hidden_state' } },
        module_output_name: 'token_embeddings',
      },
      'config_sentence_transformers.json': {
        model_type: 'SentenceTransformer',
        prompts: { query: 'q: ', document: null },
        default_prompt_name: 'query',
        similarity_fn_name: 'euclidean',
      },
      '1_Pooling/config.json': {
        embedding_dimension: 8,
        pooling_mode: ['lasttoken', 'weightedmean'],
        include_prompt: false,
      },
      '2_Dense/config.json': {
        ...DENSE_JSON,
        in_features: 16,
        bias: false,
        activation_function: 'torch.nn.modules.linear.Identity',
      },
      '3_Normalize/config.json': { module_input_name: 'sentence_embedding' },
    });
    const model = await readModelFolder(folder);
    expect(model).toMatchObject({
      transformer: { maxSequenceLength: 24 },
      prompts: { query: 'q: ', document: '' },
      defaultPromptName: 'query',
      similarity: 'euclidean',
    });
    expect(model.modules[0]).toEqual({
      kind: 'pooling',
      modes: ['last_token', 'weighted_mean'],
      includePrompt: false,
    });
    expect(model.modules[1]).toMatchObject({ bias: false, activation: 'identity' });
  });

  it('assumes mean pooling for a bare transformer and says so', async () => {
    const model = await readModelFolder(await folderWith({ 'modules.json': null }));
    expect(model.modules).toEqual([{ kind: 'pooling', modes: ['mean'], includePrompt: true }]);
    expect(model.dimension).toBe(8);
    expect(model.notes).toEqual([expect.stringMatching(/no modules\.json: mean pooling is assumed/)]);
  });

  it('concatenates several poolings in the order of sentence-transformers', async () => {
    const flags = {
      pooling_mode_lasttoken: true,
      pooling_mode_weightedmean_tokens: true,
      pooling_mode_mean_sqrt_len_tokens: true,
    };
    const pooling = {
      ...POOLING_JSON,
      ...flags,
      pooling_mode_max_tokens: true,
      pooling_mode_cls_token: true,
    };
    const dense = { ...DENSE_JSON, in_features: 48 };
    const model = await readModelFolder(
      await folderWith({ '1_Pooling/config.json': pooling, '2_Dense/config.json': dense }),
    );
    const modes = ['cls', 'max', 'mean', 'mean_sqrt_len', 'weighted_mean', 'last_token'];
    expect(model.modules[0]).toEqual({ kind: 'pooling', modes, includePrompt: true });
  });

  it('takes no mode at all for mean, a mode name, and prefers it over the older flags', async () => {
    for (const [pooling, modes] of [
      [{ ...POOLING_JSON, pooling_mode_mean_tokens: false }, ['mean']],
      [{ ...POOLING_JSON, pooling_mode: 'max' }, ['max']],
    ] as const) {
      const model = await readModelFolder(await folderWith({ '1_Pooling/config.json': pooling }));
      expect(model.modules[0]).toMatchObject({ modes });
    }
  });

  it('reads modules in the order of idx and a transformer in a folder of its own', async () => {
    const { 'config.json': config, 'sentence_bert_config.json': settings } = modelTree();
    const folder = await folderWith({
      'config.json': null,
      'sentence_bert_config.json': null,
      '0_Transformer/config.json': config as Content,
      '0_Transformer/sentence_roberta_config.json': { ...(settings as object), do_lower_case: true },
      'modules.json': [...MODULES_JSON.slice(1).reverse(), { ...MODULES_JSON[0], path: '0_Transformer' }],
    });
    expect((await readModelFolder(folder)).transformer).toEqual({
      path: join(folder, '0_Transformer'),
      maxSequenceLength: 16,
      lowerCase: true,
    });
  });

  it.each<[string, Record<string, Content>, number, RegExp | undefined]>([
    ['sentence_bert_config first', {}, 16, undefined],
    ['tokenizer_config second', { 'sentence_bert_config.json': { max_seq_length: null } }, 24, undefined],
    [
      'the positions last',
      { 'sentence_bert_config.json': null, 'tokenizer_config.json': null },
      32,
      /names no maximum/,
    ],
    [
      'not 1e30',
      { 'sentence_bert_config.json': null, 'tokenizer_config.json': { model_max_length: 1e30 } },
      32,
      /names no maximum/,
    ],
    [
      'bounded by the positions',
      { 'sentence_bert_config.json': { max_seq_length: 512 } },
      32,
      /512, bounded to .* 32/,
    ],
    [
      'positions after the padding index',
      {
        'sentence_bert_config.json': { max_seq_length: 32 },
        'config.json': { ...CONFIG_JSON, model_type: 'roberta', pad_token_id: 1 },
      },
      30,
      /32, bounded to .* 30/,
    ],
  ])('takes the maximum length from %s', async (_name, changes, length, note) => {
    const model = await readModelFolder(await folderWith(changes));
    expect(model.transformer.maxSequenceLength).toBe(length);
    expect(model.notes).toEqual(note === undefined ? [] : [expect.stringMatching(note)]);
  });

  it('reads a folder made of symbolic links', async () => {
    const blobs = await folderWith();
    const folder = join(root, 'snapshot');
    mkdirSync(join(folder, '1_Pooling'), { recursive: true });
    for (const name of [
      ...Object.keys(modelTree()).filter((each) => !each.includes('/')),
      '1_Pooling/config.json',
      '2_Dense',
    ]) {
      symlinkSync(join(blobs, name), join(folder, name));
    }
    expect((await readModelFolder(folder)).dimension).toBe(4);
  });
});

const modules = (...entries: object[]) => ({ 'modules.json': entries });
const [transformer, pooling, dense, normalize] = MODULES_JSON as [object, object, object, object];
const poolingWith = (changes: object) => ({ '1_Pooling/config.json': { ...POOLING_JSON, ...changes } });
const denseWith = (changes: object) => ({ '2_Dense/config.json': { ...DENSE_JSON, ...changes } });

const REFUSED: [string, Record<string, Content>, new (m: string) => LikewiseError, RegExp][] = [
  ['no config.json', { 'config.json': null }, FileError, /config\.json.*ENOENT/],
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
    modules({ idx: 0, path: '', type: 'custom_st.Thing' }),
    ModelError,
    /'custom_st\.Thing'/,
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
    modules(transformer, pooling, { ...transformer, idx: 4 }),
    ModelError,
    /second Transformer/,
  ],
  ['two poolings', modules(transformer, pooling, { ...pooling, idx: 4 }), ModelError, /second Pooling/],
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
    /module_input_name 'token_embeddings'/,
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
    /describes a CrossEncoder/,
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

  it('a missing folder, a file, and links that loop', async () => {
    await expectError(readModelFolder(join(root, 'none')), FileError, /does not exist; name a folder/);
    const folder = await folderWith();
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
