// Measuring masked words: the same seed the same figures, whatever the batches; the masks that were written give them again.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { AbortedError, DataError } from '../../../src/errors.ts';
import { readModelFolder } from '../../../src/io/model-folder/model-folder.ts';
import { Engine } from '../../../src/native/engine.ts';
import { uploadBatch } from '../../../src/nn/encoder/encoder-batch.ts';
import { evaluateMaskedWords } from '../../../src/tasks/pretraining/evaluate-masked-words.ts';
import { MaskedLanguageModel } from '../../../src/tasks/pretraining/masked-language-model.ts';
import { TrainableModel } from '../../../src/tasks/pretraining/trainable-model.ts';
import { scratchFolder, temporaryFile } from '../../temporary-file.ts';
import { smallText, tinyModel } from './small-run.ts';

const scratch = scratchFolder();
const [folder, text] = [join(scratch, 'model'), join(scratch, 'text.txt')];

beforeAll(async () => {
  writeFileSync(text, smallText(20));
  using engine = new Engine({ threads: 1 });
  const options = {
    nextSentence: false,
    spanTargets: undefined,
    causal: false,
    seed: 1,
    precision: 'float32',
  } as const;
  using model = await TrainableModel.load(engine, await readModelFolder(tinyModel), {
    ...options,
    weights: 'model',
  });
  const bias = model.store.parameter('cls.predictions.bias');
  bias.load(Float32Array.from({ length: 60 }, (_, word) => (word > 46 ? 3 : 0) + Math.sin(3 * word)));
  await model.save(folder);
});

const data = { data: [text], format: 'sentences', maxLength: 24 } as const;

it('the same seed gives the same figures, another one others; batches change nothing but rounding', async () => {
  using model = await MaskedLanguageModel.load(folder);
  const first = await evaluateMaskedWords(model, data);
  expect(await evaluateMaskedWords(model, data)).toEqual(first);
  expect((await evaluateMaskedWords(model, { ...data, seed: 2 })).loss).not.toBe(first.loss);
  const small = await evaluateMaskedWords(model, { ...data, batchTokens: 24 });
  expect(small.loss).toBeCloseTo(first.loss, 5);
  expect(small).toMatchObject({ accuracy: first.accuracy, positions: first.positions, tokens: first.tokens });
  expect(first.perplexity).toBeCloseTo(Math.exp(first.loss), 9);
  expect(first.positions / (first.tokens - 2 * first.sequences)).toBeCloseTo(0.17, 1);
});

it('the masks that were written give the figures by plain arithmetic', async () => {
  using model = await MaskedLanguageModel.load(folder);
  const masks = join(scratch, 'masks.jsonl');
  const { loss, accuracy, positions, sequences } = await evaluateMaskedWords(model, { ...data, masks });
  const rows = readFileSync(masks, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.length).toBe(sequences);
  const { encoder, head } = model;
  const { layers } = encoder.config;
  let [total, right, count] = [0, 0, 0];
  for (const { tokenIds, places, masked } of rows as {
    tokenIds: number[];
    places: number[];
    masked: number[];
  }[]) {
    const ids = Int32Array.from(tokenIds);
    for (const [index, place] of places.entries()) ids[place] = masked[index] as number;
    const batch = uploadBatch(encoder.engine, ids, Int32Array.of(0, ids.length), 0);
    const states = encoder.forward(batch, new Set([layers])).get(layers);
    const logits = await head.logits(states as never).float32Data();
    for (const place of places) {
      const row = logits.subarray(60 * place, 60 * (place + 1));
      const own = row[tokenIds[place] as number] as number;
      total += Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - own;
      right += own === Math.max(...row) ? 1 : 0;
      count += 1;
    }
  }
  expect(count).toBe(positions);
  expect(total / count).toBeCloseTo(loss, 5);
  expect(right / count).toBe(accuracy);
  expect(right).toBeGreaterThan(0);
});

it('stops by its signal, and refuses empty files', async () => {
  using model = await MaskedLanguageModel.load(folder);
  await expect(evaluateMaskedWords(model, { ...data, signal: AbortSignal.abort() })).rejects.toThrow(
    AbortedError,
  );
  const empty = temporaryFile('empty.txt', '');
  await expect(evaluateMaskedWords(model, { ...data, data: [empty] })).rejects.toThrow(DataError);
});
