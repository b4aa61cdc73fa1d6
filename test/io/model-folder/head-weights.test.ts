// The masked language head under the names of three families, and a decoder that is not the word embeddings.
import { expect, it } from 'vitest';
import { ModelError } from '../../../src/errors.ts';
import { checkTied, headsInBertNames, storedHeadName } from '../../../src/io/model-folder/head-weights.ts';

const heads = {
  bert: [
    'cls.predictions.transform.dense.weight',
    'cls.predictions.transform.LayerNorm.bias',
    'cls.predictions.bias',
  ],
  roberta: ['lm_head.dense.weight', 'lm_head.layer_norm.bias', 'lm_head.bias'],
  electra: [
    'generator_predictions.dense.weight',
    'generator_predictions.LayerNorm.bias',
    'generator_lm_head.bias',
  ],
} as const;

const source = (values: Record<string, number[]>) => ({
  names: Object.keys(values),
  info: (name: string) => ({ shape: [values[name]?.length as number] }),
  readFloat32: async (name: string) => Float32Array.from(values[name] as number[]),
});

it.each(['bert', 'roberta', 'electra'] as const)('%s spells its head in its own way', async (family) => {
  const names = heads[family];
  expect(heads.bert.map((name) => storedHeadName(name, family))).toEqual(names);
  const values = Object.fromEntries(names.map((name, index) => [name, [index]]));
  const read = headsInBertNames(source({ ...values, 'x.embeddings.word_embeddings.weight': [9] }), 'folder');
  expect(read.names).toEqual([...heads.bert, 'x.embeddings.word_embeddings.weight']);
  for (const [index, name] of heads.bert.entries()) {
    expect([...(await read.readFloat32(name))]).toEqual([index]);
    expect(read.info(name).shape).toEqual([1]);
  }
});

it('names that only BERT has stay what they are', () => {
  expect(storedHeadName('cls.seq_relationship.bias', 'roberta')).toBe('cls.seq_relationship.bias');
});

it.each(['cls.predictions.decoder.weight', 'lm_head.decoder.weight', 'generator_lm_head.weight'])(
  '%s must be the word embeddings',
  async (decoder) => {
    const table = { 'bert.embeddings.word_embeddings.weight': [1, 2] };
    await checkTied(headsInBertNames(source(table), 'folder'));
    await checkTied(headsInBertNames(source({ ...table, [decoder]: [1, 2] }), 'folder'));
    const untied = checkTied(headsInBertNames(source({ ...table, [decoder]: [1, 3] }), 'folder'));
    await expect(untied).rejects.toThrow(ModelError);
    await expect(untied).rejects.toThrow(/as BERT ties them/);
  },
);
