// all-MiniLM-L6-v2 with settings in its folder: the same components as sentence-transformers 6.2 gives (recorded).
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { Tokenizer } from '../../src/tokenizer/tokenizer.ts';
import { type Content, scratchTrees } from '../temporary-file.ts';
import { encodeOne } from '../tokenizer/load-tokenizer.ts';

const minilm = join(import.meta.dirname, '../../../shared/models/all-MiniLM-L6-v2');
if (!existsSync(minilm)) console.warn(`skipped: the settings of a published folder need ${minilm}`);

const newTree = scratchTrees();

/** The published folder with other files; null leaves one out. */
async function folderWith(changes: Record<string, Content>): Promise<string> {
  const folder = await newTree(changes);
  for (const name of readdirSync(minilm)) {
    if (!Object.hasOwn(changes, name)) symlinkSync(join(minilm, name), join(folder, name));
  }
  return folder;
}

const text =
  'The quick brown fox jumps over the lazy dog while seventeen cats are watching it from a warm window.';

/** As sentence-transformers 6.2 writes it. */
const written = {
  transformer_task: 'feature-extraction',
  modality_config: { text: { method: 'forward', method_output_name: 'last_hidden_state' } },
  module_output_name: 'token_embeddings',
};

describe.skipIf(!existsSync(minilm))('all-MiniLM-L6-v2', () => {
  it.each<[string, object, number[], number | undefined]>([
    [
      'as published',
      { max_seq_length: 256, do_lower_case: false },
      [0.096909, 0.012876, 0.06167, 0.039385],
      undefined,
    ],
    [
      'tokenizer_args.model_max_length 12',
      { max_seq_length: 256, do_lower_case: false, tokenizer_args: { model_max_length: 12 } },
      [0.038304, 0.052669, 0.051476, 0.073022],
      12,
    ],
    [
      'processing_kwargs.text.max_length 12',
      { ...written, processing_kwargs: { text: { max_length: 12, truncation: true } } },
      [0.038304, 0.052669, 0.051476, 0.073022],
      12,
    ],
    [
      'processing_kwargs.common.max_length 8',
      { max_seq_length: 256, processing_kwargs: { text: { max_length: 12 }, common: { max_length: 8 } } },
      [0.040102, 0.031349, 0.033387, 0.022003],
      8,
    ],
    [
      'config_args.hidden_act relu',
      { max_seq_length: 256, config_args: { hidden_act: 'relu' } },
      [0.025468, -0.023142, 0.000485, -0.007507],
      undefined,
    ],
    [
      'tokenizer_args.do_lower_case false',
      { max_seq_length: 256, tokenizer_args: { do_lower_case: false } },
      [0.066987, 0.01686, 0.079749, 0.039387],
      undefined,
    ],
  ])('%s', async (_name, settings, components, cut) => {
    using encoder = await SentenceEncoder.load(await folderWith({ 'sentence_bert_config.json': settings }));
    const vector = await encoder.encode(text);
    for (const [i, component] of components.entries()) expect(vector[i]).toBeCloseTo(component, 5);
    if (cut === undefined) return;
    using published = await SentenceEncoder.load(minilm, { maxLength: cut });
    expect(vector).toEqual(await published.encode(text));
  });

  it.each<[string, Record<string, Content>]>([
    [
      'special_tokens_map.json',
      { 'special_tokens_map.json': { additional_special_tokens: ['[unused1]', '[unused2]'] } },
    ],
    [
      'tokenizer_config.json',
      { 'tokenizer_config.json': { additional_special_tokens: ['[unused1]', '[unused2]'] } },
    ],
  ])('vocab.txt alone keeps special tokens that %s declares whole', async (_name, files) => {
    const folder = await folderWith({ ...files, 'tokenizer.json': null });
    const tokenizer = await Tokenizer.load(folder, { maxLength: 32 });
    const ids = await encodeOne(tokenizer, '[unused1] which river is longest');
    expect(ids).toEqual([101, 2, 2029, 2314, 2003, 6493, 102]);
  });
});
