// Finite weights can give vectors that are not: scales or weights that are damaged and absurdly large. No way to encode
// hands them out; the text is named by its number.
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SentenceEncoder } from '../../src/embed/encoder/sentence-encoder.ts';
import { ExecutionError } from '../../src/errors.ts';
import { collect } from '../collect.ts';
import { expectError } from '../expect-error.ts';
import { scratchFolder } from '../temporary-file.ts';
import { damagedModel } from './small-model.ts';

const folder = join(scratchFolder(), 'damaged');
let encoder: SentenceEncoder;
beforeAll(async () => {
  await damagedModel(folder);
  encoder = await SentenceEncoder.load(folder);
});
afterAll(() => encoder.dispose());

const good = Array.from({ length: 30 }, () => 'the cat');
const bad = [...good, 'a dog', 'the mat', 'the cat'];

const refused = (text: number) =>
  new RegExp(
    `^expected finite vectors but that of text ${text} holds NaN in component 0: look at the weights of '.*damaged', of ` +
      'which some are so large that sums overflow, and fetch them again',
  );

it.each([
  ['one text', () => encoder.encode('the mat'), 0],
  ['many', () => encoder.encode(bad), 31],
  ['many, in several batches', () => encoder.encode(bad, { batchTokens: 16 }), 31],
  ['many, scaled to length 1', () => encoder.encode(bad, { normalize: true }), 31],
  ['many, cut', () => encoder.encode(bad, { truncateDim: 3 }), 31],
  ['a query', () => encoder.encodeQuery('the mat'), 0],
  ['documents', () => encoder.encodeDocument(bad), 31],
  ['tokens', () => encoder.encode(bad, { output: 'token', batchTokens: 16 }), 31],
  ['a stream', () => collect(encoder.encodeStream(bad, { batchTokens: 16 })), 31],
] as const)('%s', async (_name, encode, text) => {
  await expectError(encode(), ExecutionError, refused(text));
});

it('texts beside it are encoded, and what came before it in a stream is handed out', async () => {
  expect((await encoder.encode(good)).data.every(Number.isFinite)).toBe(true);
  let seen = 0;
  const stream = async () => {
    for await (const chunk of encoder.encodeStream(bad, { batchTokens: 16 })) seen += chunk.length;
  };
  await expectError(stream(), ExecutionError, refused(31));
  expect(seen).toBeGreaterThan(20);
});
