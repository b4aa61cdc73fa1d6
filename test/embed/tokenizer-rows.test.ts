// A tokenizer with more ids than the word table has rows: the folder loads with a note, and the text that uses one is named.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { ExecutionError } from '../../src/errors.ts';
import { expectError } from '../expect-error.ts';
import { temporaryFolder } from '../temporary-file.ts';
import { copyModel, smallModel } from './small-model.ts';

it('loads, and names the text that uses an id without a row', async () => {
  const folder = join(temporaryFolder(), 'model');
  await copyModel(folder, {});
  const path = join(folder, 'tokenizer_config.json');
  const config = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...config, additional_special_tokens: ['[NEW]'] }));
  using encoder = await SentenceEncoder.load(folder);
  using plain = await SentenceEncoder.load(smallModel);
  expect(encoder.folder.notes).toEqual([
    expect.stringMatching(/has ids up to 60, but the model's word table has 60 rows: a text that uses/),
  ]);
  expect(await encoder.encode(['the cat', 'dog'])).toEqual(await plain.encode(['the cat', 'dog']));
  const message = (text: number) =>
    new RegExp(
      `^text ${text} uses the token "\\[NEW\\]", id 60, but the model's word table has 60 rows: leave`,
    );
  await expectError(encoder.encode('the [NEW] cat'), ExecutionError, message(0));
  await expectError(encoder.encode(['the', 'the [NEW] cat']), ExecutionError, message(1));
  const texts = Array.from({ length: 3000 }, (_, i) => (i === 2500 ? '[NEW]' : 'the cat'));
  await expectError(encoder.encode(texts), ExecutionError, message(2500));
});

it('asks for no prompt where the model has none of that kind, whatever its default prompt is', async () => {
  const folder = join(temporaryFolder(), 'model');
  await copyModel(folder, { prompts: { other: 'the ' }, defaultPromptName: 'other' });
  using encoder = await SentenceEncoder.load(folder);
  expect(await encoder.encode('cat')).toEqual(await encoder.encode('cat', { promptName: 'other' }));
  expect(await encoder.encodeQuery('cat')).toEqual(await encoder.encode('cat', { prompt: '' }));
  expect(await encoder.encodeDocument('cat')).toEqual(await encoder.encode('cat', { prompt: '' }));
});

it('gives the same vectors after saving a folder with tokenizer arguments', async () => {
  const folder = join(temporaryFolder(), 'model');
  await copyModel(folder, { tokenizerSettings: { do_lower_case: false } });
  using encoder = await SentenceEncoder.load(folder);
  using plain = await SentenceEncoder.load(smallModel);
  const vector = await encoder.encode('The CAT');
  expect(vector).not.toEqual(await plain.encode('The CAT'));
  const saved = join(temporaryFolder(), 'saved');
  await encoder.save(saved);
  using again = await SentenceEncoder.load(saved);
  expect(await again.encode('The CAT')).toEqual(vector);
});
