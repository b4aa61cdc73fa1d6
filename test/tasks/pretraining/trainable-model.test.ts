// A model of pretraining read and written: transformers' names and classes, heads kept, heads that are missing begun anew.
import { copyFileSync, cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../../src/embed/encoder/sentence-encoder.ts';
import { ModelError } from '../../../src/errors.ts';
import { type ModelFolder, readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { openWeights } from '../../../src/io/safetensors/weights.ts';
import { Engine } from '../../../src/native/engine.ts';
import { MaskedLanguageModel } from '../../../src/tasks/pretraining/masked-language-model.ts';
import {
  TrainableModel,
  type TrainableModelOptions,
} from '../../../src/tasks/pretraining/trainable-model.ts';
import { temporaryFolder } from '../../temporary-file.ts';

const golden = join(import.meta.dirname, '../../golden');
const engine = new Engine({ threads: 1 });
afterAll(() => engine.dispose());

const options: TrainableModelOptions = {
  nextSentence: true,
  spanTargets: 4,
  causal: false,
  seed: 1,
  precision: 'float32',
  weights: 'model',
};

/** The golden folder with a tokenizer to copy. */
async function pretrained(): Promise<ModelFolder> {
  const folder = join(temporaryFolder(), 'model');
  cpSync(join(golden, 'bert-pretraining'), folder, { recursive: true });
  for (const name of ['tokenizer.json', 'tokenizer_config.json', 'vocab.txt']) {
    copyFileSync(join(golden, 'bert-two-layers', name), join(folder, name));
  }
  return readModelFolder(folder);
}

async function namesAndValues(folder: string): Promise<Map<string, Float32Array>> {
  const weights = await openWeights(folder);
  const found = new Map<string, Float32Array>();
  for (const name of weights.names) found.set(name, await weights.readFloat32(name));
  await weights.close();
  return found;
}

const configOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));

async function saved(folder: ModelFolder, changes: Partial<TrainableModelOptions> = {}) {
  const target = join(temporaryFolder(), 'out');
  using model = await TrainableModel.load(engine, folder, { ...options, ...changes });
  await model.save(target);
  return { target, notes: model.notes };
}

describe('what BertForPreTraining stored', () => {
  it('comes back with the same names, shapes and bits', async () => {
    const folder = await pretrained();
    const { target, notes } = await saved(folder);
    expect(notes).toEqual([]);
    const [before, after] = [await namesAndValues(folder.path), await namesAndValues(target)];
    expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
    for (const [name, values] of after) expect([name, values]).toEqual([name, before.get(name)]);
    expect(configOf(target).architectures).toEqual(['BertForPreTraining']);
  });

  it('keeps the rows of its span table, whatever is asked for', async () => {
    const { target } = await saved(await pretrained(), { spanTargets: 9 });
    const table = (await namesAndValues(target)).get('cls.span_boundary.position_embeddings.weight');
    expect(table?.length).toBe(4 * 200);
  });

  it('is BertForMaskedLM without next sentences, which has no pooler', async () => {
    const { target } = await saved(await pretrained(), { nextSentence: false, spanTargets: undefined });
    expect(configOf(target).architectures).toEqual(['BertForMaskedLM']);
    const names = [...(await namesAndValues(target)).keys()];
    expect(names.filter((name) => /pooler|seq_relationship|span_boundary/.test(name))).toEqual([]);
    expect(names).toContain('bert.encoder.layer.1.output.dense.weight');
  });

  it('is BertLMHeadModel where it was trained as a causal one, and an encoder again where it was not', async () => {
    const { target } = await saved(await pretrained(), { nextSentence: false, causal: true });
    expect(configOf(target)).toMatchObject({ architectures: ['BertLMHeadModel'], is_decoder: true });
    const back = await saved(await readModelFolder(target), { nextSentence: false });
    expect(configOf(back.target).architectures).toEqual(['BertForMaskedLM']);
    expect(configOf(back.target)).not.toHaveProperty('is_decoder');
  });
});

describe('heads that a folder lacks', () => {
  it('begin with random weights by the seed, and a note says so', async () => {
    const folder = await readModelFolder(join(golden, 'bert-two-layers'));
    const one = await saved(folder);
    expect(one.notes.map((note) => /has no (.*) \(/.exec(note)?.[1])).toEqual([
      'masked language head',
      'next sentence head',
      'span boundary head',
    ]);
    await SentenceEncoder.load(one.target).then((encoder) => encoder.dispose());
    const first = await namesAndValues(one.target);
    const again = await namesAndValues((await saved(folder)).target);
    const other = await namesAndValues((await saved(folder, { seed: 2 })).target);
    const name = 'cls.span_boundary.first.dense.weight';
    expect(again).toEqual(first);
    expect(other.get(name)).not.toEqual(first.get(name));
    expect(Math.max(...(first.get(name) as Float32Array))).toBeLessThanOrEqual(0.04);
    const stored = await namesAndValues(folder.path);
    const word = 'embeddings.word_embeddings.weight';
    expect(first.get(`bert.${word}`)).toEqual(stored.get(word) ?? stored.get(`bert.${word}`));
  });

  it('are none to tell of where everything begins anew', async () => {
    const { notes, target } = await saved(await pretrained(), { weights: 'random' });
    expect(notes).toEqual([]);
    const word = 'bert.embeddings.word_embeddings.weight';
    expect(Math.max(...((await namesAndValues(target)).get(word) as Float32Array))).toBeLessThanOrEqual(0.04);
  });
});

it('weights in int8 are refused', async () => {
  const folder = { ...(await pretrained()), precision: 'int8' as const };
  await expect(TrainableModel.load(engine, folder, options)).rejects.toThrow(ModelError);
});

it.each([
  [
    'roberta',
    'RobertaForMaskedLM',
    'roberta.',
    ['lm_head.dense.weight', 'lm_head.layer_norm.bias', 'lm_head.bias'],
  ],
  [
    'electra',
    'ElectraForMaskedLM',
    'electra.',
    ['generator_predictions.dense.weight', 'generator_predictions.LayerNorm.bias', 'generator_lm_head.bias'],
  ],
] as const)(
  '%s is written as %s, and read again with the same bits',
  async (family, architecture, prefix, names) => {
    const read = await readModelFolder(join(golden, 'bert-two-layers'));
    const factorised = family === 'electra' ? { embeddingSize: 16 } : {};
    const offset = family === 'roberta' ? { padTokenId: 0, positionOffset: 1 } : {};
    const config = { ...read.config, modelType: family, ...factorised, ...offset };
    const heads = { nextSentence: false, spanTargets: undefined };
    const first = await saved({ ...read, config }, { ...heads, weights: 'random' });
    expect(configOf(first.target).architectures).toEqual([architecture]);
    const stored = await namesAndValues(first.target);
    expect([...stored.keys()].filter((name) => !name.startsWith(prefix))).toEqual(
      expect.arrayContaining([...names]),
    );
    expect([...stored.keys()].some((name) => name.startsWith('cls.'))).toBe(false);
    const second = await saved(await readModelFolder(first.target), heads);
    expect(second.notes).toEqual([]);
    expect(await namesAndValues(second.target)).toEqual(stored);
    using model = await MaskedLanguageModel.load(first.target);
    expect((await model.fill('the [MASK] sat')).length).toBe(1);
  },
);
