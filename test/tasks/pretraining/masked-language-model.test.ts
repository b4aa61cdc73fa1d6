// The masked language model as users have it: words and probabilities, many texts and masks, and what is refused.
import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, DisposedError, ModelError, TokenizerError } from '../../../src/errors.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { Engine } from '../../../src/native/engine.ts';
import { likeliest } from '../../../src/tasks/pretraining/likeliest.ts';
import { MaskedLanguageModel } from '../../../src/tasks/pretraining/masked-language-model.ts';
import { TrainableModel } from '../../../src/tasks/pretraining/trainable-model.ts';
import { sharedPath } from '../../shared-folder.ts';
import { scratchFolder, temporaryFolder } from '../../temporary-file.ts';

const golden = join(import.meta.dirname, '../../golden');
const folder = join(scratchFolder(), 'model');

beforeAll(async () => {
  using engine = new Engine({ threads: 1 });
  const read = await readModelFolder(join(golden, 'bert-two-layers'));
  using model = await TrainableModel.load(engine, read, {
    nextSentence: false,
    spanTargets: undefined,
    causal: false,
    seed: 1,
    precision: 'float32',
    weights: 'model',
  });
  const bias = model.store.parameter('cls.predictions.bias');
  bias.load(Float32Array.from({ length: 60 }, (_, word) => Math.sin(3 * word)));
  await model.save(folder);
});

describe('a small model', () => {
  it('gives the likeliest words of every mask, the same alone and among others', async () => {
    using model = await MaskedLanguageModel.load(folder);
    const texts = ['the [MASK] is [MASK]', '[MASK]', 'a [MASK] the a the'];
    const all = await model.fill(texts, { top: 60 });
    expect(all.map((masks) => masks.length)).toEqual([2, 1, 1]);
    for (const [index, text] of texts.entries())
      expect(await model.fill(text, { top: 60 })).toEqual(all[index]);
    for (const guesses of all.flat()) {
      expect(guesses.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
      expect(new Set(guesses.map(({ id }) => id)).size).toBe(60);
      const sorted = guesses.toSorted((left, right) => right.probability - left.probability);
      expect(guesses).toEqual(sorted);
    }
    const vocabulary = readFileSync(join(golden, 'bert-two-layers', 'vocab.txt'), 'utf8').split('\n');
    for (const { id, token } of all[0]?.[0] ?? []) expect(token).toBe(vocabulary[id]);
    expect((await model.fill('[MASK]'))[0]?.length).toBe(5);
    expect((await model.fill('[MASK]', { top: 1000 }))[0]?.length).toBe(60);
  });

  it('refuses texts without a mask or with too many tokens, options that there are not, and use after dispose', async () => {
    const model = await MaskedLanguageModel.load(folder, { maxLength: 8 });
    await expect(model.fill('no mask')).rejects.toThrow(/the text to have a mask, \[MASK\]/);
    await expect(model.fill(['[MASK]', 'none'])).rejects.toThrow(/text 1 to have a mask/);
    await expect(model.fill(`[MASK]${' a'.repeat(9)}`)).rejects.toThrow(/at most 8 tokens/);
    await expect(model.fill('[MASK]', { top: 0 })).rejects.toThrow(ArgumentError);
    await expect(model.fill('[MASK]', { tops: 3 } as never)).rejects.toThrow(/top/);
    model.dispose();
    model.dispose();
    await expect(model.fill('[MASK]')).rejects.toThrow(DisposedError);
  });
});

describe('folders that are no masked language model', () => {
  it('an encoder alone, one in int8, a tokenizer without a mask token', async () => {
    const alone = MaskedLanguageModel.load(join(golden, 'bert-two-layers'));
    await expect(alone).rejects.toThrow(ModelError);
    await expect(alone).rejects.toThrow(/cls\.predictions/);
    await expect(MaskedLanguageModel.load(folder, { precision: 'int8' as never })).rejects.toThrow(/in int8/);
    const maskless = join(temporaryFolder(), 'maskless');
    cpSync(folder, maskless, { recursive: true });
    const spec = JSON.parse(readFileSync(join(maskless, 'tokenizer.json'), 'utf8'));
    spec.added_tokens = spec.added_tokens.filter(({ content }: { content: string }) => content !== '[MASK]');
    const { '[MASK]': _, ...vocab } = spec.model.vocab;
    spec.model.vocab = vocab;
    writeFileSync(join(maskless, 'tokenizer.json'), JSON.stringify(spec));
    await expect(MaskedLanguageModel.load(maskless)).rejects.toThrow(TokenizerError);
    copyFileSync(join(folder, 'tokenizer.json'), join(maskless, 'tokenizer.json'));
    await MaskedLanguageModel.load(maskless).then((model) => model.dispose());
  });
});

it('the largest few, the earlier first where they are equal', () => {
  expect(likeliest(Float32Array.of(1, 3, 2, 3, 0), 3)).toEqual([1, 3, 2]);
  expect(likeliest(Float32Array.of(1, 2), 5)).toEqual([1, 0]);
});

const minilm = sharedPath('models', 'minilm-l6-mlm');
describe.skipIf(minilm === undefined)('minilm-l6-mlm', () => {
  it('has the words and probabilities of transformers 5.24', async () => {
    using model = await MaskedLanguageModel.load(minilm as string);
    const [guesses] = await model.fill('Paris is the [MASK] of France.', { top: 5 });
    expect(guesses?.map(({ word, id }) => [word, id])).toEqual([
      ['world', 2088],
      ['middle', 2690],
      ['country', 2406],
      ['state', 2110],
      ['part', 2112],
    ]);
    const want = [0.0351022, 0.0228512, 0.0183187, 0.0147762, 0.0140121];
    for (const [index, value] of want.entries()) expect(guesses?.[index]?.probability).toBeCloseTo(value, 6);
  });
});
