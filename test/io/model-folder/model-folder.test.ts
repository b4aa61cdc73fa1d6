// Model folders in the older and newer spellings; refused-model-folder.test.ts has those that cannot be used.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { type Content, scratchFolder, scratchTrees } from '../../temporary-file.ts';
import { CONFIG, CONFIG_JSON, DENSE_JSON, MODULES_JSON, modelTree, POOLING_JSON } from './model-fixture.ts';

const root = scratchFolder();
const newTree = scratchTrees();
const folderWith = (changes: Record<string, Content> = {}) => newTree({ ...modelTree(), ...changes });

describe('readModelFolder', () => {
  it('reads a complete folder', async () => {
    const folder = await folderWith();
    expect(await readModelFolder(folder)).toEqual({
      path: folder,
      config: CONFIG,
      precision: 'float32',
      transformer: { path: folder, maxSequenceLength: 16, lowerCase: false, tokenizerSettings: {} },
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

  it('reads a transformer in a folder of its own', async () => {
    const { 'config.json': config, 'sentence_bert_config.json': settings } = modelTree();
    const folder = await folderWith({
      'config.json': null,
      'sentence_bert_config.json': null,
      '0_Transformer/config.json': config as Content,
      '0_Transformer/sentence_roberta_config.json': { ...(settings as object), do_lower_case: true },
      'modules.json': [{ ...MODULES_JSON[0], path: '0_Transformer' }, ...MODULES_JSON.slice(1)],
    });
    expect((await readModelFolder(folder)).transformer).toEqual({
      path: join(folder, '0_Transformer'),
      maxSequenceLength: 16,
      lowerCase: true,
      tokenizerSettings: {},
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
      /512, reduced to .* 32/,
    ],
    [
      'positions after the padding index',
      {
        'sentence_bert_config.json': { max_seq_length: 32 },
        'config.json': { ...CONFIG_JSON, model_type: 'roberta', pad_token_id: 1 },
      },
      30,
      /32, reduced to .* 30/,
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
