// A written folder reads back as what was written, and failures leave nothing behind.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { ArgumentError, FileError, ModelError } from '../../../src/errors.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import type { ModelFolderContent } from '../../../src/io/model-folder/model-folder-content.ts';
import { writeModelFolder } from '../../../src/io/model-folder/model-folder-writer.ts';
import { openWeights } from '../../../src/io/safetensors/weights.ts';
import { expectError } from '../../expect-error.ts';
import { leftovers, scratchFolder, writeTree } from '../../temporary-file.ts';
import { CONFIG, modelContent, modelTree } from './model-fixture.ts';

const root = scratchFolder();
const source = join(root, 'source');
mkdirSync(source);
await writeTree(source, modelTree());
const content = modelContent(source);

describe('writeModelFolder', () => {
  it('reads back as what was written', async () => {
    const target = join(root, 'round-trip');
    await writeModelFolder(target, {
      ...content,
      tokenizerSettings: { do_lower_case: false, model_max_length: 512 },
      tokenizerClass: 'BertTokenizerFast',
    });
    expect(await readModelFolder(target)).toEqual({
      path: target,
      config: CONFIG,
      precision: 'float32',
      transformer: {
        path: target,
        maxSequenceLength: 16,
        lowerCase: false,
        tokenizerSettings: { do_lower_case: false },
        tokenizerClass: 'BertTokenizerFast',
      },
      modules: [
        { kind: 'pooling', modes: ['cls', 'mean'], includePrompt: false },
        {
          kind: 'dense',
          path: join(target, '2_Dense'),
          inFeatures: 16,
          outFeatures: 3,
          bias: true,
          activation: 'identity',
        },
        { kind: 'normalize' },
      ],
      dimension: 3,
      prompts: { query: 'query: ', document: '' },
      defaultPromptName: 'query',
      similarity: 'dot',
      notes: [],
    });
    const weights = await openWeights(target);
    expect(await weights.readFloat32('embeddings.word_embeddings.weight')).toEqual(
      new Float32Array(88).fill(0.5),
    );
    await weights.close();
    const dense = await openWeights(join(target, '2_Dense'));
    expect(dense.info('linear.weight').shape).toEqual([3, 16]);
    expect(await dense.readFloat32('linear.bias')).toEqual(new Float32Array(3).fill(-1));
    await dense.close();
    expect(readFileSync(join(target, 'vocab.txt'))).toEqual(readFileSync(join(source, 'vocab.txt')));
    const types = JSON.parse(readFileSync(join(target, 'modules.json'), 'utf8')) as { type: string }[];
    expect(types.map(({ type }) => type)).toEqual(
      ['Transformer', 'Pooling', 'Dense', 'Normalize'].map((name) => `sentence_transformers.models.${name}`),
    );
    const pooling = JSON.parse(readFileSync(join(target, '1_Pooling', 'config.json'), 'utf8')) as object;
    expect(pooling).toMatchObject({ pooling_mode_cls_token: true, pooling_mode_max_tokens: false });
    const card = readFileSync(join(target, 'README.md'), 'utf8');
    expect(card).toMatch(/^---\nlibrary_name: sentence-transformers\n/);
    expect(card).toMatch(/vector of 3 numbers.*dot similarity/);
  });

  it('keeps pooling modes in an order the older spelling cannot express', async () => {
    const target = join(root, 'order');
    const modules: ModelFolderContent['modules'] = [
      { kind: 'pooling', modes: ['mean', 'cls', 'mean'], includePrompt: true },
    ];
    await writeModelFolder(target, { ...content, modules });
    expect(await readModelFolder(target)).toMatchObject({ modules, dimension: 24 });
  });

  it('refuses a target that is not empty, unless told to overwrite', async () => {
    const target = join(root, 'existing');
    mkdirSync(target);
    await writeModelFolder(target, content); // an empty folder is fine
    writeFileSync(join(target, 'stale'), '');
    await expectError(
      writeModelFolder(target, content),
      FileError,
      /not empty; name another or allow overwriting/,
    );
    expect(existsSync(join(target, 'stale'))).toBe(true);
    await writeModelFolder(target, { ...content, tokenizerFrom: target }, { overwrite: true });
    expect(readdirSync(target)).not.toContain('stale');
    expect(readdirSync(target)).toContain('vocab.txt');
    expect(leftovers(root)).toEqual([]);
  });

  it.each([
    ['no model', { 'thesis.tex': 'years of work' }],
    ['another list of modules', { 'modules.json': ['fs', 'path'], 'package.json': '{}' }],
    ['a plain encoder', { 'config.json': '{}', 'model.safetensors': '' }],
    ['a whitening beside something else', { 'whitening.safetensors': '', 'thesis.tex': '' }],
  ])('never replaces a folder that holds %s', async (name, tree) => {
    const target = join(root, name);
    mkdirSync(target);
    await writeTree(target, tree);
    const writing = writeModelFolder(target, content, { overwrite: true });
    await expectError(writing, FileError, /cannot replace the folder .* name another or remove it yourself/);
    expect(readdirSync(target)).toEqual(Object.keys(tree).sort());
    expect(leftovers(root)).toEqual([]);
  });

  const bias = new Float32Array(3);
  const dense = {
    kind: 'dense',
    inFeatures: 8,
    outFeatures: 3,
    activation: 'tanh',
    weight: new Float32Array(24),
  } as const;
  const mean = { kind: 'pooling', modes: ['mean'], includePrompt: true } as const;
  const pooling = { ...mean, modes: [...mean.modes] };
  it.each<
    [string, Partial<ModelFolderContent>, typeof ArgumentError | typeof ModelError | typeof FileError, RegExp]
  >([
    ['no pooling', { modules: [] }, ArgumentError, /first module to be a pooling/],
    ['a second pooling', { modules: [pooling, pooling] }, ArgumentError, /one pooling/],
    ['no mode', { modules: [{ ...pooling, modes: [] }] }, ArgumentError, /at least one mode/],
    [
      'a dense layer of another width',
      { modules: [pooling, { ...dense, inFeatures: 4 }] },
      ArgumentError,
      /take 8 features/,
    ],
    ['too few weights', { modules: [pooling, { ...dense, weight: bias }] }, ArgumentError, /with 3 weights/],
    [
      'too few biases',
      { modules: [pooling, { ...dense, biasValues: new Float32Array(2) }] },
      ArgumentError,
      /2 biases/,
    ],
    ['no tokenizer', { tokenizerFrom: join(root, 'nowhere') }, ModelError, /holds no tokenizer/],
    ['a tokenizer that is a folder', { tokenizerFrom: root }, FileError, /cannot write/],
    [
      'tensors that do not fit',
      { tensors: [{ name: 'a', dtype: 'F32', shape: [2], data: bias }] },
      ArgumentError,
      /needs 8 bytes/,
    ],
  ])('refuses %s and leaves nothing behind', async (_name, changes, errorClass, message) => {
    mkdirSync(join(root, 'tokenizer.json'), { recursive: true });
    const target = join(root, 'refused');
    await expectError(writeModelFolder(target, { ...content, ...changes }), errorClass, message);
    expect(existsSync(target)).toBe(false);
    expect(leftovers(root)).toEqual([]);
  });

  it('refuses a file as target, and a parent that is missing or a file', async () => {
    const file = join(source, 'vocab.txt');
    await expectError(writeModelFolder(file, content), FileError, /it is a file; name a folder/);
    await expectError(writeModelFolder(join(file, 'x'), content), FileError, /ENOTDIR/);
    await expectError(writeModelFolder(join(root, 'none', 'x'), content), FileError, /ENOENT/);
  });
});
